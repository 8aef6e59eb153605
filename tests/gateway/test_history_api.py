"""What the API answers of the history, over real HTTP, from a real database."""

import contextlib
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from teleinfo_gateway.config import ContractConfig, HistoryConfig
from teleinfo_gateway.history.sampling import EventRow, LabelRow, MeterRow, ReadingRow
from teleinfo_gateway.history.store import Batch

from .test_web import HISTORIQUE, Gateway, answer_schema, fits

ADCO = "021528603314"
OTHER = "021528603315"
MIDNIGHT = int(datetime(2026, 1, 13, 23, tzinfo=UTC).timestamp())  # 14 January in France
HOUR_S = 3600


def price(**energy):
    """Prices without taxes: 31 euros a month, which is one a day in January."""
    return {"from": "2025-01-01", "subscription": "31", "energy": energy, "source": "a test"}


def contract(name, option, energy, **settings):
    return ContractConfig(name=name, option=option, prices=(price(**energy),), **settings)


HC = contract("hc", "HC", {"HC": "0.10", "HP": "0.20"}, meter="house")
BASE = contract("base", "BASE", {"BASE": "0.15"})
EJP = contract("ejp", "EJP", {"HN": "0.10", "PM": "1"})
NIGHT = contract("week", "SEMAINE", {"HC": "0.1"}, slots=("HC",))


def rows(begin, end, *, optarif="HC..", va=1200, first=(1_000_000, 2_000_000), **columns):
    """A reading a minute of a constant power; off-peak from midnight to 06:00."""
    indexes = list(first)
    for ts in range(begin, end, 60):
        slot = 1 if (ts - MIDNIGHT) % 86400 < 6 * HOUR_S or optarif == "BASE" else 2
        told = {f"idx{number:02}": wh for number, wh in enumerate(indexes, 1)}
        if optarif == "BASE":
            told = {"idx01": indexes[0]}
        yield (
            ts,
            {
                "interval_s": 60,
                "optarif": optarif,
                "slot": slot,
                "isousc": 45,
                "papp": va,
                "papp_min": va - 100,
                "papp_max": va + 200,
                **told,
                **columns,
            },
        )
        indexes[slot - 1] += va // 60


class HistoryGateway(Gateway):
    """A gateway whose history a test fills."""

    def keep(self, readings=(), adco=ADCO, name="house", labels=(), events=(), replaces=None):
        found = [ReadingRow(adco, ts, columns) for ts, columns in readings]
        last = max([row.ts for row in (*found, *labels, *events)], default=MIDNIGHT)
        meter = MeterRow(adco, last, name, "historique", 1, replaces)
        batch = Batch({adco: meter}, found, list(labels), list(events))
        return self.run(self.manager.history.keep(batch))

    def error(self, path, status):
        answered, data, _ = self.request("GET", path)
        assert (answered, list(data)) == (status, ["error"]), data
        return data["error"]


@pytest.fixture
def gateway(tmp_path):
    history = HistoryConfig(path=str(tmp_path / "history.db"))
    made = HistoryGateway([], history=history, contracts=(HC, BASE, EJP, NIGHT))
    with contextlib.closing(made) as started:
        yield started


