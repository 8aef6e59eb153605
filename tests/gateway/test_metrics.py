"""``GET /metrics`` as Prometheus asks for it, of a gateway that reads real ptys."""

import contextlib
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.config.homes import JeedomConfig
from teleinfo_gateway.durations import BOUNDS_S, Durations
from teleinfo_gateway.estimate import Estimator
from teleinfo_gateway.web.exposition import expose
from teleinfo_gateway.web.health_metrics import output_samples
from teleinfo_gateway.web.meter_metrics import SILENT_S
from teleinfo_gateway.web.metric_table import FAMILIES, Kind, Sample
from tic import Group, encode_frame

from ..free_ports import free_port
from .loop_thread import TIMEOUT_S
from .test_access import CONTROL, INGEST, READ, GuardedGateway
from .test_web import CAPTURES, Gateway, until

DOCUMENTATION = Path(__file__).parents[2] / "docs/prometheus.rst"
ADCO = "012345678901"
TRI_PRODUCER = (CAPTURES / "synthetic-std-tempo-tri-producer-all-labels.tic").read_bytes()
TRI_PRODUCER = TRI_PRODUCER[TRI_PRODUCER.rindex(b"\x02") :]  # can be repeated: no index falls
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
SHORT_FRAMES = (CAPTURES / "synthetic-histo-hc-tri-short-frames.tic").read_bytes()
CONSUMER = (CAPTURES / "std-base-tri-conso.tic").read_bytes()
OWN_CALENDAR = (CAPTURES / "std-producer-mono-2018.tic").read_bytes()

HC = {
    "ADCO": ADCO,
    "OPTARIF": "HC..",
    "ISOUSC": "30",
    "HCHC": "009205446",
    "HCHP": "012345678",
    "PTEC": "HP..",
    "IINST": "002",
    "IMAX": "030",
    "PAPP": "00520",
    "HHPHC": "A",
    "MOTDETAT": "000000",
}


def frame(**changes):
    """A frame of the meter that the examples are of."""
    return encode_frame([Group(*group) for group in (HC | changes).items()])


@pytest.fixture
def gateway():
    with contextlib.closing(Gateway(["house", "garage"])) as started:
        yield started


def scrape(gateway, accept=""):
    """The text of a scrape and its content type."""
    status, text, headers = gateway.request("GET", "/metrics", None, {"Accept": accept})
    assert status == 200, text
    return text.decode(), headers["content-type"]


def families_of(gateway):
    return {family.name: family for family in text_string_to_metric_families(scrape(gateway)[0])}


def series(gateway, **labels):
    """Every series with these labels: name, then the other labels to the value."""
    told = {}
    for family in families_of(gateway).values():
        for sample in family.samples:
            if labels.items() <= sample.labels.items():
                others = sample.labels.items() - labels.items()
                key = tuple(value for _, value in sorted(others))
                assert key not in told.setdefault(sample.name, {}), "a series is there twice"
                told[sample.name][key] = sample.value
    return told


# --- what meters say


def test_a_historique_meter_is_told_in_base_units(gateway):
    gateway.hear("house", frame() * 5)
    told = series(gateway, meter=ADCO)
    heard = datetime.fromtimestamp(told.pop("teleinfo_last_frame_timestamp_seconds")[()], UTC)
    assert abs((datetime.now(UTC) - heard).total_seconds()) < TIMEOUT_S
    assert told == {
        "teleinfo_meter_info": {("historique", "HC..", "1"): 1},
        "teleinfo_energy_joules_total": {
            ("import", "1", "HCHC"): 3.31396056e10,
            ("import", "2", "HCHP"): 4.44444408e10,
        },
        "teleinfo_index_watt_hours": {
            ("import", "1", "HCHC"): 9205446,
            ("import", "2", "HCHP"): 12345678,
        },
        "teleinfo_apparent_power_voltamperes": {("total",): 520},
        "teleinfo_current_amperes": {("1",): 2},
        "teleinfo_subscribed_current_amperes": {(): 30},
        "teleinfo_load_ratio": {("1",): pytest.approx(2 / 30)},
        "teleinfo_overload": {("1",): 0},
        "teleinfo_tariff_period": {("HC..",): 0, ("HP..",): 1},
        "teleinfo_port_info": {("house", gateway.ptys["house"].path): 1},
    }


