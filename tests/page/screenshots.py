"""``make screenshots``: the pictures of the page that the documentation shows, in docs/images.

The gateway and its meters are those of the tests, with 13 months of the same invented past. The
pictures follow the clock: what is shown of the day and the season is that of the moment.
"""

import asyncio
import shutil
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from playwright.async_api import async_playwright

from .house import inhabited

IMAGES = Path(__file__).parents[2] / "docs/images"
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5, "is_mobile": True}
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
LISTENING_S = 20  # the curve of the last minutes has something of now then
SETTLED_MS = 1500
YESTERDAY = datetime.now(ZoneInfo("Europe/Paris")).date() - timedelta(days=1)


@dataclass(frozen=True)
class Picture:
    """One of them: its file, the view, what is there when the view is complete, and for whom."""

    name: str
    view: str
    shows: str
    profile: dict = field(default_factory=lambda: DESKTOP)
    locale: str = "en-GB"
    dark: bool = False


DAY = f"day?meter=house&date={YESTERDAY}"
ENERGY = "energy?meter=house&grain=day"

PICTURES = (
    Picture("page-live", "live?meter=house", "ti-curve canvas"),
    Picture("page-day", DAY, "ti-time-chart canvas"),
    Picture("page-energy", ENERGY, "ti-energy-records"),
    Picture("page-energy-dark", f"{ENERGY}&unit=money", "ti-energy-records", dark=True),
    Picture("page-boards", "boards", "ti-board-grid ti-curve canvas"),
    Picture("page-meters", "meters", "ti-line-quality"),
    Picture("page-phone-live", "live?meter=house", "ti-curve canvas", PHONE, "fr-FR"),
    Picture("page-phone-boards", "boards", "ti-board-grid ti-curve canvas", PHONE, "fr-FR"),
    Picture("page-phone-energy", ENERGY, "ti-energy-records", PHONE, "fr-FR"),
)


async def main() -> int:
    program = shutil.which("chromium")
    if program is None:
        sys.stderr.write("As root: apt-get install chromium; then again: make screenshots\n")
        return 1
    with TemporaryDirectory() as folder:
        async with inhabited(folder) as gateway, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=program, args=[OFFLINE])
            await asyncio.sleep(LISTENING_S)
            for picture in PICTURES:
                await take(browser, gateway.url, picture)
            await browser.close()
    return 0


async def take(browser, url, picture):
    context = await browser.new_context(
        **picture.profile,
        locale=picture.locale,
        color_scheme="dark" if picture.dark else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto(f"{url}/#/{picture.view}")
    await page.locator(picture.shows).first.wait_for()
    await page.wait_for_timeout(SETTLED_MS)
    path = IMAGES / f"{picture.name}.png"
    await page.screenshot(path=path)
    sys.stdout.write(f"{path.relative_to(IMAGES.parents[1])} {path.stat().st_size // 1000} kB\n")
    await context.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
