"""The demonstration: nobody takes its numbers for those of a home."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from .conftest import PHONE, SHOWN, shown
from .house import Demonstration, started
from .test_reader import each_scheme, violations

pytestmark = pytest.mark.asyncio(loop_scope="session")

BANNERS = {
    "en-GB": "Demonstration: simulated meters, invented numbers",
    "fr-FR": "Démonstration : compteurs simulés, chiffres inventés",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demonstration(browser, tmp_path_factory):
    async with started(Demonstration(tmp_path_factory.mktemp("demonstration"))) as gateway:
        yield gateway


@pytest.mark.parametrize("locale", BANNERS)
async def test_a_banner_marks_every_view(demonstration, tabs, locale):
    page = await tabs.open(demonstration.url, locale=locale, viewport=PHONE)
    for view in SHOWN:
        await page.evaluate(f"location.hash = '#/{view}'")
        await shown(page, view)
        await expect(page.get_by_text(BANNERS[locale])).to_be_visible()
        wide, seen = await page.evaluate(
            "[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= seen, view


@each_scheme
async def test_axe_finds_nothing_at_the_banner(demonstration, tabs, scheme):
    page = await tabs.open(demonstration.url, color_scheme=scheme)
    await expect(page.get_by_text(BANNERS["en-GB"])).to_be_visible()
    assert await violations(page) == []


async def test_meters_of_a_home_have_no_banner(see):
    page = await see("outputs")  # it shows what comes with the answer that would tell it
    await expect(page.get_by_text(BANNERS["en-GB"])).to_have_count(0)
