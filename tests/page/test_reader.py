"""For every reader: language, size of the screen, light and dark, keyboard and screen reader."""

import re

import pytest
from axe_core_python.async_playwright import Axe
from playwright.async_api import expect

from .conftest import PHONE, SHOWN, shown

pytestmark = pytest.mark.asyncio(loop_scope="session")

VIEWS = [*SHOWN]

each_view = pytest.mark.parametrize("view", VIEWS)
each_scheme = pytest.mark.parametrize("scheme", ["light", "dark"])

# Contrast is looked at as everything else; a rule is off when it asks for what the page has not.
AXE = {"resultTypes": ["violations"]}


async def violations(page):
    """What axe finds, one line for each element."""
    found = await Axe().run(page, options=AXE)
    return [
        f"{one['id']}: {one['help']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


async def ground(page):
    return await page.evaluate("getComputedStyle(document.body).backgroundColor")


def lightness(colour):
    return sum(int(one) for one in re.findall(r"\d+", colour)[:3])


# --- language


@pytest.mark.parametrize(
    ("locale", "title", "power"),
    [("fr-FR", "En direct", "kVA"), ("en-GB", "Live", "kVA"), ("de-DE", "Live", "kVA")],
)
async def test_the_language_is_that_of_the_browser(see, locale, title, power):
    page = await see(locale=locale)
    await expect(page.locator("nav a[aria-current=page]")).to_have_text(title)
    assert await page.locator("html").get_attribute("lang") == ("fr" if title != "Live" else "en")
    await expect(page.locator("ti-gauge").first).to_contain_text(power)


async def test_the_language_is_switched_at_once_and_stays_so(see):
    page = await see("energy?meter=house", locale="fr-FR")
    total = page.locator("ti-energy-meter .total")
    await expect(total).to_have_text(re.compile(r"^[\d\s]+(,\d)?\skWh$"))
    await page.get_by_label("Langue").select_option("en")
    await expect(page.get_by_role("link", name="Dashboards")).to_be_visible()
    await expect(total).to_have_text(re.compile(r"^[\d,]+(\.\d)?\skWh$"))
    await page.reload()
    await expect(page.get_by_role("link", name="Dashboards")).to_be_visible()
    assert await page.locator("html").get_attribute("lang") == "en"


# --- screens


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
async def test_nothing_is_wider_than_a_phone(see, locale):
    page = await see(VIEWS[0], viewport=PHONE, locale=locale)
    for view in VIEWS:
        await page.evaluate(f"location.hash = '#/{view}'")
        await shown(page, view)
        wide, seen = await page.evaluate(
            "[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= seen, view


@each_scheme
async def test_light_and_dark_follow_the_system(see, scheme):
    page = await see(color_scheme=scheme)
    assert (lightness(await ground(page)) > 380) == (scheme == "light")
    await page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    assert (lightness(await ground(page)) > 380) == (scheme == "dark")


async def test_light_and_dark_can_be_chosen_and_stay_so(see):
    page = await see("day", color_scheme="light")
    await page.get_by_label("Appearance").select_option("dark")
    assert lightness(await ground(page)) < 380
    await page.reload()
    await shown(page, "day")
    assert lightness(await ground(page)) < 380


# --- keyboard and screen reader


async def test_the_keyboard_reaches_the_content_past_the_navigation(see):
    page = await see()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


@each_scheme
@each_view
async def test_axe_finds_nothing(see, view, scheme):
    page = await see(view, color_scheme=scheme)
    folded = page.locator("main details:not([open]) > summary")
    while await folded.count():
        await folded.first.click()
    assert await violations(page) == []


@each_scheme
async def test_axe_finds_nothing_while_a_dashboard_is_edited(see, scheme):
    page = await see("boards", color_scheme=scheme)
    await page.get_by_role("button", name="Edit").click()
    await expect(page.get_by_role("toolbar")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Add a widget").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page) == []
