"""Strict when written, liberal when read: each point of the message grammar."""

import contextlib
import dataclasses

import pytest

from xpl import (
    EVERYONE,
    Address,
    DecodeError,
    EmptyBodyError,
    EmptyValueError,
    EncodeError,
    IllegalAddressError,
    IllegalHopError,
    IllegalNameError,
    IllegalSchemaError,
    IllegalTargetError,
    IllegalValueError,
    Message,
    MessageTooLongError,
    MessageType,
    Target,
    ValueTooLongError,
)

SOURCE = Address("domogik", "teleinfo", "myhouse")
PLAIN = Message(
    MessageType.STAT, source=SOURCE, schema="sensor.basic", body=[("device", "a"), ("current", "1")]
)
WIRE = (
    b"xpl-stat\n{\nhop=1\nsource=domogik-teleinfo.myhouse\ntarget=*\n}\n"
    b"sensor.basic\n{\ndevice=a\ncurrent=1\n}\n"
)
GOLDEN = [
    (
        "hbeat.app",
        "interval=5 port=50001 remote-ip=192.0.2.10 version=1.0",
        (
            b"xpl-stat\n{\nhop=1\nsource=domogik-teleinfo.myhouse\ntarget=*\n}\nhbeat.app\n{\n"
            b"interval=5\nport=50001\nremote-ip=192.0.2.10\nversion=1.0\n}\n"
        ),
    ),
    (
        "teleinfo.basic",
        (
            "adco=012345678901 optarif=hc.. isousc=60 iinst=002 imax=047 motdetat=000000 "
            "hchc=009205446 hchp=011101473 ptec=hp.. papp=00520 hhphc=d device=012345678901"
        ),
        (
            b"xpl-stat\n{\nhop=1\nsource=domogik-teleinfo.myhouse\ntarget=*\n}\nteleinfo.basic\n{\n"
            b"adco=012345678901\noptarif=hc..\nisousc=60\niinst=002\nimax=047\nmotdetat=000000\n"
            b"hchc=009205446\nhchp=011101473\nptec=hp..\npapp=00520\nhhphc=d\n"
            b"device=012345678901\n}\n"
        ),
    ),
    (
        "teleinfo.short",
        "adco=012345678901 adir1=032 adir2=000 adir3=000 iinst1=032 iinst2=010 iinst3=011",
        (
            b"xpl-stat\n{\nhop=1\nsource=domogik-teleinfo.myhouse\ntarget=*\n}\nteleinfo.short\n{\n"
            b"adco=012345678901\nadir1=032\nadir2=000\nadir3=000\niinst1=032\niinst2=010\n"
            b"iinst3=011\n}\n"
        ),
    ),
]


@pytest.mark.parametrize(("schema", "pairs", "wire"), GOLDEN, ids=[row[0] for row in GOLDEN])
def test_golden_messages(schema: str, pairs: str, wire: bytes) -> None:
    body = [(name, value) for name, _, value in (pair.partition("=") for pair in pairs.split())]
    message = Message(MessageType.STAT, source=SOURCE, target="*", schema=schema, body=body)
    assert message.encode() == wire
    assert Message.decode(wire) == message


def test_a_command_names_whom_it_is_for() -> None:
    message = Message(
        MessageType.CMND,
        source=SOURCE,
        target=Target(group="lights"),
        schema="lighting.basic",
        body={"command": "off"}.items(),
        hop=2,
    )
    assert b"xpl-cmnd\n{\nhop=2\n" in message.encode()
    assert b"target=xpl-group.lights\n" in message.encode()
    assert dataclasses.replace(message, target="acme-lamp.hall").encode().count(b"acme-lamp") == 1


def test_values_are_found_by_name() -> None:
    message = dataclasses.replace(PLAIN, body=(("text", "a"), ("x", "1"), ("text", "b")))
    assert message.get("text") == "a"
    assert message.get("nothing") is None
    assert message.get_all("text") == ("a", "b")
    assert message.get_all("nothing") == ()


