"""The meter's clock: instants without ambiguity, and the legal time they are told in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tic import Horodate
from tic.horodate import SUMMER, WINTER, legal_zone


def utc(*moment):
    return datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment", "degraded"),
    [
        ("H081225223518", utc(2008, 12, 25, 21, 35, 18), False),
        ("E090714074553", utc(2009, 7, 14, 5, 45, 53), False),
        ("h081225223518", utc(2008, 12, 25, 21, 35, 18), True),
        ("e090714074553", utc(2009, 7, 14, 5, 45, 53), True),
        # The hour that comes twice in October: the season tells which.
        ("E241027023000", utc(2024, 10, 27, 0, 30), False),
        ("H241027023000", utc(2024, 10, 27, 1, 30), False),
        # The season is believed, even out of season.
        ("H240714120000", utc(2024, 7, 14, 11), False),
        # Without a season (announced peaks), legal time says.
        (" 250123060000", utc(2025, 1, 23, 5), False),
        (" 250723060000", utc(2025, 7, 23, 4), False),
        (" 240331015959", utc(2024, 3, 31, 0, 59, 59), False),
        (" 240331030000", utc(2024, 3, 31, 1), False),
        (" 241027023000", utc(2024, 10, 27, 0, 30), False),
        (" 241027030000", utc(2024, 10, 27, 2), False),
    ],
)
def test_a_horodate_is_an_instant(text, moment, degraded):
    horodate = Horodate.parse(text)
    assert horodate == Horodate(moment, degraded)
    offset = {"H": 1, "E": 2}.get(text[0].upper())
    assert offset is None or horodate.time.utcoffset() == timedelta(hours=offset)


@pytest.mark.parametrize("text", ["", "E", "X240101000000", "H241301000000", "H230229000000"])
def test_what_is_no_date_is_none(text):
    assert Horodate.parse(text) is None


@pytest.mark.parametrize(
    "text", ["H081225223518", "E090714074553", "h081225223518", "E241027023000", "H241027023000"]
)
def test_a_horodate_is_written_as_it_was_read(text):
    assert str(Horodate.parse(text)) == text


@given(
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2067, 12, 31)),  # noqa: DTZ001  # in UTC
    degraded=st.booleans(),
)
@settings(deadline=None)
def test_every_instant_survives_its_13_characters(moment, degraded):
    horodate = Horodate(moment.replace(microsecond=0, tzinfo=UTC), degraded)
    assert Horodate.parse(str(horodate)) == horodate


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        (utc(2024, 3, 31, 0, 59, 59), WINTER),
        (utc(2024, 3, 31, 1), SUMMER),
        (utc(2024, 10, 27, 0, 59, 59), SUMMER),
        (utc(2024, 10, 27, 1), WINTER),
        (utc(2025, 3, 30, 1), SUMMER),  # the 30th is the last Sunday
        (utc(2026, 10, 25, 1), WINTER),
        (utc(2026, 1, 1), WINTER),
        (utc(2026, 7, 1), SUMMER),
    ],
)
def test_summer_time_begins_and_ends_on_its_sundays(moment, zone):
    assert legal_zone(moment) is zone


@pytest.fixture
def paris():
    try:
        return ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError:
        pytest.skip("no time zone database on this machine: install the tzdata package")


def test_legal_time_is_that_of_paris(paris):
    """Against the time zone database: hour by hour around each change, then once a week."""
    for year in range(2000, 2070):
        moments = [utc(year, 1, 1) + timedelta(weeks=week) for week in range(52)]
        for month in (3, 10):
            end = utc(year, month, 31, 23)
            moments += [end - timedelta(hours=hour) for hour in range(24 * 7)]
        for moment in moments:
            assert legal_zone(moment).utcoffset(None) == moment.astimezone(paris).utcoffset()


def test_a_time_without_season_is_that_of_the_clocks_of_paris(paris):
    for hour in range(24 * 366 * 3):
        local = datetime(2023, 1, 1) + timedelta(hours=hour)  # noqa: DTZ001  # legal time
        if local.month == 3 and local.day >= 25 and local.hour == 2:
            continue  # on the day of the change there is no such hour
        horodate = Horodate.parse(local.strftime(" %y%m%d%H%M%S"))
        assert horodate.time.utcoffset() == local.replace(tzinfo=paris).utcoffset()
