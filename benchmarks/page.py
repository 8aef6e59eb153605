"""The page with a year of history: when it can be used, its size, and when an overload is seen.

A browser without anything in its cache opens each view. It can be used when what the view shows is
drawn and no task of the page keeps a click waiting (50 ms) from then on.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.request import urlopen

from frames import groups_of, with_group_behind, with_values
from gateway_process import GatewayProcess, devices, free_port
from history import readings
from line_writer import open_lines
from table import Table

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.sampling import MeterRow
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.simulation import Installation
from teleinfo_gateway.web import pages
from tic import Group, Mode, encode_frame

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAME = "meter-1"
_INSTALLATION = Installation()
_GROUPS = groups_of(_INSTALLATION)
_YEAR_MINUTES = 365 * 1440
_WEEK_MINUTES = 7 * 1440
_TIMES = 5
_OVERLOADS = 50
_FRAME_S = 0.1
_PATIENCE_S = 20.0
_OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

_VIEWS = (
    ("live", "live", ".value"),
    ("live, with the curve", "live", "ti-curve canvas"),
    ("day", "day", "ti-time-chart canvas"),
    ("energy, 31 days", "energy", "ti-bar-chart canvas"),
    ("energy, 12 months", "energy?grain=month", "ti-bar-chart canvas"),
    ("energy, 365 days", "energy?count=365", "ti-bar-chart canvas"),
    ("dashboards", "boards", "ti-board-grid canvas"),
    ("meters", "meters", "ti-line-quality"),
)

_FIND = """window.find = (selector, root = document) => {
    const [first, ...others] = selector.split(" ");
    for (const one of root.querySelectorAll("*")) {
        const inside = one.matches(first) ? (others.length ? null : one) : undefined;
        if (inside) return inside;
        const rest = inside === null ? others.join(" ") : selector;
        const found = one.shadowRoot && find(rest, one.shadowRoot);
        if (found) return found;
    }
    return null;
};"""

_WATCH = """window.busy = 0;
new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) window.busy = startTime + duration;
}).observe({ type: "longtask", buffered: true });
window.seen = new Promise((resolve) => {
    const look = () => {
        const found = find(SELECTOR);
        const drawn = found && (found.localName !== "canvas" || found.width > 0);
        if (drawn && found.textContent !== "–") resolve(performance.now());
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
});"""

_OVERLOAD = """() => new Promise((resolve) => {
    const alert = find("ti-overload").shadowRoot.querySelector("[role=alert]");
    const look = () => {
        if (alert.textContent) resolve(performance.timeOrigin + performance.now());
        else requestAnimationFrame(look);
    };
    look();
})"""


def run() -> Table:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # there is none everywhere

    (line, *_), port = open_lines(1), free_port()
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        history = Path(folder, "history.db")
        _fill(history)
        settings: dict[str, object] = {
            "devices": devices([os.ttyname(line[1])], Mode.HISTORIQUE),
            "xpl": False,
            "web": {"listen": f"127.0.0.1:{port}"},
            "history": {"path": str(history)},
        }
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[_OFFLINE]
        )
        with GatewayProcess(settings) as gateway:
            url = f"http://127.0.0.1:{port}"
            _until_heard(gateway, url, line[0])
            rows = [
                *_sizes(),
                *(_opened(browser, url, line[0], *view) for view in _VIEWS),
                _overloads(browser, url, line[0]),
            ]
        browser.close()
    for end in line:
        os.close(end)
    return Table(
        "The page, with a year of one-minute readings",
        ("", "median", "worst", "unit"),
        rows,
        (
            f"Opened {_TIMES} times, nothing cached: from the click to all of it drawn and idle.",
            f"An overload: {_OVERLOADS} times, from the frame on the line to the banner drawn.",
        ),
    )


def _fill(path: Path) -> None:
    database = Database(HistoryConfig(path=str(path)))
    database.prepare()
    adco = _INSTALLATION.identity
    end = int(time.time()) // 60 * 60
    source = readings(adco, end - 60 * _YEAR_MINUTES, 1)
    for begin in range(0, _YEAR_MINUTES, _WEEK_MINUTES):
        rows = list(islice(source, min(_WEEK_MINUTES, _YEAR_MINUTES - begin)))
        meter = MeterRow(adco, end, _NAME, "historique", 1, None)
        with database.writing() as connection:
            store(connection, Batch({adco: meter}, readings=rows))
    database.close()


def _until_heard(gateway: GatewayProcess, url: str, line: int) -> None:
    """Speak until the gateway believes the meter."""
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        os.write(line, _frame())
        time.sleep(_FRAME_S)
        with suppress(OSError), urlopen(f"{url}/api/meters") as answer:  # noqa: S310  # our own
            if json.load(answer)[0]["adco"]:
                return
    raise gateway.silent("meter")


def _sizes() -> Iterator[tuple[str, ...]]:
    """As they are sent, in thousands of bytes."""
    static = Path(pages.__file__).with_name("static")
    assets = [path for path in static.rglob("*") if path.suffix in {".js", ".css", ".html"}]
    widgets = static / "widgets.js"
    for name, files in (
        ("bundle: the page with all its views", [each for each in assets if each != widgets]),
        ("bundle: widgets.js", [widgets]),
    ):
        size = sum(len(gzip.compress(each.read_bytes())) for each in files)
        yield (name, f"{size / 1000:.0f}", "", "kB, gzip")


def _opened(
    browser: Browser, url: str, line: int, name: str, view: str, shows: str
) -> tuple[str, ...]:
    taken_ms = []
    for _ in range(_TIMES):
        context = browser.new_context()
        page = context.new_page()
        page.add_init_script(_FIND + _WATCH.replace("SELECTOR", repr(shows)))
        os.write(line, _frame())
        page.goto(f"{url}/#/{view}")
        seen_ms = _talking(page, line, "window.seen")
        page.wait_for_timeout(500)
        taken_ms.append(max(seen_ms, page.evaluate("window.busy")))
        context.close()
    return (name, f"{median(taken_ms):.0f}", f"{max(taken_ms):.0f}", "ms")


def _talking(page: Page, line: int, promise: str) -> float:
    """What a promise of the page gives, the meter speaking until then."""
    page.evaluate(f"{promise}.then((value) => (window.given = value))")
    while (given := page.evaluate("window.given ?? null")) is None:
        os.write(line, _frame())
        page.wait_for_timeout(1000 * _FRAME_S)
    return float(given)


def _overloads(browser: Browser, url: str, line: int) -> tuple[str, ...]:
    page = browser.new_page()
    page.add_init_script(_FIND)
    page.goto(f"{url}/#/live")
    banner = page.locator("ti-overload [role=alert]")
    page.locator("ti-curve canvas").wait_for()
    taken_ms = []
    for _ in range(_OVERLOADS):
        while banner.text_content():
            os.write(line, _frame())
            page.wait_for_timeout(1000 * _FRAME_S)
        page.evaluate(f"void (window.given = undefined, window.shown = ({_OVERLOAD})())")
        sent_ms = time.time() * 1000
        os.write(line, _frame(over=True))
        taken_ms.append(page.evaluate("window.shown") - sent_ms)
    page.close()
    return ("an overload", f"{median(taken_ms):.0f}", f"{max(taken_ms):.0f}", "ms")


def _frame(*, over: bool = False) -> bytes:
    """A frame of the meter; ``over``: of one whose subscription is exceeded."""
    if not over:
        return encode_frame(_GROUPS)
    loaded = with_values(_GROUPS, IINST="052", PAPP="11960")
    return encode_frame(with_group_behind(loaded, "IINST", Group("ADPS", "052")))