# What is written


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"hop": 0}, IllegalHopError),
        ({"hop": 10}, IllegalHopError),
        ({"source": Address("ab", "c", "d")}, IllegalAddressError),
        ({"source": Address("acmeacmea", "lamp", "hall")}, IllegalAddressError),
        ({"source": Address("acme", "my-lamp", "hall")}, IllegalAddressError),
        ({"source": Address("acme", "my_lamp", "hall")}, IllegalAddressError),
        ({"source": Address("acme", "lamp", "0123456789abcdefg")}, IllegalAddressError),
        ({"source": Address("acme", "lamp", "Hall")}, IllegalAddressError),
        ({"target": "acme-lamp.hall"}, IllegalTargetError),
        ({"target": "xpl-group.all"}, IllegalTargetError),
        ({"type": MessageType.TRIG, "target": "acme-lamp.hall"}, IllegalTargetError),
        ({"type": MessageType.CMND, "target": "a-b.c"}, IllegalAddressError),
        ({"schema": "teleinfo"}, IllegalSchemaError),
        ({"schema": "teleinfo2.basic"}, IllegalSchemaError),
        ({"schema": "Sensor.basic"}, IllegalSchemaError),
        ({"schema": "sensor.basic\n"}, IllegalSchemaError),
        ({"schema": "my_sens.basic"}, IllegalSchemaError),
        ({"body": ()}, EmptyBodyError),
        ({"body": (("", "1"),)}, IllegalNameError),
        ({"body": (("Current", "1"),)}, IllegalNameError),
        ({"body": (("njourf+1", "1"),)}, IllegalNameError),
        ({"body": (("with_line", "1"),)}, IllegalNameError),
        ({"body": (("with space", "1"),)}, IllegalNameError),
        ({"body": (("name\n", "1"),)}, IllegalNameError),
        ({"body": (("a" * 17, "1"),)}, IllegalNameError),
        ({"body": (("current", ""),)}, EmptyValueError),
        ({"body": (("current", "1" * 129),)}, ValueTooLongError),
        ({"body": (("current", "20 °C"),)}, IllegalValueError),
        ({"body": (("current", "a\nb"),)}, IllegalValueError),
        ({"body": (("current", "a\tb"),)}, IllegalValueError),
        ({"body": (("current", "a\x7f"),)}, IllegalValueError),
        ({"body": (("current", "1" * 128),) * 11}, MessageTooLongError),
    ],
)
def test_what_a_reader_might_refuse_is_not_written(
    change: dict[str, object], error: type[EncodeError]
) -> None:
    message = dataclasses.replace(PLAIN, **change)  # type: ignore[arg-type]
    with pytest.raises(error) as caught:
        message.encode()
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        [("a-b", "hyphen in a name")],
        [("text", "one"), ("text", "two")],
        [("current", " spaces around ")],
        [("current", "a=b=c")],
        [("current", "}")],
        [("current", "{x}")],
        [("demain", "----")],
        [("a" * 16, "1" * 128)],
    ],
)
def test_what_every_reader_accepts_is_written_and_read_back(body: list[tuple[str, str]]) -> None:
    message = dataclasses.replace(PLAIN, body=tuple(body))
    assert Message.decode(message.encode()) == message


def test_a_message_may_fill_its_datagram_exactly() -> None:
    frame = len(PLAIN.encode()) - len("device=a\ncurrent=1\n")
    whole, rest = divmod(1472 - frame, 130)
    body = [("a", "1" * 127)] * whole + [("b", "2" * (rest - 3))]
    full = dataclasses.replace(PLAIN, body=tuple(body))
    assert len(full.encode()) == 1472
    with pytest.raises(MessageTooLongError) as caught:
        dataclasses.replace(full, body=(*body[:-1], ("b", "2" * (rest - 2)))).encode()
    assert caught.value.offending == 1473


# What is read


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(WIRE, id="canonical"),
        pytest.param(WIRE.replace(b"\n", b"\r\n"), id="CR LF"),
        pytest.param(WIRE.removesuffix(b"\n"), id="no final line feed"),
        pytest.param(WIRE + b"\0", id="trailing NUL"),
        pytest.param(WIRE.removesuffix(b"\n") + b"\0\0", id="NULs instead of the line feed"),
        pytest.param(WIRE + b"garbage}{\n", id="bytes after the end"),
        pytest.param(WIRE + WIRE.replace(b"=1", b"=2"), id="a second message after the end"),
        pytest.param(WIRE.replace(b"\n", b"\n\n"), id="blank lines"),
        pytest.param(WIRE.replace(b"hop=1\n", b""), id="no hop"),
        pytest.param(WIRE.replace(b"hop=1", b"hop=0"), id="hop 0"),
        pytest.param(WIRE.replace(b"hop=1", b"hop=one"), id="hop not a number"),
        pytest.param(WIRE.replace(b"target=*\n", b""), id="no target"),
        pytest.param(WIRE.replace(b"target=*", b"target="), id="empty target"),
        pytest.param(WIRE.replace(b"hop=1\n", b"").replace(b"*\n", b"*\nhop=1\n"), id="order"),
        pytest.param(WIRE.replace(b"hop=1\n", b"hop=1\nttl=3\n"), id="unknown header line"),
        pytest.param(WIRE.replace(b"hop=1\n", b"hop=1\nnonsense\n"), id="header line without ="),
        pytest.param(WIRE.upper().replace(b"DEVICE=A", b"DEVICE=a"), id="capitals"),
        pytest.param(WIRE.replace(b"current", b"just a line\ncurrent"), id="body line without ="),
        pytest.param(WIRE.replace(b"current", b"=nameless\ncurrent"), id="value without a name"),
        pytest.param(WIRE.replace(b"{", b" {\t"), id="blanks around a brace"),
    ],
)
def test_what_can_be_understood_is_understood(data: bytes) -> None:
    assert Message.decode(data) == PLAIN


