"""What leaves on the xPL network, and with which settings it changes: real UDP on loopback."""

import asyncio
import logging
import socket
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo_gateway.config import Config, DeviceConfig, XplConfig
from teleinfo_gateway.outputs.xpl import XplOutput, schema
from teleinfo_gateway.readings import Reading
from tic import LABELS, FrameKind, Mode
from xpl import (
    Address,
    HubServer,
    Interface,
    Message,
    MessageType,
    XplClient,
    find_interface,
)

HISTORIQUE = [label.name for label in LABELS if label.mode is Mode.HISTORIQUE]
LONG = {"OPTARIF": "HC..", "ISOUSC": "45", "HCHC": "000000123", "PTEC": "HP..", "PAPP": "00500"}
OVERLOAD = {"ADIR2": "024", "IINST1": "002", "IINST2": "024", "IINST3": "001"}


@pytest.fixture
async def output(bus, lo_xpl, until):
    """The function that starts an output with these settings; ``interval_s`` is every meter's."""
    started = []

    async def start(interval_s=60.0, **settings):
        new = XplOutput(lo_xpl(**settings), bus, lambda _name: interval_s)
        new.start()
        started.append(new)
        await until(lambda: new.state()["sent"] or new.state()["problem"])
        return new

    yield start
    for each in started:
        await each.stop()


@pytest.fixture
def say(bus, reading):
    """The function that publishes a reading."""

    def publish(kind=FrameKind.LONG, **changes):
        bus.publish(reading(kind, **changes))

    return publish


# --- the message


async def test_a_basic_message_is_what_receivers_of_the_schema_expect(output, say, ears):
    await output()
    say(**LONG)
    message = await ears.message()
    assert message.type is MessageType.STAT
    assert (str(message.source), str(message.target)) == ("domogik-teleinfo.test", "*")
    assert message.schema == "teleinfo.basic"
    assert message.body == (
        ("adco", "021528603314"),
        ("optarif", "hc.."),
        ("isousc", "45"),
        ("hchc", "000000123"),
        ("ptec", "hp.."),
        ("papp", "00500"),
        ("device", "021528603314"),
    )


async def test_the_bytes_are_canonical(output, say, ears):
    await output()
    await ears.datagram()  # its first heartbeat
    say(PAPP="00500")
    assert await ears.datagram() == (
        b"xpl-stat\n{\nhop=1\nsource=domogik-teleinfo.test\ntarget=*\n}\n"
        b"teleinfo.basic\n{\nadco=021528603314\npapp=00500\ndevice=021528603314\n}\n"
    )


async def test_an_overload_is_a_short_message_and_not_a_basic_one(output, say, ears):
    await output()
    say(FrameKind.SHORT, **OVERLOAD)
    say(FrameKind.SHORT, **OVERLOAD | {"ADIR2": None})
    said = [await ears.message() for _ in range(2)]
    assert [message.schema for message in said] == ["teleinfo.short"] * 2
    assert said[0].body == (
        ("adco", "021528603314"),
        ("adir2", "024"),
        ("iinst1", "002"),
        ("iinst2", "024"),
        ("iinst3", "001"),
        ("device", "021528603314"),
    )
    assert "adir2" not in dict(said[1].body)


async def test_an_overload_does_not_wait_for_the_interval(output, say, ears):
    await output(interval_s=170)
    say(**LONG)
    say(FrameKind.SHORT, **OVERLOAD)
    say(FrameKind.SHORT, **OVERLOAD | {"ADIR2": "025"})
    assert [(await ears.message()).schema for _ in range(3)] == [
        "teleinfo.basic",
        "teleinfo.short",
        "teleinfo.short",
    ]


async def test_a_standard_meter_in_overload_tells_short_first_then_basic(output, say, ears):
    await output()
    say(mode=Mode.STANDARD, **LONG, **OVERLOAD)
    short, basic = await ears.message(), await ears.message()
    assert (short.schema, basic.schema) == ("teleinfo.short", "teleinfo.basic")
    assert "adir2" in dict(short.body)
    assert "adir2" not in dict(basic.body)
    assert dict(basic.body)["iinst2"] == "024"


