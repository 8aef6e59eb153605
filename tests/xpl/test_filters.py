import dataclasses

import pytest

from xpl import Address, Filter, IllegalFilterError, Message, MessageType, is_for
from xpl.filters import passes

ME = Address("acme", "panel", "hall")
MESSAGE = Message(
    MessageType.STAT,
    source=Address("domogik", "teleinfo", "house"),
    schema="teleinfo.basic",
    body=[("adco", "1")],
)
OTHER = Filter.parse("*.other.*.*.*.*")


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("*.*.*.*.*.*", True),
        ("*.*.*.*.*", True),
        ("xpl-stat.domogik.teleinfo.house.teleinfo.basic", True),
        ("xpl-stat.domogik-teleinfo.house.teleinfo.basic", True),
        ("XPL-Stat.*.*.*.Teleinfo.*", True),
        ("xpl-trig.*.*.*.*.*", False),
        ("*.acme.*.*.*.*", False),
        ("*.*.plugin.*.*.*", False),
        ("*.*.*.barn.*.*", False),
        ("*.*.*.*.sensor.*", False),
        ("*.*.*.*.*.short", False),
    ],
)
def test_each_part_is_a_word_or_a_star(text: str, matches: bool) -> None:
    assert Filter.parse(text).matches(MESSAGE) is matches


@pytest.mark.parametrize("text", ["", "*", "a.b.c.d", "a.b.c.d.e", "a.b.c.d.e.f.g", "*.*.*.*.*."])
def test_a_filter_has_six_parts(text: str) -> None:
    with pytest.raises(IllegalFilterError) as caught:
        Filter.parse(text)
    assert caught.value.offending == text


def test_a_filter_is_written_in_six_parts() -> None:
    assert str(Filter.parse("xpl-stat.a-b.c.d.e")) == "xpl-stat.a.b.c.d.e"
    assert str(Filter()) == "*.*.*.*.*.*"


def test_a_message_passes_any_filter_or_none() -> None:
    assert passes(MESSAGE, ())
    assert passes(MESSAGE, [OTHER, Filter()])
    assert not passes(MESSAGE, [OTHER])


@pytest.mark.parametrize(
    ("change", "mine"),
    [
        ({}, False),
        ({"target": str(ME)}, True),
        ({"target": "acme-panel.attic"}, False),
        ({"target": "xpl-group.ours"}, True),
        ({"target": "xpl-group.theirs"}, False),
        ({"schema": "config.list"}, True),
        ({"schema": "hbeat.request"}, False),
        ({"schema": "hbeat.request", "type": MessageType.CMND}, True),
    ],
)
def test_filters_hold_back_nothing_but_ordinary_broadcasts(
    change: dict[str, object], mine: bool
) -> None:
    message = dataclasses.replace(MESSAGE, **change)  # type: ignore[arg-type]
    assert is_for(message, ME, {"ours"}, [OTHER]) is mine
