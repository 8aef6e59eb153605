from pathlib import Path

import pytest

from xpl import Interface, InterfaceError, find_interface, interfaces
from xpl.interface import choose, default_routes

LO = Interface("lo", "127.0.0.1", "127.255.255.255")
ETH0 = Interface("eth0", "192.0.2.10", "192.0.2.255")
ETH0_SECOND = Interface("eth0", "198.51.100.3", "198.51.100.255")
WLAN0 = Interface("wlan0", "203.0.113.7", "203.0.113.127")
ALL = (LO, ETH0, ETH0_SECOND, WLAN0)

TABLE = """\
Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth1\t00000000\t010200C0\t0002\t0\t0\t1\t00000000\t0\t0\t0
eth2\t00000000\t00000000\t0201\t0\t0\t1\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
vpn\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
"""


def test_default_routes_come_best_first() -> None:
    assert list(default_routes(TABLE)) == ["tun0", "eth0", "wlan0"]
    assert list(default_routes("")) == []


def test_auto_is_the_default_route_that_can_broadcast() -> None:
    assert choose("auto", ALL, ["tun0", "eth0", "wlan0"]) == ETH0


def test_auto_is_lo_when_no_route_can_broadcast() -> None:
    assert choose("auto", ALL, []) == LO
    assert choose("auto", (LO,), ["tun0"]) == LO


def test_a_name_takes_its_first_address() -> None:
    assert choose("eth0", ALL, ["wlan0"]) == ETH0
    assert choose("lo", ALL, ["wlan0"]) == LO


@pytest.mark.parametrize("name", ["eth7", "auto"])
def test_a_missing_interface_is_told_with_those_that_exist(name: str) -> None:
    with pytest.raises(InterfaceError, match=r"eth0 \(192\.0\.2\.10\)") as caught:
        choose(name, (ETH0, ETH0_SECOND), [])
    assert caught.value.offending == name
    assert str(caught.value).count("eth0 (") == 1


def test_a_machine_without_any_says_so() -> None:
    with pytest.raises(InterfaceError, match="there are: none"):
        choose("auto", (), [])


def test_the_loopback_of_this_machine_is_found() -> None:
    assert find_interface("lo") == LO
    assert LO in interfaces()
    assert all(each.broadcast != each.address for each in interfaces())


def test_auto_finds_something_on_this_machine() -> None:
    assert find_interface() in interfaces()


def test_without_proc_auto_is_lo(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert find_interface() == LO


def test_an_interface_that_is_down_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xpl.interface._flags", lambda *_: 0x1002 & ~0x1)
    assert interfaces() == ()


def test_an_interface_unplugged_while_being_listed_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ghost = ("gone0", "127.0.0.9", b"gone0".ljust(40, b"\0"))
    monkeypatch.setattr("xpl.interface.addresses", lambda _: [ghost])
    assert interfaces() == ()