def body_of(text: bytes) -> tuple[tuple[str, str], ...]:
    return Message.decode(WIRE.replace(b"device=a\ncurrent=1\n", text)).body


@pytest.mark.parametrize(
    ("text", "body"),
    [
        pytest.param(b"", (), id="empty body"),
        pytest.param(b"group=\n", (("group", ""),), id="empty value"),
        pytest.param(b"a= x \n", (("a", " x "),), id="spaces are data"),
        pytest.param(b"a=b=c\n", (("a", "b=c"),), id="the first = splits"),
        pytest.param(b"a={}\nb=}\n", (("a", "{}"), ("b", "}")), id="braces in values"),
        pytest.param(b"a=1\na=2\n", (("a", "1"), ("a", "2")), id="a name twice, in order"),
        pytest.param(b"Text=Keep CASE\n", (("text", "Keep CASE"),), id="case of a value"),
        pytest.param(b"a=" + b"x" * 1000 + b"\n", (("a", "x" * 1000),), id="long value"),
        pytest.param("a=20 °C\n".encode(), (("a", "20 °C"),), id="UTF-8"),
        pytest.param("a=20 °C\n".encode("latin-1"), (("a", "20 °C"),), id="Latin-1"),
        pytest.param(b"a=x\\ny\n", (("a", "x\\ny"),), id="nothing is unescaped"),
        pytest.param(b"njourf+1=00\n", (("njourf+1", "00"),), id="illegal name"),
        pytest.param(b"a=\x0b\x1c\xc2\x85\n", (("a", "\x0b\x1c\x85"),), id="only LF ends a line"),
    ],
)
def test_the_body_is_an_ordered_list_of_pairs(
    text: bytes, body: tuple[tuple[str, str], ...]
) -> None:
    assert body_of(text) == body


def test_illegal_but_unambiguous_parts_are_read() -> None:
    data = WIRE.replace(b"domogik-teleinfo.myhouse", b"x-my_meter.0123456789abcdefgh")
    message = Message.decode(data.replace(b"sensor.basic", b"teleinfo2.basic"))
    assert message.source == Address("x", "my_meter", "0123456789abcdefgh")
    assert message.schema == "teleinfo2.basic"


def test_the_header_is_read() -> None:
    data = WIRE.replace(b"hop=1", b"hop=9").replace(b"xpl-stat", b"XPL-Cmnd")
    message = Message.decode(data.replace(b"target=*", b"target=XPL-group.Lights"))
    assert message.type is MessageType.CMND
    assert message.hop == 9
    assert message.target == Target(group="lights")
    assert Message.decode(WIRE).target == EVERYONE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "ends early", id="nothing"),
        pytest.param(b"\0\0\n\r\n", "ends early", id="blanks"),
        pytest.param(b"\xff\xfe\x00garbage", "unknown type", id="garbage"),
        pytest.param(WIRE.replace(b"xpl-stat", b"xpl-boom"), "unknown type", id="type"),
        pytest.param(b"xpl-stat\n", "ends early", id="only a type"),
        pytest.param(WIRE.replace(b"{\nhop", b"hop"), "opening brace", id="no header brace"),
        pytest.param(WIRE.replace(b"{\ndev", b"dev"), "opening brace", id="no body brace"),
        pytest.param(WIRE.replace(b"*\n}\n", b"*\n"), "ends early", id="header not closed"),
        pytest.param(WIRE.removesuffix(b"}\n"), "closing brace", id="body not closed"),
        pytest.param(WIRE[:40], "closing brace", id="cut in the header"),
        pytest.param(WIRE[: WIRE.index(b"sensor")], "ends early", id="cut after the header"),
        pytest.param(WIRE.replace(b"sensor.basic\n", b""), "no schema", id="no schema"),
        pytest.param(WIRE.replace(b"sensor.basic", b"sensor"), "no schema", id="half a schema"),
        pytest.param(
            WIRE.replace(b"source=domogik-teleinfo.myhouse\n", b""), "vendor-", id="no source"
        ),
        pytest.param(WIRE.replace(b"domogik-teleinfo.myhouse", b"*"), "vendor-", id="source *"),
        pytest.param(WIRE.replace(b"target=*", b"target=you"), "vendor-", id="target"),
        pytest.param(WIRE.replace(b"hop=1", b"hop=10"), "above 9", id="hop 10"),
    ],
)
def test_the_rest_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason) as caught:
        Message.decode(data)
    assert caught.value.offending == data
    assert str(caught.value).isprintable()