async def test_the_interval_of_a_meter_is_kept(output, say, ears):
    """Whatever changes in between; a fence of another meter shows that nothing else was said."""
    await output(interval_s=60)
    for power in range(5):
        say(PAPP=f"{power:05}")
    say(PAPP="09999", PTEC="HC..")
    assert dict((await ears.message()).body)["papp"] == "00000"
    assert dict((await ears.message()).body)["papp"] == "09999"


def test_no_configuration_lets_a_meter_be_silent_for_more_than_170_seconds():
    interval = DeviceConfig.model_fields["interval"]
    assert {"Le(le=170)", "Ge(ge=1)"} == set(map(repr, interval.metadata))
    assert interval.default <= 170


async def test_two_meters_are_two_messages_each_with_its_address(output, say, bus, ears, reading):
    await output()
    other = reading(PAPP="00700")
    bus.publish(reading(PAPP="00500"))
    bus.publish(
        Reading(
            meter="garage",
            address="061961361253",
            time=other.time,
            mode=other.mode,
            kind=other.kind,
            complete=True,
            values=other.values,
            historique=other.historique | {"ADCO": "061961361253"},
        )
    )
    one, two = await ears.message(), await ears.message()
    assert one.body[0] == ("adco", "021528603314")
    assert one.body[-1] == ("device", "021528603314")
    assert two.body == (("adco", "061961361253"), ("papp", "00700"), ("device", "061961361253"))


# --- its order and its values


def test_the_order_is_adco_then_that_of_the_schema_then_device():
    values = dict.fromkeys(reversed(HISTORIQUE), "1")
    names = [name for name, _ in schema.body(schema.BASIC, values, raw=False, device="x")]
    assert " ".join(names) == (
        "adco optarif isousc base iinst imax motdetat hchc hchp ejphn ejphpm bbrhcjb bbrhpjb "
        "bbrhcjw bbrhpjw bbrhcjr bbrhpjr pejp ptec demain adps papp hhphc ppot iinst1 iinst2 "
        "iinst3 imax1 imax2 imax3 pmax device"
    )
    names = [name for name, _ in schema.body(schema.SHORT, values, raw=False, device="x")]
    assert " ".join(names) == "adco adir1 adir2 adir3 iinst1 iinst2 iinst3 device"


def test_every_historique_label_has_a_key_and_nothing_else_has():
    assert set(schema.KEYS["teleinfo.basic"] + schema.KEYS["teleinfo.short"]) == set(HISTORIQUE)


@pytest.mark.parametrize(
    ("label", "value", "domogik", "raw"),
    [
        ("HCHP", "000000007", "000000007", "000000007"),  # leading zeros stay
        ("OPTARIF", "HC..", "hc..", "HC.."),
        ("OPTARIF", "BBR(", "bbr", "BBR("),
        ("OPTARIF", "EJP ", "ejp", "EJP "),
        ("PTEC", "HPJB", "hpjb", "HPJB"),
        ("HHPHC", "A", "a", "A"),
        ("MOTDETAT", "00A0B0", "00a0b0", "00A0B0"),
        ("DEMAIN", "ROUG", "roug", "ROUG"),
        ("DEMAIN", "----", None, "----"),  # empty: the pair is left out
    ],
)
def test_values_are_those_of_the_profile(label, value, domogik, raw):
    values = {"ADCO": "021528603314", label: value}
    for is_raw, expected in ((False, domogik), (True, raw)):
        pairs = dict(schema.body(schema.BASIC, values, raw=is_raw, device="none"))
        assert pairs.get(label.lower()) == expected


@given(
    st.dictionaries(
        st.sampled_from(HISTORIQUE),
        st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=12),
    ),
    st.booleans(),
)
def test_no_pair_is_ever_empty_or_said_twice(values, raw):
    values["ADCO"] = "021528603314"
    for name in (schema.BASIC, schema.SHORT):
        pairs = schema.body(name, values, raw=raw, device="adco")
        assert all(value for _, value in pairs)
        assert len(dict(pairs)) == len(pairs)
        assert pairs[0] == ("adco", "021528603314")
        assert pairs[-1] == ("device", "021528603314")