def test_a_standard_meter_is_told_by_phase_slot_and_direction(gateway):
    gateway.hear("garage", TRI_PRODUCER * 3)
    told = series(gateway, meter="041976000042")
    assert told["teleinfo_meter_info"] == {("standard", "TEMPO", "3"): 1}
    assert told["teleinfo_energy_joules_total"] == {("export", "total", "EAIT"): 1234567 * 3600}
    power = told["teleinfo_apparent_power_voltamperes"]
    assert power == {("total",): 4186, ("1",): 1150, ("2",): 1386, ("3",): 1624}
    assert told["teleinfo_injected_apparent_power_voltamperes"] == {("total",): 0}
    assert told["teleinfo_current_amperes"] == {("1",): 5, ("2",): 6, ("3",): 7}
    assert told["teleinfo_voltage_volts"] == {("1",): 230, ("2",): 231, ("3",): 232}
    assert told["teleinfo_subscribed_power_voltamperes"] == {(): 18000}
    assert told["teleinfo_subscribed_current_amperes"] == {(): 30}
    assert told["teleinfo_load_ratio"]["3",] == pytest.approx(7 / 30)
    assert told["teleinfo_overload"] == {("1",): 0, ("2",): 0, ("3",): 0, ("total",): 0}
    assert {period for (period,), now in told["teleinfo_tariff_period"].items() if now} == {"HPJW"}
    assert len(told["teleinfo_tariff_period"]) == 6


def test_the_indexes_of_a_linky_are_those_of_the_supplier_without_their_totals(gateway):
    gateway.hear("house", CONSUMER)
    told = series(gateway, meter="031776013513")
    wh = told["teleinfo_index_watt_hours"]
    assert {slot: tariff for _, slot, tariff in wh} == {
        str(slot): f"EASF{slot:02}" for slot in range(1, 11)
    }
    assert wh["import", "3", "EASF03"] == 826037
    assert sum(wh.values()) == pytest.approx(27553175, abs=10)  # EAST, rounded slot by slot
    energy = told["teleinfo_energy_joules_total"]
    assert energy == {labels: value * 3600 for labels, value in wh.items()}


def test_a_calendar_of_the_suppliers_own_has_the_period_that_counts(gateway):
    gateway.hear("house", OWN_CALENDAR * 4)
    told = series(gateway, meter="123456789012")
    assert told["teleinfo_tariff_period"] == {("INDEX NON CONSO",): 1}
    assert told["teleinfo_meter_info"] == {("standard", "", "1"): 1}
    assert told["teleinfo_load_ratio"] == {("1",): 0}, "it injects"


def test_an_overload_is_told_by_phase_and_ends(gateway):
    gateway.hear("house", frame() * 3 + frame(IINST="034", ADPS="034", PAPP="07800") * 2)
    assert series(gateway, meter=ADCO)["teleinfo_overload"] == {("1",): 1}
    gateway.hear("house", frame() * 3)
    assert series(gateway, meter=ADCO)["teleinfo_overload"] == {("1",): 0}


def test_short_frames_leave_what_they_do_not_repeat(gateway):
    gateway.hear("house", SHORT_FRAMES)
    told = series(gateway, meter="021630004711")
    assert len(told["teleinfo_current_amperes"]) == 3
    assert told["teleinfo_apparent_power_voltamperes"] == {("total",): 1380}
    assert told["teleinfo_meter_info"] == {("historique", "HC..", "3"): 1}


def test_the_average_power_is_told_as_the_estimate_it_is(gateway, reading):
    gateway.hear("house", frame() * 3)
    meter = gateway.manager.meter("house")
    meter.estimator = Estimator()
    now_s = time.monotonic()
    for ago_s in range(900, 0, -2):  # a Wh in 8 s are 450 W
        meter.estimator.update(reading(**HC | {"HCHP": f"{10000 - ago_s // 8:09}"}), now_s - ago_s)
    told = series(gateway, meter=ADCO)
    assert told["teleinfo_active_power_watts"]["index",] == pytest.approx(450, rel=0.1)