def test_a_hop_of_ten_thousand_digits_is_not_a_number() -> None:
    assert Message.decode(WIRE.replace(b"hop=1", b"hop=" + b"1" * 10_000)).hop == 1


# What Domogik's parser was seen to do, as a receiver of what we write and a source of what we read


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(WIRE.replace(b"myhouse", b"my-house"), id="hyphen in the instance"),
        pytest.param(WIRE.replace(b"device=", b"dev-ice="), id="hyphen in a name"),
        pytest.param(WIRE.replace(b"current=", b"device="), id="repeated name"),
        pytest.param(WIRE.replace(b"=a\n", b"=a  \n"), id="spaces at the end of a value"),
        pytest.param(WIRE.replace(b"=a\n", b"=a=b=c\n"), id="= in a value"),
        pytest.param(WIRE.removesuffix(b"\n"), id="no final line feed"),
        pytest.param(WIRE + b"\0", id="trailing NUL"),
        pytest.param(WIRE.replace(b"=a\n", b"=" + b"a" * 129 + b"\n"), id="129 characters"),
        pytest.param(WIRE.replace(b"=a\n", b"=----\n"), id="only hyphens"),
    ],
)
def test_what_domogik_accepts_we_accept(data: bytes) -> None:
    message = Message.decode(data)
    assert len(message.body) == 2
    assert message.source.vendor == "domogik"


@pytest.mark.parametrize(
    ("data", "readable"),
    [
        pytest.param(WIRE.replace(b"\n", b"\r\n"), True, id="CR LF"),
        pytest.param(WIRE.replace(b"domogik-", b"domogik-my-"), True, id="hyphen in the device"),
        pytest.param(WIRE.replace(b"domogik", b"domogik12"), True, id="9-character vendor"),
        pytest.param(WIRE.replace(b"myhouse", b"m" * 17), True, id="17-character instance"),
        pytest.param(WIRE.replace(b"device", b"d" * 17), True, id="17-character name"),
        pytest.param(WIRE.replace(b"device", b"the_device"), True, id="_ in a name"),
        pytest.param(WIRE.replace(b"device", b"Device"), True, id="capital in a name"),
        pytest.param(WIRE.replace(b"myhouse", b"my_house"), True, id="_ in the instance"),
        pytest.param(WIRE.replace(b"myhouse", b"MyHouse"), True, id="capital in the instance"),
        pytest.param(WIRE.replace(b"sensor.", b"sen_sor."), True, id="_ in the schema"),
        pytest.param(WIRE.replace(b"sensor.", b"Sensor."), True, id="capital in the schema"),
        pytest.param(WIRE.replace(b"xpl-stat", b"xpl_stat"), False, id="_ in the type"),
        pytest.param(WIRE.replace(b"xpl-stat", b"XPL-STAT"), True, id="capitals in the type"),
        pytest.param(WIRE.replace(b"hop=1", b"hop=0"), True, id="hop 0"),
        pytest.param(WIRE.replace(b"hop=1", b"hop=10"), False, id="hop 10"),
        pytest.param(
            WIRE.replace(b"hop=1\n", b"").replace(b"target", b"hop=1\ntarget"), True, id="order"
        ),
        pytest.param(WIRE.replace(b"=a\n", b"=\n"), True, id="empty value"),
        pytest.param(WIRE.replace(b"device=a\ncurrent=1\n", b""), True, id="empty body"),
    ],
)
def test_what_domogik_rejects_we_never_write(data: bytes, readable: bool) -> None:
    try:
        message = Message.decode(data)
    except DecodeError:
        assert not readable
        return
    assert readable
    with contextlib.suppress(EncodeError):
        assert message.encode() != data
