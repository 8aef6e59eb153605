"""Looking for meters: which ports are looked at, and what is taken for a meter."""

import asyncio

import pytest

from teleinfo_gateway import finder
from teleinfo_gateway.finder import Found, devices_of, meters_of, survey, usual_ports
from tic import Mode

ADCO = "021528603314"


async def find_meters(ports):
    return meters_of(await survey(ports))


@pytest.fixture
def dev(tmp_path):
    """The function that makes a /dev with these names, and with links from name to name."""

    def make(*names, links=()):
        for name in (*names, *dict(links)):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        for name in names:
            (tmp_path / name).touch()
        for name, target in dict(links).items():
            (tmp_path / name).symlink_to(tmp_path / target)
        return tmp_path

    return make


def found_in(root, consoles=""):
    return [path.removeprefix(f"{root}/") for path in usual_ports(root, consoles)]


def test_serial_ports_are_looked_at_and_nothing_else(dev):
    root = dev(
        *("ttyUSB1", "ttyUSB0", "ttyACM0", "ttyAMA0", "ttyS0", "tty0", "tty", "console", "null"),
        *("pts/0", "ttyprintk", "rtc0"),
    )
    assert found_in(root) == ["ttyUSB0", "ttyUSB1", "ttyACM0", "ttyAMA0", "ttyS0"]


def test_a_port_with_several_names_is_used_once_under_the_one_that_lasts(dev):
    links = {"teleinfo": "ttyUSB0", "serial/by-id/usb-FTDI": "ttyUSB1"}
    root = dev("ttyUSB0", "ttyUSB1", links=links)
    assert found_in(root) == ["teleinfo", "serial/by-id/usb-FTDI"]


def test_a_port_where_the_system_talks_to_a_person_is_left_out(dev):
    """Listening would change its speed."""
    root = dev("ttyAMA0", "ttyS0", "ttyUSB0", links={"teleinfo": "ttyAMA0"})
    assert found_in(root, "tty0 ttyAMA0\n") == ["ttyUSB0", "ttyS0"]
    assert found_in(root, "tty0 ttyS0\n") == ["teleinfo", "ttyUSB0"]


def test_a_name_that_leads_nowhere_is_left_out(dev):
    assert found_in(dev("ttyUSB0", links={"teleinfo": "ttyUSB7"})) == ["ttyUSB0"]


def test_a_machine_without_ports_has_none(dev):
    assert found_in(dev("null")) == []


def test_the_ports_of_this_machine_can_be_listed():
    assert all(path.startswith("/dev/") for path in usual_ports())


# --- listening


async def test_the_meter_is_found_among_silent_and_chatting_ports(
    wire, talking, tmp_path, monkeypatch
):
    monkeypatch.setattr(finder, "PATIENCE_S", 1.0)
    meter, silent, chat = wire(), wire(), wire()
    talking(meter, "histo-hc-mono-l16c6")
    talking(chat, b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n" * 20)
    ports = [chat.path, str(tmp_path / "nothing"), silent.path, meter.path, "/dev/null"]
    assert await find_meters(ports) == [Found(meter.path, ADCO, Mode.HISTORIQUE)]


@pytest.mark.parametrize(
    ("capture_name", "address", "mode"),
    [
        ("std-base-mono-conso", "061961361253", Mode.STANDARD),
        ("synthetic-histo-veille-adco-only", "041128004711", Mode.HISTORIQUE),
        ("synthetic-histo-hc-tri-short-frames", "021630004711", Mode.HISTORIQUE),
    ],
)
async def test_every_kind_of_meter_is_found(wire, talking, capture_name, address, mode):
    line = wire()
    talking(line, capture_name)
    assert await find_meters([line.path]) == [Found(line.path, address, mode)]


async def test_a_meter_is_found_as_soon_as_it_has_told_its_address_twice(wire, talking):
    """Long before the patience ends, and its port is free then."""
    line = wire()
    talking(line, "histo-hc-mono-l16c6")
    async with asyncio.timeout(5):
        for _ in range(2):
            assert await find_meters([line.path])


async def test_one_address_alone_makes_no_meter(wire, talking, capture, monkeypatch):
    """Two meters that take turns: no address is told twice in a row."""
    monkeypatch.setattr(finder, "PATIENCE_S", 0.5)
    line = wire()
    frame = capture("histo-hc-mono-l16c6")[:170]
    talking(line, frame + capture("histo-base-mono-linky"))
    assert await find_meters([line.path]) == []


async def test_a_port_that_vanishes_is_given_up(wire, monkeypatch):
    line = wire()
    search = asyncio.create_task(find_meters([line.path]))
    await asyncio.sleep(0.05)
    line.close()
    async with asyncio.timeout(5):
        assert await search == []


async def test_a_search_can_be_cancelled(wire, talking):
    line = wire()
    search = asyncio.create_task(find_meters([line.path]))
    await asyncio.sleep(0.05)
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    talking(line, "histo-hc-mono-l16c6")
    assert await find_meters([line.path])  # the port was given back


async def test_no_ports_no_meters():
    assert await find_meters([]) == []


def test_patience_lasts_for_both_speeds():
    assert finder.PATIENCE_S > 4 + 8


# --- what becomes of it


def test_one_meter_is_called_meter_several_are_numbered():
    found = [Found(f"/dev/ttyUSB{n}", ADCO, Mode.HISTORIQUE) for n in range(2)]
    assert [(d.name, d.device, d.mode) for d in devices_of(found[:1])] == [
        ("meter", "/dev/ttyUSB0", "auto")
    ]
    assert [(d.name, d.device) for d in devices_of(found)] == [
        ("meter-1", "/dev/ttyUSB0"),
        ("meter-2", "/dev/ttyUSB1"),
    ]
