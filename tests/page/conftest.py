"""A real browser (Debian's Chromium) on the page of a real gateway.

Whatever a test looks at, the page must not write an error into the browser's console, load anything
from elsewhere or break its security policy: that is looked at when its tab is closed.
"""

import re
import shutil
from contextlib import AsyncExitStack
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from teleinfo_gateway.web import pages

from .house import Wire, inhabited, running

if find_spec("playwright") is None:  # there is none for this machine: it has no wheel
    collect_ignore_glob = ["test_*.py"]

WAIT_MS = 15_000
"""Far more than anything takes on a machine that has other things to do."""

DAYS = 70
"""Of the past: what is shown first, 31 days, and the 31 before them."""

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}

OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
"""Not even the browser's own services are asked: there are no other names."""

_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d)")

_VIOLATIONS = """addEventListener("securitypolicyviolation",
    (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser():
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Debian package chromium")
    if not (pages._STATIC / "index.html").is_file():
        pytest.skip("needs the page: pip install -e . builds it")
    from playwright.async_api import async_playwright, expect  # noqa: PLC0415  # there may be none

    expect.set_options(timeout=WAIT_MS)  # instead of five seconds
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=program, args=[OFFLINE])
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(browser, tmp_path_factory):
    """The gateway of the demonstration's two meters, which live as they do and have a past."""
    async with inhabited(tmp_path_factory.mktemp("house"), DAYS) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(browser, tmp_path):
    """The function that starts a gateway on meters of these names, whose wires are the test's."""
    async with AsyncExitStack() as stack:

        async def start(*names, **settings):
            wires = {}
            for name in names:
                wires[name] = Wire()
                stack.callback(wires[name].close)
            made = await stack.enter_async_context(running(tmp_path / "gateway", wires, **settings))
            return made, wires

        yield start


class Tabs:
    """Opens pages in a fresh browser profile each, and keeps what they did wrong."""

    def __init__(self, browser, stack):
        self._browser = browser
        self._stack = stack
        self.faults = []

    async def open(self, address, *, statuses=(), elsewhere=(), **profile):
        """A page; refusals with these ``statuses`` are on purpose, so is what is ``elsewhere``."""
        profile = {"locale": "en-GB", "viewport": DESKTOP, "reduced_motion": "reduce", **profile}
        context = await self._browser.new_context(**profile)
        self._stack.push_async_callback(context.close)
        context.set_default_timeout(WAIT_MS)
        origins = {_origin(one) for one in (address, *elsewhere)}
        await context.add_init_script(_VIOLATIONS)
        await context.route(lambda url: _origin(url) not in origins, self._refuse)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", lambda message: self._hear(message, statuses))
        await page.goto(address)
        return page

    async def _refuse(self, route):
        self.faults.append(f"asked elsewhere: {route.request.url}")
        await route.abort()

    def _hear(self, message, statuses):
        if message.type not in {"error", "warning"}:
            return
        told = _REFUSED.match(message.text)
        if not (told and int(told[1]) in statuses):
            self.faults.append(f"{message.type}: {message.text} {message.location['url']}")


def _origin(url):
    return urlsplit(url)[:2]


@pytest_asyncio.fixture(loop_scope="session")
async def tabs(browser, gateway):  # closed before a gateway stops
    async with AsyncExitStack() as stack:
        made = Tabs(browser, stack)
        yield made
    assert made.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def see(tabs, house):
    """The function that opens a view of the house, waiting until it has something to show."""

    async def open_view(view="live", **profile):
        page = await tabs.open(f"{house.url}/#/{view}", **profile)
        await shown(page, view)
        return page

    return open_view


SHOWN = {
    "live": "ti-curve canvas",
    "day": "ti-time-chart canvas",
    "energy": "ti-energy-records",
    "boards": "ti-board-grid ti-curve canvas",
    "meters": "ti-line-quality",
    "outputs": "ti-outputs .card",
    "settings": "ti-settings h2",
}
"""What is there when a view is complete."""


async def shown(page, view):
    await page.locator(SHOWN[view.partition("?")[0]]).first.wait_for()