def test_what_was_never_believed_is_not_told(gateway):
    gateway.hear("house", frame())
    assert "teleinfo_meter_info" not in series(gateway)
    gateway.hear("house", frame(PAPP="00520") * 3 + frame(HCHC="000000000"))
    assert (
        series(gateway, meter=ADCO)["teleinfo_index_watt_hours"]["import", "1", "HCHC"] == 9205446
    )


def test_of_a_silent_meter_only_the_time_of_its_last_frame_is_told(gateway):
    gateway.hear("house", frame() * 3)
    gateway.hear("garage", TRI_PRODUCER * 3)
    gateway.manager.meter("house").said_s -= SILENT_S
    told = set(series(gateway, meter=ADCO))
    assert told == {"teleinfo_last_frame_timestamp_seconds", "teleinfo_port_info"}
    assert "teleinfo_meter_info" in series(gateway, meter="041976000042")
    gateway.hear("house", frame())
    assert "teleinfo_meter_info" in series(gateway, meter=ADCO)


def test_a_meter_in_standby_says_nothing_but_that_it_is_there(gateway):
    gateway.hear("house", frame() * 3)
    gateway.manager.meter("house").said_s -= SILENT_S
    before = series(gateway, meter=ADCO)["teleinfo_last_frame_timestamp_seconds"][()]
    gateway.hear("house", encode_frame([Group("ADCO", ADCO)]) * 3)
    told = series(gateway, meter=ADCO)
    assert set(told) == {"teleinfo_last_frame_timestamp_seconds", "teleinfo_port_info"}
    assert told["teleinfo_last_frame_timestamp_seconds"][()] > before


def test_of_a_meter_that_is_not_configured_any_more_nothing_is_told(gateway):
    gateway.hear("house", frame() * 3)
    gateway.hear("garage", TRI_PRODUCER * 3)
    port, devices = gateway.ptys["house"].path, gateway.config.devices
    left = gateway.config.model_copy(update={"devices": devices[1:]})
    gateway.run(gateway.manager.reload(left))
    assert (series(gateway, meter=ADCO), series(gateway, port=port)) == ({}, {})
    assert "teleinfo_meter_info" in series(gateway, meter="041976000042")


def test_a_meter_that_is_read_at_two_ports_is_told_once(gateway):
    gateway.hear("house", frame() * 3)
    gateway.hear("garage", frame(PAPP="00530") * 3)
    told = series(gateway, meter=ADCO)
    assert told["teleinfo_apparent_power_voltamperes"] == {("total",): 530}
    assert len(told["teleinfo_port_info"]) == 2


def test_an_exchange_of_the_meter_leaves_nothing_of_the_one_before(gateway):
    gateway.hear("house", frame() * 3)
    gateway.hear("house", TRI_PRODUCER * 3)
    assert not series(gateway, meter=ADCO)
    assert "teleinfo_meter_info" in series(gateway, meter="041976000042")


def test_texts_of_meters_are_data():
    odd = 'a"b\\c\nd{e="f"} \xe9'
    text, _ = expose([Sample("teleinfo_tariff_period", (ADCO, odd), 1)], "")
    family = next(text_string_to_metric_families(text.decode()))
    assert family.samples[0].labels == {"meter": ADCO, "period": odd}


# --- what is heard


def test_frames_groups_and_refusals_are_counted_by_port(gateway):
    bad = frame().replace(b"PAPP 00520", b"PAPP 00521")
    gateway.hear("house", frame() * 3 + bad + frame()[:-1] + b"\x04" + frame(HCHC="000000000") * 2)
    told = series(gateway, port=gateway.ptys["house"].path)
    frames = told["teleinfo_frames_total"]
    assert (frames["ok",], frames["damaged",], frames["interrupted",]) == (5, 1, 1)
    assert told["teleinfo_groups_rejected_total"]["checksum",] == 1
    assert told["teleinfo_groups_total"][()] == 7 * len(HC) - 1
    assert sum(told["teleinfo_values_refused_total"].values()) >= 1
    assert told["teleinfo_link_up"] == {(): 1}
    silent = series(gateway, port=gateway.ptys["garage"].path)
    assert silent["teleinfo_frames_total"]["ok",] == 0
    assert silent["teleinfo_link_up"] == {(): 0}
    assert silent["teleinfo_port_info"] == {("", "garage"): 1}