@pytest.mark.parametrize("name", [schema.BASIC, schema.SHORT])
def test_the_largest_message_fits_one_datagram(name):
    """Every label at its full size, names at theirs: more than any meter says at once."""
    values = {label.name: "9" * label.size for label in LABELS if label.mode is Mode.HISTORIQUE}
    message = Message(
        MessageType.STAT,
        source=Address("v" * 8, "teleinfo", "i" * 16),
        schema=name,
        body=schema.body(name, values, raw=True, device="d" * 128),
    )
    assert len(message.encode()) < 1472


# --- settings


async def test_vendor_and_instance_make_the_source(output, say, ears):
    await output(vendor="acme", instance="cellar")
    say(**LONG)
    assert str((await ears.message()).source) == "acme-teleinfo.cellar"


async def test_the_instance_comes_from_the_host_name(output, say, ears, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "My-Pi4.home.example")
    await output(instance="auto")
    say(**LONG)
    assert str((await ears.message()).source) == "domogik-teleinfo.mypi4"


@pytest.mark.parametrize(
    ("device", "pair"),
    [
        ("adco", ("device", "021528603314")),
        ("teleinfo", ("device", "teleinfo")),
        ("none", ("papp", "00500")),
    ],
)
async def test_device_is_the_address_a_text_or_left_out_and_always_last(
    output, say, ears, device, pair
):
    await output(device=device)
    say(**LONG)
    say(FrameKind.SHORT, **OVERLOAD)
    basic, short = await ears.message(), await ears.message()
    assert basic.body[-1] == pair
    assert ("device" in dict(short.body)) == (device != "none")


async def test_values_can_be_left_as_received(output, say, ears):
    await output(values="raw")
    say(OPTARIF="BBR(", DEMAIN="----", PTEC="HPJB")
    assert dict((await ears.message()).body) == {
        "adco": "021528603314",
        "optarif": "BBR(",
        "ptec": "HPJB",
        "demain": "----",
        "device": "021528603314",
    }


async def test_an_overload_can_be_told_as_basic_too(output, say, ears):
    await output(short_also_basic=True)
    say(FrameKind.SHORT, **OVERLOAD)
    assert (await ears.message()).schema == "teleinfo.short"
    basic = await ears.message()
    assert basic.schema == "teleinfo.basic"
    assert [name for name, _ in basic.body] == ["adco", "iinst1", "iinst2", "iinst3", "device"]


async def test_by_default_an_overload_is_no_basic_message(output, say, ears):
    await output()
    say(FrameKind.SHORT, **OVERLOAD)
    say(FrameKind.SHORT, **OVERLOAD | {"ADIR2": "025"})
    assert [(await ears.message()).schema for _ in range(2)] == ["teleinfo.short"] * 2


async def test_the_interface_and_the_port_are_those_of_the_settings(output, ears):
    state = (await output()).state()
    assert (state["interface"], state["broadcast"]) == ("lo", "127.255.255.255")
    assert state["port"] == ears.port


async def test_heartbeats_tell_the_version_and_where_a_hub_delivers(output, ears):
    await output()
    beat = dict((await ears.message("hbeat.app")).body)
    assert (beat["interval"], beat["remote-ip"]) == ("5", "127.0.0.1")
    assert int(beat["port"]) != ears.port
    assert beat["version"]


async def test_leaving_says_goodbye(output, ears):
    await (await output()).stop()
    assert str((await ears.message("hbeat.end")).source) == "domogik-teleinfo.test"


# --- the hub


@pytest.fixture
async def client():
    """The function that starts any other xPL program, behind whatever hub there is."""
    async with AsyncExitStack() as started:

        async def start(port):
            heard = asyncio.Queue()
            other = XplClient(
                Address("pyxpl", "test", "other"), "lo", port=port, on_message=heard.put_nowait
            )
            await other.start()
            started.push_async_callback(other.stop)
            other.heard = heard
            return other

        yield start


async def hear(client, schema_name):
    async with asyncio.timeout(10):
        while (message := await client.heard.get()).schema != schema_name:
            pass
    return message


