import dataclasses

import pytest

from xpl import Address, Configuration, Filter, IllegalIntervalError, Item, Kind, Message
from xpl.message import MessageType

SET_UP = Configuration(
    instance="kitchen",
    configured=True,
    interval_min=10,
    groups=("lights", "first-floor"),
    filters=(Filter(vendor="domogik"),),
    items=(Item("mode", Kind.RECONF), Item("serial", Kind.CONFIG), Item("label", maximum=2)),
    values={"mode": ("eco",), "serial": ("17",)},
)


def response(*pairs: tuple[str, str]) -> Message:
    return Message(
        MessageType.CMND,
        source=Address("acme", "manager", "hall"),
        target="acme-lamp.kitchen",
        schema="config.response",
        body=pairs,
    )


def test_the_list_says_what_may_be_set() -> None:
    assert list(SET_UP.list_body()) == [
        ("reconf", "newconf"),
        ("option", "interval"),
        ("option", "group[16]"),
        ("option", "filter[16]"),
        ("reconf", "mode"),
        ("config", "serial"),
        ("option", "label[2]"),
    ]


def test_current_says_what_is_set_and_leaves_out_what_is_not() -> None:
    assert list(SET_UP.current_body()) == [
        ("newconf", "kitchen"),
        ("interval", "10"),
        ("group", "xpl-group.lights"),
        ("group", "xpl-group.first-floor"),
        ("filter", "*.domogik.*.*.*.*"),
        ("mode", "eco"),
        ("serial", "17"),
    ]


def test_what_is_not_named_stays() -> None:
    assert SET_UP.updated(response(("unknown", "x"))) == SET_UP


def test_everything_named_is_replaced() -> None:
    after = SET_UP.updated(
        response(
            ("newconf", "Bath-Room"),
            ("interval", "15"),
            ("group", "xpl-group.Heating"),
            ("filter", "xpl-trig.*.*.*.*.*"),
            ("filter", "*.acme-lamp.*.*.*"),
            ("mode", "full"),
            ("label", "a"),
            ("label", "b"),
            ("label", "c"),
        )
    )
    assert after.instance == "bath-room"
    assert after.interval_min == 15
    assert after.groups == ("heating",)
    assert after.filters == (
        Filter(msgtype="xpl-trig"),
        Filter(vendor="acme", device="lamp"),
    )
    assert after.values == {"mode": ("full",), "serial": ("17",), "label": ("a", "b")}
    assert after.configured


def test_an_empty_value_clears_a_list() -> None:
    after = SET_UP.updated(response(("group", ""), ("filter", ""), ("mode", "")))
    assert after.groups == ()
    assert after.filters == ()
    assert after.values["mode"] == ()


@pytest.mark.parametrize(("text", "minutes"), [("1", 5), ("99", 30), ("soon", 10), ("", 10)])
def test_an_interval_is_brought_into_range(text: str, minutes: int) -> None:
    assert SET_UP.updated(response(("interval", text))).interval_min == minutes


@pytest.mark.parametrize("name", ["no_underscore", "0123456789abcdefg", "", " ", "a.b"])
def test_an_illegal_instance_is_passed_over(name: str) -> None:
    assert SET_UP.updated(response(("newconf", name))).instance == "kitchen"


def test_what_could_not_be_told_again_is_passed_over() -> None:
    after = SET_UP.updated(
        response(
            ("group", "acme-lamp.hall"),
            ("group", "nonsense"),
            ("group", "xpl-group.not legal"),
            ("filter", "nonsense"),
            ("filter", "*.é.*.*.*.*"),
            ("mode", "é"),
        )
    )
    assert after.groups == ()
    assert after.filters == ()
    assert after.values["mode"] == ()


def test_only_sixteen_groups_and_filters_are_kept() -> None:
    groups = [("group", f"xpl-group.g{n}") for n in range(20)]
    filters = [("filter", f"*.v{n}.*.*.*.*") for n in range(20)]
    after = SET_UP.updated(response(*groups, *filters))
    assert len(after.groups) == len(after.filters) == 16


def test_a_config_item_is_fixed_once_the_device_is_configured() -> None:
    assert SET_UP.updated(response(("serial", "18"))).values["serial"] == ("17",)
    fresh = dataclasses.replace(SET_UP, configured=False)
    assert fresh.updated(response(("serial", "18"))).values["serial"] == ("18",)


def test_a_device_is_configured_when_no_required_item_is_missing() -> None:
    fresh = dataclasses.replace(SET_UP, configured=False, values={})
    half = fresh.updated(response(("newconf", "attic"), ("mode", "eco")))
    assert not half.configured
    assert half.updated(response(("serial", "18"))).configured
    assert Configuration("hall").updated(response(("newconf", "attic"))).configured


def test_an_interval_of_our_own_is_checked() -> None:
    with pytest.raises(IllegalIntervalError):
        Configuration("hall", interval_min=31)