def test_the_names_of_goteleinfo_are_there_too(gateway):
    bad = frame().replace(b"PAPP 00520", b"PAPP 00521")
    gateway.hear("house", frame() * 3 + bad + frame()[:-1] + b"\x04")
    told = series(gateway, port=gateway.ptys["house"].path)
    assert told["teleinfo_frames_read_total"][()] == 4
    assert told["teleinfo_frames_decoded_total"][()] == 3
    assert told["teleinfo_frames_read_errors_total"]["no_frame_end_marker",] == 1
    assert told["teleinfo_frames_decode_errors_total"]["checksum_error",] == 1


def test_the_way_of_a_reading_is_timed(gateway):
    gateway.hear("house", frame() * 4)
    told = series(gateway, port=gateway.ptys["house"].path)
    assert told["teleinfo_publication_delay_seconds_count"][()] == 3
    assert told["teleinfo_publication_delay_seconds_bucket"]["+Inf",] == 3
    assert 0 < told["teleinfo_publication_delay_seconds_sum"][()] < TIMEOUT_S


def test_a_stopped_meter_is_not_up(gateway):
    gateway.hear("house", frame() * 3)
    gateway.request("POST", "/api/meters/house/stop")
    assert series(gateway, port=gateway.ptys["house"].path)["teleinfo_link_up"] == {(): 0}


def test_durations_are_counted_in_their_class():
    durations = Durations()
    for seconds in (0.0, BOUNDS_S[0], BOUNDS_S[1], 99.0):
        durations.take(seconds)
    up_to = durations.up_to()
    assert (up_to[0], up_to[1], up_to[-2], up_to[-1]) == (2, 3, 3, 4)
    assert durations.sum_s == pytest.approx(99.0 + BOUNDS_S[0] + BOUNDS_S[1])


# --- how the gateway does


def test_the_outputs_tell_what_they_sent_what_waits_and_what_failed(tmp_path):
    jeedom = JeedomConfig(url=f"http://127.0.0.1:{free_port()}", apikey="0123456789")
    history = HistoryConfig(path=str(tmp_path / "history.db"))
    started = Gateway(["house"], jeedom=jeedom, history=history)
    with contextlib.closing(started) as gateway:
        gateway.hear("house", frame() * 5)
        failed = until(
            lambda: (
                (told := series(gateway, output="jeedom"))["teleinfo_output_problem"] == {(): 1}
                and told
            )
        )
        assert failed["teleinfo_output_errors_total"]["failed",] >= 1
        assert failed["teleinfo_output_queue_length"] == {(): 1}
        assert failed["teleinfo_output_sent_total"] == {(): 0}
        gateway.run(gateway.manager.history.write())
        written = series(gateway, output="history")
        assert written["teleinfo_output_sent_total"][()] >= 1
        assert written["teleinfo_output_lost_total"] == {(): 0}
        assert written["teleinfo_output_problem"] == {(): 0}
        bus = series(gateway, listener="history")
        assert bus["teleinfo_bus_queue_length"] == {(): 0}
        assert bus["teleinfo_bus_lost_items_total"] == {(): 0}
        assert bus["teleinfo_bus_wait_seconds_count"][()] >= 3


def test_a_scrape_writes_nothing_to_the_disk(tmp_path):
    history = HistoryConfig(path=str(tmp_path / "history.db"))
    with contextlib.closing(Gateway(["house"], history=history)) as gateway:
        until(lambda: gateway.manager.history.state()["last_commit"])
        gateway.hear("house", frame() * 5)
        before = until(lambda: gateway.manager.history.waiting)
        told = series(gateway, output="history")
        assert told["teleinfo_output_queue_length"] == {(): before}
        assert told["teleinfo_output_sent_total"] == {(): 0}