@pytest.fixture
def day(gateway):
    """A gateway that heard a meter for the whole 14 January 2026, and a minute more."""
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 24 * HOUR_S + 60))
    return gateway


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The same for tests that only ask."""
    history = HistoryConfig(path=str(tmp_path_factory.mktemp("asked") / "history.db"))
    made = HistoryGateway([], history=history, contracts=(HC,))
    with contextlib.closing(made) as started:
        started.keep(rows(MIDNIGHT, MIDNIGHT + 24 * HOUR_S + 60))
        yield started


DAY = "from=2026-01-14&to=2026-01-15"


# --- values over time


def test_a_day_is_a_few_hundred_points_with_their_unit_and_slot(day):
    told = day.get(f"/api/history?{DAY}&points=300")
    assert (told["meter"], told["adco"], told["step_s"]) == ("house", ADCO, 300)
    assert (told["start"], told["end"]) == ("2026-01-13T23:00:00Z", "2026-01-14T23:00:00Z")
    assert told["time"] == list(range(MIDNIGHT, MIDNIGHT + 86400, 300))
    papp = told["values"]["papp"]
    assert papp["unit"] == "VA"
    assert [set(papp[key]) for key in ("value", "min", "max")] == [{1200.0}, {1100}, {1400}]
    assert told["slot"] == [1] * 72 + [2] * 216
    assert told["contracts"] == [
        {"optarif": "HC..", "since": "2026-01-13T23:00:00Z", "slots": {"1": "HC", "2": "HP"}}
    ]


def test_a_short_stretch_is_given_reading_by_reading_and_its_gap_as_null(gateway):
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 600))
    gateway.keep(rows(MIDNIGHT + 3000, MIDNIGHT + 3600, first=(1_002_000, 2_000_000)))
    told = gateway.get(f"/api/history?from={MIDNIGHT}&to={MIDNIGHT + 3600}&values=papp,idx01")
    assert told["step_s"] == 0
    gap = told["time"].index(MIDNIGHT + 600)
    assert told["values"]["papp"]["value"][gap] is None
    assert told["slot"][gap] is None
    assert told["values"]["papp"]["value"].count(None) == 1
    indexes = told["values"]["idx01"]
    assert (indexes["unit"], indexes["value"][0], indexes["min"]) == ("Wh", 1_000_000, None)


def test_without_a_stretch_the_last_24_hours_are_given(gateway):
    now = int(time.time())
    gateway.keep(rows(now - 600, now))
    told = gateway.get("/api/history")
    assert told["time"][0] >= now - 86400 - 600
    assert told["values"]["papp"]["value"][-1] == 1200


@pytest.mark.parametrize(
    "begin",
    [
        "2026-01-14",
        "2026-01-13T23:00:00Z",
        "2026-01-14T00:00:00%2B01:00",
        "2026-01-14T00:00:00+01:00",
        str(MIDNIGHT),
    ],
)
def test_an_instant_may_be_told_as_a_day_a_time_or_seconds(asked, begin):
    assert asked.get(f"/api/history?from={begin}&to=2026-01-15")["time"][0] == MIDNIGHT


def test_a_label_without_a_column_can_be_asked_for(gateway):
    changes = [
        LabelRow(ADCO, MIDNIGHT + minutes * 60, "SMAXSN", value, "H260114000000")
        for minutes, value in ((0, "02000"), (5, "02500"))
    ]
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 600), labels=changes)
    told = gateway.get(f"/api/history?from={MIDNIGHT}&to={MIDNIGHT + 600}&values=SMAXSN,papp")
    assert list(told["values"]) == ["SMAXSN", "papp"]
    assert told["values"]["SMAXSN"]["value"] == [2000] * 5 + [2500] * 5
    assert told["values"]["SMAXSN"]["unit"] == "VA"


def test_slots_of_a_calendar_of_ones_own_have_the_names_of_the_contract_or_the_meter(gateway):
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 600, optarif="SEMAINE", slot=2, ptec="HP SEMAINE"))
    gateway.keep(
        rows(MIDNIGHT, MIDNIGHT + 600, optarif="WEEK-END", slot=3, ptec="HP SAMEDI"), OTHER, "barn"
    )
    told = gateway.get(f"/api/history?meter=house&{DAY}")
    assert {name for one in told["contracts"] for name in one["slots"].values()} <= {"HC", "EASF02"}
    told = gateway.get(f"/api/energy?meter=barn&{DAY}")
    names = {one["slot"]: one["name"] for one in told["total"]["tariffs"]}
    assert names[3] == "HP SAMEDI"
    assert names.get(1, "EASF01") == "EASF01"


def test_a_slot_has_the_name_that_it_has_for_most_of_the_time(gateway):
    """At a change, NTARF may be sent a frame before its LTARF."""
    off, peak = "HEURES CREUSES", "HEURES PLEINES"
    heard = [*[(1, off)] * 3, (2, off), *[(2, peak)] * 3, (1, peak), *[(1, off)] * 2]
    for number, (slot, name) in enumerate(heard):
        begin = MIDNIGHT + 60 * number
        gateway.keep(rows(begin, begin + 60, optarif="PRO", slot=slot, ptec=name))
    tariffs = gateway.get(f"/api/energy?{DAY}")["total"]["tariffs"]
    assert {one["slot"]: one["name"] for one in tariffs} == {1: off, 2: peak}


# --- energy


def test_a_day_of_energy_is_told_by_tariff_with_its_power_and_coverage(day):
    told = day.get(f"/api/energy?{DAY}")
    (period,) = told["periods"]
    assert (period["start"], period["end"]) == ("2026-01-13T23:00:00Z", "2026-01-14T23:00:00Z")
    assert (period["wh"], period["coverage"], period["seconds"]) == (28_800, 1.0, 86_400)
    assert (period["papp_min"], period["papp_mean"], period["papp_max"]) == (1100, 1200.0, 1400)
    assert (period["unknown_wh"], period["injected_wh"], period["outages"]) == (None, None, [])
    assert [(one["name"], one["wh"], one["seconds"]) for one in period["tariffs"]] == [
        ("HC", 7_200, 21_600),
        ("HP", 21_600, 64_800),
    ]
    assert told["total"] == period


def test_hours_without_a_reading_are_there_with_no_coverage(day):
    told = day.get("/api/energy?grain=hour&from=2026-01-13&to=2026-01-15")
    assert len(told["periods"]) == 48
    assert told["periods"][0] == {
        "start": "2026-01-12T23:00:00Z",
        "end": "2026-01-13T00:00:00Z",
        **dict.fromkeys(("wh", "unknown_wh", "injected_wh")),
        **dict.fromkeys(("papp_min", "papp_mean", "papp_max")),
        "seconds": 0,
        "coverage": 0.0,
        "tariffs": [],
        "outages": [],
    }
    assert {one["wh"] for one in told["periods"][24:]} == {1200}
    assert told["total"]["wh"] == 28_800
    assert told["total"]["coverage"] == 0.5


def test_what_an_outage_hides_is_in_the_total_and_in_no_hour(gateway):
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 1800 + 60))
    gateway.keep(rows(MIDNIGHT + 9000, MIDNIGHT + 10_800, first=(1_010_000, 2_000_000)))
    told = gateway.get(f"/api/energy?grain=hour&from={MIDNIGHT}&to={MIDNIGHT + 10_800}")
    first, second, third = told["periods"]
    (outage,) = first["outages"]
    hidden = 10_000 - 600
    assert (outage["start"], outage["end"]) == ("2026-01-13T23:30:00Z", "2026-01-14T01:30:00Z")
    assert [(one["name"], one["wh"]) for one in outage["tariffs"]] == [("HC", hidden)]
    assert (first["wh"], second["wh"], third["wh"]) == (600, None, 580)
    assert (first["coverage"], second["coverage"]) == (0.5, 0.0)
    assert told["total"]["wh"] == 600 + hidden + 580
    assert told["total"]["outages"] == []
    half = gateway.get(f"/api/energy?grain=hour&from={MIDNIGHT}&to={MIDNIGHT + 3600}")
    assert half["total"]["outages"] == [outage]
    assert half["total"]["wh"] == 600


def test_the_running_period_is_covered_by_what_has_passed_of_it(gateway):
    now = int(time.time())
    gateway.keep(rows(now - 3 * HOUR_S, now))
    told = gateway.get("/api/energy?grain=hour")
    assert len(told["periods"]) == 25
    assert 0 <= told["periods"][-1]["coverage"] <= 1
    assert all(0.98 < one["coverage"] <= 1 for one in told["periods"][-3:-1])
    assert 0 < gateway.get("/api/energy?grain=year")["total"]["coverage"] < 0.1


def test_a_meter_that_replaces_another_goes_on_where_it_ended(gateway):
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + HOUR_S + 60))
    gateway.keep(
        rows(MIDNIGHT + HOUR_S, MIDNIGHT + 2 * HOUR_S + 60, first=(0, 0)), OTHER, replaces=ADCO
    )
    told = gateway.get(f"/api/energy?{DAY}")
    assert (told["meter"], told["adco"], told["total"]["wh"]) == ("house", OTHER, 2400)


def test_injected_energy_is_no_energy_drawn(gateway):
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 600, idx_inj=5))
    gateway.keep(rows(MIDNIGHT + 600, MIDNIGHT + 1200, first=(1_000_200, 2_000_000), idx_inj=45))
    total = gateway.get(f"/api/energy?{DAY}")["total"]
    assert (total["injected_wh"], total["wh"], len(total["tariffs"])) == (40, 380, 1)


# --- cost


def euros(cost):
    return Decimal(cost["total_euros"])


def test_a_day_costs_what_its_slots_and_its_subscription_cost(day):
    told = day.get(f"/api/cost?{DAY}&grain=day")
    (own,) = told["costs"]
    assert (own["contract"], own["own"], own["problem"]) == (None, True, None)
    assert own["total"]["total_euros"] == "6.040000"  # 7.2 kWh, 21.6 kWh and a day of 31
    assert own["total"]["complete"] is True
    (period,) = own["periods"]
    (part,) = period["parts"]
    assert (part["contract"], part["power_kva"], part["sources"]) == ("hc", 9, ["a test"])
    assert [(one["name"], one["wh"], one["euros"]) for one in part["slots"]] == [
        ("HC", 7_200, "0.720000"),
        ("HP", 21_600, "4.320000"),
    ]
    assert part["subscription_euros"] == "1.000000"


def test_without_a_grain_only_the_total_is_told(day):
    assert day.get(f"/api/cost?{DAY}")["costs"][0]["periods"] == []


def test_periods_add_up_to_the_total_to_the_millionth(day):
    (own,) = day.get(f"/api/cost?{DAY}&grain=hour")["costs"]
    assert len(own["periods"]) == 24
    assert abs(sum(map(euros, own["periods"])) - euros(own["total"])) < Decimal("0.0001")


def test_another_contract_is_reckoned_from_the_same_hours(day):
    (other,) = day.get(f"/api/cost?{DAY}&contract=base")["costs"]
    assert (other["contract"], other["own"]) == ("base", False)
    assert other["total"]["total_euros"] == "5.320000"  # 28.8 kWh and a day
    assert other["total"]["parts"][0]["redistributed"] is True


def test_all_contracts_are_compared_and_one_that_cannot_be_says_why(day):
    told = day.get(f"/api/cost?{DAY}&contract=all&power=12")["costs"]
    assert [(one["contract"], one["own"]) for one in told] == [
        ("hc", True),
        ("base", False),
        ("ejp", False),
        ("week", False),
    ]
    assert [one["total"] is None for one in told] == [False, False, False, True]
    assert "SEMAINE" in told[-1]["problem"]
    assert told[0]["total"]["parts"][0]["power_kva"] == 12
    assert told[2]["total"]["complete"] is False  # nobody said which days had a peak
    assert "SEMAINE" in day.error(f"/api/cost?{DAY}&contract=week", 409)


def test_hours_of_an_option_without_a_contract_have_no_price(gateway):
    change = MIDNIGHT + 12 * HOUR_S + 1800
    gateway.keep(rows(MIDNIGHT, change))
    gateway.keep(rows(change, MIDNIGHT + 24 * HOUR_S + 60, optarif="BASE", first=(50, 0)))
    (own,) = gateway.get(f"/api/cost?{DAY}")["costs"]
    total = own["total"]
    assert total["complete"] is False
    ((without,), (part,)) = total["without_contract"], total["parts"]
    assert without == {"option": "BASE", "wh": 1200 * 23 // 2}
    assert part["contract"] == "hc"
    assert sum(slot["wh"] for slot in part["slots"]) == 14_980
    # The hour of the change counts for the option that it had for longer, or first.
    assert Decimal("0.49") < Decimal(part["subscription_euros"]) < Decimal("0.55")


def test_each_option_of_a_meter_has_the_contract_of_its_time(tmp_path):
    after = contract("base-house", "BASE", {"BASE": "1"}, meter="house")
    history = HistoryConfig(path=str(tmp_path / "history.db"))
    made = HistoryGateway([], history=history, contracts=(HC, after))
    change = MIDNIGHT + 12 * HOUR_S
    with contextlib.closing(made) as gateway:
        gateway.keep(rows(MIDNIGHT, change))
        gateway.keep(rows(change, MIDNIGHT + 24 * HOUR_S + 60, optarif="BASE", first=(50, 0)))
        (own,) = gateway.get(f"/api/cost?{DAY}")["costs"]
    parts = {part["contract"]: part for part in own["total"]["parts"]}
    assert list(parts) == ["hc", "base-house"]
    assert parts["base-house"]["slots"][0]["wh"] == 14_400
    subscriptions = [Decimal(part["subscription_euros"]) for part in parts.values()]
    assert subscriptions == [Decimal("0.5")] * 2


def test_the_energy_of_an_outage_is_priced_with_the_period_that_holds_all_of_it(gateway):
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 1800 + 60))
    gateway.keep(rows(MIDNIGHT + 9000, MIDNIGHT + 10_800, first=(1_010_000, 2_000_000)))
    (own,) = gateway.get(f"/api/cost?grain=hour&from={MIDNIGHT}&to={MIDNIGHT + 10_800}")["costs"]
    assert [one["outage_wh"] for one in own["periods"]] == [9400, 0, 0]
    assert [one["complete"] for one in own["periods"]] == [False] * 3  # each may have a part
    assert own["total"]["complete"] is True
    assert own["total"]["outage_wh"] == 0
    assert own["total"]["parts"][0]["slots"][0]["wh"] == 600 + 9400 + 580


def test_the_subscription_is_due_from_when_the_meter_was_first_heard(day):
    """And in hours of an outage, but not in the year before."""
    (own,) = day.get("/api/cost?from=2025-01-14&to=2026-01-15")["costs"]
    assert own["total"]["total_euros"] == "6.040000"


def test_the_subscription_of_the_first_hour_is_due_from_the_first_reading(gateway):
    gateway.keep(rows(MIDNIGHT + 1800, MIDNIGHT + HOUR_S, va=0))
    hour = f"from={MIDNIGHT}&to={MIDNIGHT + HOUR_S}"
    assert gateway.get(f"/api/cost?{hour}")["costs"][0]["total"]["total_euros"] == "0.020833"


def test_a_day_in_which_nothing_was_heard_has_its_subscription(gateway):
    """As in the month around it: by the contract before, or else by the one after."""
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 600))
    told = gateway.get("/api/cost?from=2026-01-16&to=2026-01-17")["costs"][0]["total"]
    assert ([part["contract"] for part in told["parts"]], euros(told)) == (["hc"], 1)
    (own,) = gateway.get("/api/cost?from=2026-01-14&to=2026-01-18&grain=day")["costs"]
    assert sum(map(euros, own["periods"])) == euros(own["total"])
    late = MIDNIGHT + 10 * 24 * HOUR_S
    gateway.keep(rows(late, late + 600, first=(1_900_000, 2_000_000)))
    told = gateway.get("/api/cost?from=2026-01-16&to=2026-01-17")["costs"][0]["total"]
    assert ([part["contract"] for part in told["parts"]], told["complete"]) == (["hc"], False)


def test_without_contracts_it_is_said_what_to_write(tmp_path):
    history = HistoryConfig(path=str(tmp_path / "history.db"))
    for contracts, words in (((), "contracts"), ((BASE,), "meter: house")):
        made = HistoryGateway([], history=history, contracts=contracts)
        with contextlib.closing(made) as gateway:
            gateway.keep(rows(MIDNIGHT, MIDNIGHT + 600))
            assert words in gateway.error(f"/api/cost?{DAY}", 409)


# --- events


def test_events_are_told_newest_first_page_by_page(gateway):
    events = [
        EventRow(ADCO, "house", MIDNIGHT + number, ("tariff", "overload")[number % 2], "1", "x")
        for number in range(5)
    ]
    gateway.keep(events=[*events, EventRow(None, "", MIDNIGHT + 9, "status", "alive", "")])
    kept = "/api/events/log?kind=tariff,overload&limit=2"
    page = gateway.get(kept)
    numbers = [one["seq"] for one in page["events"]]
    assert page["events"][0] == {
        "seq": numbers[0],
        "time": "2026-01-13T23:00:04Z",
        "meter": "house",
        "adco": ADCO,
        "kind": "tariff",
        "value": "1",
        "detail": "x",
    }
    while page["next"] is not None:
        page = gateway.get(f"{kept}&before={page['next']}")
        numbers += [one["seq"] for one in page["events"]]
    assert len(numbers) == 5
    assert numbers == sorted(numbers, reverse=True)
    assert {one["kind"] for one in gateway.get("/api/events/log?meter=house")["events"]} == {
        "tariff",
        "overload",
    }
    (status, *_) = gateway.get("/api/events/log?kind=status")["events"]
    assert status["meter"] is None


# --- what is refused


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("history?points=9", "points"),
        ("history?points=many", "a whole number from 10 to 2000"),
        ("history?values=papp,volts", "u1, u2"),
        ("history?values=", "values"),
        ("history?values=papp,papp", "each once"),
        ("history?from=yesterday", "from"),
        ("history?from=2026-01-14T18:50:00", "2026-01-14T18:50:00Z"),
        ("history?from=2026-02-30", "from"),
        ("history?from=1026-02-03", "from"),
        ("history?to=99999999999", "to"),
        ("history?from=2026-01-15&to=2026-01-14", "before"),
        ("history?meter=", "meter"),
        ("history?meter=a&meter=b", "meter is given more than once"),
        ("history?metre=a", "there are: meter, from, to, points, values"),
        ("energy?grain=minute", "hour, day, week, month or year"),
        ("energy?grain=hour&from=2020-01-01", "2000 periods"),
        ("cost?power=0", "whole kVA"),
        ("cost?from=2010-01-01", "1830 days"),
        ("events/log?limit=1001", "1 to 1000"),
        ("events/log?kind=party", "overload"),
        ("events/log?before=-1", "before"),
    ],
)
def test_a_wrong_parameter_is_named_in_plain_words(asked, path, words):
    said = asked.error(f"/api/{path}", 400)
    assert words in said
    assert len(said) < 900


def test_where_there_are_several_meters_one_must_be_named(day):
    day.keep(rows(MIDNIGHT, MIDNIGHT + 600), OTHER, "barn")
    for path in ("history", "energy", "cost"):
        assert "house" in day.error(f"/api/{path}", 400)
        assert "barn" in day.error(f"/api/{path}?meter=nobody", 404)
        assert day.get(f"/api/{path}?meter={ADCO}&{DAY}")["adco"] == ADCO
    assert "nobody" in day.error("/api/events/log?meter=nobody", 404)
    assert "hc, base" in day.error("/api/cost?meter=house&contract=none", 404)


def test_a_history_without_a_meter_says_so(gateway):
    assert "no meter yet" in gateway.error("/api/history", 404)


PATHS = ("/api/history", "/api/energy", "/api/cost", "/api/events/log")


@pytest.fixture
def configured(tmp_path):
    """The function that starts a gateway whose meters have said nothing yet."""
    with contextlib.ExitStack() as stack:

        def start(*names):
            history = HistoryConfig(path=str(tmp_path / "history.db"))
            made = HistoryGateway(names, history=history, contracts=(HC, BASE))
            return stack.enter_context(contextlib.closing(made))

        yield start


@pytest.mark.parametrize("named", ["meter=house&", ""])
def test_a_meter_that_was_never_heard_has_an_empty_history(configured, named):
    gateway = configured("house")
    told = gateway.get(f"/api/history?{named}{DAY}&values=papp,SMAXSN")
    assert (told["meter"], told["adco"], told["time"], told["slot"]) == ("house", None, [], [])
    assert [curve["value"] for curve in told["values"].values()] == [[], []]
    told = gateway.get(f"/api/energy?{named}{DAY}&grain=hour")
    assert (told["meter"], told["adco"], len(told["periods"])) == ("house", None, 24)
    assert (told["total"]["wh"], told["total"]["coverage"]) == (None, 0)
    for contract in ("", "&contract=all", "&contract=base&power=9&grain=day"):
        told = gateway.get(f"/api/cost?{named}{DAY}{contract}")
        assert (told["meter"], told["adco"]) == ("house", None)
        for cost in told["costs"]:
            assert (euros(cost["total"]), cost["total"]["parts"]) == (0, [])


def test_the_answers_without_a_meter_that_was_heard_have_the_shape_that_is_described(configured):
    gateway = configured("house")
    description = gateway.get("/api/openapi.json")
    for path in PATHS:
        schema = answer_schema(description["paths"][path]["get"], 200)
        told = gateway.get(f"{path}?meter=house")
        assert fits(told, schema, description["components"]["schemas"]), path


def test_the_events_of_a_meter_that_was_never_heard_are_told(configured):
    gateway = configured("house", "barn")
    gateway.keep(
        events=[EventRow(None, name, MIDNIGHT, "link", name, "") for name in ("house", "")]
    )
    told = gateway.get("/api/events/log?meter=house&kind=link")["events"]
    assert [(one["meter"], one["adco"], one["value"]) for one in told] == [("house", None, "house")]
    assert gateway.get("/api/events/log?meter=barn&kind=link")["events"] == []


def test_of_several_meters_that_were_never_heard_one_must_be_named(configured):
    gateway = configured("house", "barn")
    for path in ("history", "energy", "cost"):
        assert "house, barn" in gateway.error(f"/api/{path}", 400)
        assert gateway.get(f"/api/{path}?meter=house")["meter"] == "house"
    for path in PATHS:
        assert "nobody" in gateway.error(f"{path}?meter=nobody", 404)


def test_a_meter_that_was_given_another_name_has_its_history(configured):
    gateway = configured("house")
    gateway.keep(rows(MIDNIGHT, MIDNIGHT + 600), name="attic")
    gateway.hear("house", HISTORIQUE * 3)
    assert gateway.meter("house")["adco"] == ADCO
    told = gateway.get(f"/api/energy?meter=house&{DAY}")
    assert (told["meter"], told["adco"], told["total"]["wh"]) == ("house", ADCO, 180)


def test_without_a_history_it_is_said_why():
    with contextlib.closing(HistoryGateway([])) as gateway:
        for path in PATHS:
            assert "history: false" in gateway.error(path, 503)


def test_a_database_that_fails_is_said_with_its_reason(tmp_path):
    (tmp_path / "history.db").write_bytes(b"this is no database" * 100)
    history = HistoryConfig(path=str(tmp_path / "history.db"))
    with contextlib.closing(HistoryGateway([], history=history)) as gateway:
        for path in PATHS:
            assert "history.db" in gateway.error(path, 503)


# --- the description


def test_every_answer_has_the_shape_that_is_described(day):
    day.keep(events=[EventRow(ADCO, "house", MIDNIGHT, "tariff", "HC..", "")])
    day.keep(rows(MIDNIGHT + 30 * HOUR_S, MIDNIGHT + 31 * HOUR_S, first=(1_100_000, 2_100_000)))
    description = day.get("/api/openapi.json")
    schemas = description["components"]["schemas"]
    for path in (
        "/api/history?from=2026-01-14&to=2026-01-17",
        "/api/energy?from=2026-01-14&to=2026-01-17",
        "/api/energy?from=2026-01-14&to=2026-01-17&grain=hour",
        "/api/cost?from=2026-01-14&to=2026-01-17&grain=day&contract=all",
        "/api/events/log",
    ):
        schema = answer_schema(description["paths"][path.partition("?")[0]]["get"], 200)
        assert fits(day.get(path), schema, schemas), path


def test_parameters_are_described_with_type_default_and_bounds(gateway):
    description = gateway.get("/api/openapi.json")
    parameters = {
        path: {one["name"]: one for one in description["paths"][path]["get"]["parameters"]}
        for path in PATHS
    }
    points = parameters["/api/history"]["points"]
    assert points["schema"] == {"type": "integer", "default": 400, "minimum": 10, "maximum": 2000}
    assert points["required"] is False
    assert parameters["/api/history"]["values"]["explode"] is False
    assert "papp" in parameters["/api/history"]["values"]["schema"]["items"]["enum"]
    assert parameters["/api/energy"]["from"]["schema"]["type"] == "string"
    assert parameters["/api/energy"]["grain"]["schema"]["default"] == "day"
    assert "Grain" in str(parameters["/api/cost"]["grain"]["schema"])
    assert set(parameters["/api/events/log"]) == {"meter", "kind", "limit", "before"}
    numbers = [
        operation["operationId"]
        for methods in description["paths"].values()
        for operation in methods.values()
    ]
    assert len(set(numbers)) == len(numbers)


def test_questions_are_answered_at_once(gateway):
    """Ten days of one minute; the year of two meters is measured by ``make bench``.

    The time is that of this process, which the gateway is a part of: others may be at work.
    """
    end = MIDNIGHT + timedelta(days=10) // timedelta(seconds=1)
    gateway.keep(rows(MIDNIGHT, end, va=600))
    stretch = "from=2026-01-14&to=2026-01-24"
    for path in (
        f"history?{stretch}",
        f"energy?{stretch}&grain=hour",
        f"cost?{stretch}&grain=day&contract=all",
        "events/log",
    ):
        began_s = time.process_time()
        gateway.get(f"/api/{path}")
        assert time.process_time() - began_s < 0.5, path