@pytest.mark.parametrize("hub", ["auto", "always"])
async def test_a_hub_is_started_where_none_runs(output, say, client, free_port, until, hub):
    port = free_port()
    gateway = await output(hub=hub, port=port)
    await until(lambda: gateway.state()["hub"] == "embedded")
    other = await client(port)
    await until(lambda: other.hub_found)
    say(**LONG)
    assert dict((await hear(other, "teleinfo.basic")).body)["papp"] == "00500"


async def test_who_listens_behind_our_hub_hears_that_we_leave(output, client, free_port, until):
    port = free_port()
    gateway = await output(hub="auto", port=port)
    other = await client(port)
    await until(lambda: other.hub_found)
    await gateway.stop()
    assert str((await hear(other, "hbeat.end")).source) == "domogik-teleinfo.test"


@pytest.fixture
async def hub():
    server = HubServer(port=0)
    await server.start()
    yield server
    await server.stop()


async def test_a_hub_that_runs_already_is_used(output, say, client, hub, until, caplog):
    caplog.set_level(logging.INFO)
    gateway = await output(hub="auto", port=hub.port)
    await until(lambda: gateway.state()["hub"] == "found")
    assert "a hub runs here already" in caplog.text
    assert gateway.state()["problem"] == ""
    other = await client(hub.port)
    say(**LONG)
    await hear(other, "teleinfo.basic")


async def test_to_insist_on_a_hub_where_one_runs_is_a_problem_that_is_told(output, say, hub, until):
    gateway = await output(hub="always", port=hub.port)
    await until(lambda: gateway.state()["hub"] == "found")  # sending goes on all the same
    assert "another hub runs" in gateway.state()["problem"]


async def test_without_a_hub_messages_leave_all_the_same(output, say, ears):
    gateway = await output(hub="never")
    say(**LONG)
    assert await ears.message()
    assert gateway.state()["hub"] == "none"


# --- what goes wrong


async def test_a_network_that_is_missing_is_waited_for(bus, lo_xpl, ears, say, until, monkeypatch):
    """The look-up is replaced: only root could make an interface come up."""
    there = []

    def look_up(name):
        return there[0] if there else find_interface(name)

    monkeypatch.setattr("xpl.net.find_interface", look_up)
    monkeypatch.setattr("teleinfo_gateway.outputs.xpl.output._RETRY_S", 0.02)
    output = XplOutput(lo_xpl(interface="nowhere0"), bus, lambda _name: 60)
    output.start()
    await until(lambda: output.state()["problem"])
    assert "nowhere0" in output.state()["problem"]
    say(**LONG)
    there.append(Interface("nowhere0", "127.0.0.1", "127.255.255.255"))
    assert (await ears.message()).schema == "teleinfo.basic"
    assert output.state()["problem"] == ""
    await output.stop()


async def test_a_send_that_fails_is_counted_and_stops_nothing(manager, line, ears, talking, until):
    """The socket is closed under the client: what the system says to a send is then an error."""
    running = manager(line)
    talking(line, "synthetic-histo-adps-mono")  # a message at each ADPS
    await ears.message()
    output, meter = running.outputs["xpl"], running.meter("house")
    udp = output._client._udp
    working, closed = udp._socket, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.close()
    udp._socket = closed
    heard = meter.statistics.groups
    await until(lambda: output.state()["failed"] >= 2)
    await until(lambda: meter.statistics.groups > heard)
    udp._socket = working
    ears.heard()
    await ears.message()


async def test_what_the_network_would_not_take_is_refused_and_told(output, say, bus, reading):
    """No decoder gives such a value; a message that a receiver would reject must not leave."""
    gateway = await output(values="raw")
    sent = gateway.state()["sent"]
    say(OPTARIF="a\nb")
    await asyncio.sleep(0.05)
    assert gateway.state()["sent"] == sent
    assert "teleinfo.basic message was not sent" in gateway.state()["problem"]


def test_xpl_can_be_switched_off():
    assert Config(xpl=None).xpl is None
    assert XplConfig().hub == "auto"