def test_an_output_that_reads_the_history_tells_its_backlog():
    counted = {"sent": 7, "failed": 3, "refused": 2, "backlog": 5, "lost": 1}
    words = {"target": "http://influx", "refused_reason": "field type conflict", "problem": ""}
    state = {**counted, **words, "oldest": "2026-01-14T18:50:00+00:00"}
    told = {sample[:2]: sample.value for sample in output_samples({"influx": state}, Bus())}
    assert told == {
        ("teleinfo_output_sent_total", ("influx",)): 7,
        ("teleinfo_output_lost_total", ("influx",)): 1,
        ("teleinfo_output_errors_total", ("influx", "failed")): 3,
        ("teleinfo_output_errors_total", ("influx", "refused")): 2,
        ("teleinfo_output_queue_length", ("influx",)): 5,
        ("teleinfo_output_oldest_timestamp_seconds", ("influx",)): 1768416600,
        ("teleinfo_output_problem", ("influx",)): 0,
    }


def test_an_output_tells_what_was_too_old_to_send():
    told = {
        sample[:2]: sample.value for sample in output_samples({"jeedom": {"too_old": 4}}, Bus())
    }
    assert told["teleinfo_output_errors_total", ("jeedom", "too_old")] == 4


def test_an_output_that_counts_the_same_twice_has_one_series():
    told = [sample[:2] for sample in output_samples({"other": {"sent": 1, "written": 2}}, Bus())]
    assert len(told) == len(set(told))


async def test_the_bus_counts_by_name_what_its_listeners_leave_and_lose(reading):
    bus = Bus()
    bus.subscribe(name="quick")
    slow = bus.subscribe(2, name="slow")
    for _ in range(5):
        bus.publish(reading())
    assert (bus.waiting("quick"), bus.waiting("slow"), bus.waiting("nobody")) == (5, 2, 0)
    bus.unsubscribe(slow)
    assert len([item async for item in slow]) == 2
    bus.subscribe(name="slow")
    listener = bus.listeners["slow"]
    assert (bus.waiting("slow"), listener.lost) == (0, 3), "a counter never falls"
    assert listener.waits.up_to()[-1] == 2


def test_the_process_is_told(gateway):
    told = series(gateway)
    assert told["process_resident_memory_bytes"][()] > 1e6
    assert told["process_cpu_seconds_total"][()] > 0


# --- names and format


def everything(tmp_path):
    """The text of a scrape in which every metric of this program has a series."""
    jeedom = JeedomConfig(url=f"http://127.0.0.1:{free_port()}", apikey="0123456789")
    history = HistoryConfig(path=str(tmp_path / "history.db"))
    with contextlib.closing(Gateway(["house", "garage"], jeedom=jeedom, history=history)) as it:
        it.hear("house", frame() * 3 + frame(HCHC="000000000") * 2)
        it.hear("garage", TRI_PRODUCER * 3)
        return scrape(it)[0], scrape(it, OPENMETRICS)[0]


RARE = {  # of which no series is in a short test
    *("teleinfo_active_power_watts", "teleinfo_injected_active_power_watts"),
    *("teleinfo_output_oldest_timestamp_seconds", "teleinfo_output_connected"),
}


def test_every_metric_has_its_name_kind_labels_and_meaning_in_both_formats(tmp_path):
    plain, modern = everything(tmp_path)
    found = {family.name: family for family in text_string_to_metric_families(plain)}
    found_modern = {
        family.name: family for family in openmetrics.text_string_to_metric_families(modern)
    }
    for family in FAMILIES:
        if family.name in RARE:
            continue
        name = family.name.removesuffix("_total")
        told = found[name]
        kind = Kind.GAUGE if family.kind is Kind.INFO else family.kind
        assert (told.type, told.documentation) == (kind, family.en)
        for sample in told.samples:
            assert set(sample.labels) - {"le"} == set(family.labels), sample
        told = found_modern[name.removesuffix("_info")]
        assert (told.type, told.documentation) == (family.kind, family.en)
    known = {family.name.removesuffix("_total") for family in FAMILIES}
    assert {name for name in found if not name.startswith("process_")} <= known


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_follow_the_rules(family):
    assert re.fullmatch(r"teleinfo(_[a-z]+)+", family.name)
    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
    assert family.name.endswith("_info") == (family.kind is Kind.INFO)
    assert not re.search(r"_(bucket|count|sum)$", family.name)
    other = {"kilo", "minutes", "milli", "percent", "wh", "kwh", "va", "hours"}
    if family.name != "teleinfo_index_watt_hours":
        assert not other & set(family.name.split("_"))
    assert all(re.fullmatch(r"[a-z_]+", label) for label in family.labels)
    assert family.en.endswith(tuple("abcdefghijklmnopqrstuvwxyz"))


