"""What the tests of ``tic`` share: the captures, and how hypothesis makes a group."""

from pathlib import Path

import pytest
from hypothesis import strategies as st

from tic import LABELS, Decoder, Group, Label

CAPTURES = Path(__file__).parents[1] / "captures"

_MOMENT = (
    "[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
)


def any_group_of(label: Label) -> st.SearchStrategy[Group]:
    """Every group a meter may send under a label (any day of a month up to the 28th)."""
    values = st.from_regex(label.pattern, fullmatch=True)
    horodates: st.SearchStrategy[str | None] = st.none()
    if label.timestamped:
        season = "[EHeh ]" if label.name.startswith(("DPM", "FPM")) else "[EHeh]"
        horodates = st.from_regex(season + _MOMENT, fullmatch=True)
    return st.builds(Group, st.just(label.name), values, horodates)


st.register_type_strategy(Label, st.sampled_from(LABELS))
st.register_type_strategy(Group, st.from_type(Label).flatmap(any_group_of))


@pytest.fixture(scope="session")
def groups_of():
    """The function that gives the strategy of a label's groups."""
    return any_group_of


@pytest.fixture(scope="session")
def captures() -> dict[str, bytes]:
    """The bytes of every capture by its name."""
    return {path.stem: path.read_bytes() for path in sorted(CAPTURES.glob("*.tic"))}


@pytest.fixture(scope="session")
def captured(captures) -> dict[str, Group]:
    """The first group that the captures have of each label."""
    groups: dict[str, Group] = {}
    for data in captures.values():
        decoder = Decoder(partial=True)
        for item in decoder.feed(data) + decoder.close():
            if isinstance(item, Group):
                groups.setdefault(item.label, item)
    return groups
