import pytest

from xpl import (
    EVERYONE,
    Address,
    IllegalAddressError,
    IllegalTargetError,
    Target,
    instance_from_hostname,
)

HOUSE = Address("domogik", "teleinfo", "house")


def test_the_first_hyphen_ends_the_vendor_and_the_first_dot_the_device() -> None:
    assert Address.parse("acme-lamp.hall-2.left") == Address("acme", "lamp", "hall-2.left")


def test_an_address_is_read_in_any_case_and_written_in_lower_case() -> None:
    address = Address.parse(" CDP1802-Clock.0A630001\t")
    assert str(address) == "cdp1802-clock.0a630001"
    address.check()


@pytest.mark.parametrize("text", ["", "*", "acme", "acme-lamp", "acme.hall", "-lamp.hall", "a-.b"])
def test_an_address_needs_three_parts(text: str) -> None:
    with pytest.raises(IllegalAddressError, match=r"vendor-device\.instance") as caught:
        Address.parse(text)
    assert caught.value.offending == text


@pytest.mark.parametrize(
    "address",
    [
        Address("abc", "d", "i"),
        Address("cdp1802", "clock", "default"),
        Address("domogik1", "teleinfo", "0123456789abcdef"),
        Address("acme", "lamp", "first-floor"),
    ],
)
def test_legal_addresses_pass(address: Address) -> None:
    address.check()


@pytest.mark.parametrize(
    "address",
    [
        Address("ab", "lamp", "hall"),
        Address("acmeacmea", "lamp", "hall"),
        Address("acme", "lamplampl", "hall"),
        Address("acme", "lamp", "0123456789abcdefg"),
        Address("acme", "", "hall"),
        Address("Acme", "lamp", "hall"),
        Address("acme", "my_lamp", "hall"),
        Address("acme", "my-lamp", "hall"),
        Address("acme", "lamp", "hall.left"),
        Address("acme", "lamp", "hall\n"),
        Address("acmé", "lamp", "hall"),
        Address("xpl", "group", "hall"),
    ],
)
def test_illegal_addresses_are_refused_before_they_are_sent(address: Address) -> None:
    with pytest.raises(IllegalAddressError, match="illegal address"):
        address.check()


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("*", EVERYONE),
        ("", EVERYONE),
        ("domogik-teleinfo.house", Target(address=HOUSE)),
        ("XPL-GROUP.Heating", Target(group="heating")),
    ],
)
def test_a_target_is_everyone_a_device_or_a_group(text: str, target: Target) -> None:
    assert Target.parse(text) == target
    assert Target.parse(str(target)) == target
    target.check()


def test_a_target_without_form_is_refused() -> None:
    with pytest.raises(IllegalAddressError):
        Target.parse("somebody")


def test_an_illegal_group_is_refused_before_it_is_sent() -> None:
    with pytest.raises(IllegalTargetError, match="group"):
        Target(group="no spaces").check()


def test_an_illegal_address_is_refused_as_a_target() -> None:
    with pytest.raises(IllegalAddressError):
        Target(address=Address("a", "b", "c")).check()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("*", True),
        ("domogik-teleinfo.house", True),
        ("domogik-teleinfo.barn", False),
        ("xpl-group.heating", True),
        ("xpl-group.lights", False),
    ],
)
def test_who_is_meant(text: str, meant: bool) -> None:
    assert Target.parse(text).matches(HOUSE, {"heating"}) is meant


def test_without_groups_nobody_is_a_member() -> None:
    assert not Target(group="heating").matches(HOUSE)


@pytest.mark.parametrize(
    ("hostname", "instance"),
    [
        ("myhouse", "myhouse"),
        ("MyHouse.example.net", "myhouse"),
        ("my-house", "myhouse"),
        ("raspberry-pi-in-the-cellar", "raspberrypiinthe"),
        ("my_house", "myhouse"),
        ("maison-été", "maisont"),
        ("", "default"),
        ("---.example.net", "default"),
    ],
)
def test_the_instance_is_what_domogik_makes_of_a_host_name(hostname: str, instance: str) -> None:
    assert instance_from_hostname(hostname) == instance
    Address("domogik", "teleinfo", instance).check()