def test_promtool_has_nothing_else_to_say(tmp_path):
    if shutil.which("promtool") is None:
        pytest.skip("needs Debian package prometheus")
    plain, _ = everything(tmp_path)
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=plain,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    complaints = (done.stdout + done.stderr).splitlines()
    assert complaints == ['teleinfo_index_watt_hours use base unit "seconds" instead of "hours"']
    rules = tmp_path / "rules.yml"
    rules.write_text(shown("groups:"))
    subprocess.run(["promtool", "check", "rules", rules], check=True, timeout=TIMEOUT_S)


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        ("", PLAIN),
        ("text/plain;version=0.0.4;q=0.3,*/*;q=0.2", PLAIN),
        (
            "application/openmetrics-text;version=1.0.0",
            "application/openmetrics-text; version=1.0.0",
        ),
        ("application/json", PLAIN),
        ("application/openmetrics-text;version=new", PLAIN),
        ("text/plain;version=1.x", PLAIN),
    ],
)
def test_the_format_is_that_of_the_header_accept(gateway, accept, told):
    text, content_type = scrape(gateway, accept)
    assert content_type.startswith(told)
    assert text.endswith("# EOF\n") == ("openmetrics" in told)


# --- who may ask, and what it takes


def test_a_scrape_needs_the_scope_read_where_there_is_a_password():
    with contextlib.closing(GuardedGateway()) as gateway:
        asked = {
            token: gateway.ask("GET", "/metrics", token=token) for token in (READ, CONTROL, INGEST)
        }
        assert [status for status, *_ in asked.values()] == [200, 200, 403]
        status, data, headers = gateway.ask("GET", "/metrics")
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert b"teleinfo_" not in str(data).encode()
        gateway.login()
        assert gateway.ask("GET", "/metrics")[0] == 200


def test_without_the_extra_the_answer_says_what_to_install(gateway, monkeypatch):
    monkeypatch.delitem(sys.modules, "teleinfo_gateway.web.exposition", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    status, data, _ = gateway.request("GET", "/metrics")
    assert status == 503
    assert "pip install -e '.[metrics]'" in data["error"]


def test_the_library_is_loaded_by_the_first_scrape_alone():
    script = (
        "import sys, teleinfo_gateway.web.app\n"
        "sys.exit(any(name.startswith('prometheus') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=TIMEOUT_S)


# --- the documentation


def shown(begin):
    """The example of the documentation that begins with this line."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    blocks = re.findall(r"^\.\. code-block:: yaml\n\n((?:(?:   .*)?\n)+)", text, re.MULTILINE)
    blocks = [re.sub("^   ", "", block, flags=re.MULTILINE) for block in blocks]
    return next(block for block in blocks if block.startswith(begin))


def test_every_metric_is_documented_with_its_labels():
    text = DOCUMENTATION.read_text(encoding="utf-8")
    rows = re.findall(r"^   \* - ``(teleinfo_\w+)``\n     - (.*)$", text, re.MULTILINE)
    documented = [(name, tuple(re.findall(r"``(\w+)``", labels))) for name, labels in rows]
    assert sorted(documented) == sorted((family.name, family.labels) for family in FAMILIES)


def test_the_examples_name_metrics_that_exist():
    (group,) = yaml.safe_load(shown("groups:"))["groups"]
    assert {rule["alert"] for rule in group["rules"]} >= {"Overload", "MeterLost", "WeakSignal"}
    names = {family.name for family in FAMILIES}
    for used in re.findall(r"``([^`]*teleinfo_[^`]*)``", DOCUMENTATION.read_text(encoding="utf-8")):
        for name in re.findall(r"teleinfo_\w+", used):
            assert name in names or name.removesuffix("_bucket") in names, name
    for rule in group["rules"]:
        assert set(re.findall(r"teleinfo_\w+", rule["expr"])) <= names
