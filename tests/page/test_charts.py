"""The charts of the history: what is drawn, told in words and in files, and what is not."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from teleinfo_gateway.simulation.past import outages

pytestmark = pytest.mark.asyncio(loop_scope="session")

FRANCE = ZoneInfo("Europe/Paris")

INK = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let drawn = 0;
    for (let at = 3; at < data.length; at += 4) drawn += data[at] > 0;
    return drawn / (canvas.width * canvas.height);
}"""
"""The share of a canvas that is not empty."""


def yesterday():
    return datetime.now(FRANCE).date() - timedelta(days=1)


@pytest.fixture
def gap(house):
    """When the gateway of the demonstration was off last, as its invented past has it."""
    off, on = outages(house.since)[-1]
    return off.astimezone(FRANCE), on.astimezone(FRANCE)


@pytest.fixture
def day(gap):
    """The address of the day with the gap; a midnight that passes changes nothing."""
    return f"day?meter=house&date={gap[0].date()}"


async def saved(page, button):
    """The text of the file that a button has the browser save, and its name."""
    async with page.expect_download() as download:
        await button.click()
    file = await download.value
    return file.suggested_filename, (await file.path()).read_bytes()


async def rows_of(page, within):
    name, data = await saved(page, page.locator(within).get_by_role("button", name="CSV").first)
    assert name.endswith(".csv")
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


# --- a day


async def test_a_gap_of_a_day_is_a_gap_in_the_chart_in_words_and_in_the_file(see, gap, day):
    page = await see(day)
    assert await page.locator("#power canvas").evaluate(INK) > 0.02
    await expect(page.locator("ti-day-meter")).to_contain_text("Nothing was heard:")

    rows = await rows_of(page, "ti-day-meter")
    off, on = gap
    within = {True: [], False: []}
    for row in rows:
        within[off <= datetime.fromisoformat(row["time"]) < on].append(row["papp VA"])
    assert set(within[True]) == {""}
    assert len(within[False]) > 1000  # one a minute
    assert "" not in within[False]


async def test_the_instant_under_the_cursor_is_told_in_words(see, gap, day):
    page = await see(day)
    chart = page.locator("#power .u-over")
    slider = page.locator("#power [role=slider]")
    box = await chart.bounding_box()
    off, on = gap
    for instant, words in (
        (off + (on - off) / 2, "nothing was heard"),
        (on + timedelta(hours=3), r"\d\sVA"),
    ):
        share = (instant.hour * 60 + instant.minute) / 1440
        await chart.hover(position={"x": box["width"] * share, "y": box["height"] / 2})
        await expect(slider).to_have_attribute("aria-valuetext", re.compile(words))


async def test_a_day_is_zoomed_and_panned_by_the_keyboard(see, day):
    page = await see(day)
    chart = page.locator("#power [role=slider]")

    async def span():
        low, high = [int(await chart.get_attribute(f"aria-value{end}")) for end in ("min", "max")]
        return low, high - low

    whole = await span()
    assert whole[1] == 86400
    await chart.focus()
    await page.keyboard.press("+")
    await expect(page.get_by_role("button", name="Show all")).to_be_enabled()
    closer = await span()
    assert whole[0] < closer[0]
    assert closer[1] < whole[1]
    await page.keyboard.press("Shift+ArrowLeft")
    await expect(chart).not_to_have_attribute("aria-valuemin", str(closer[0]))
    assert (await span())[0] < closer[0]
    await page.keyboard.press("0")
    await expect(chart).to_have_attribute("aria-valuemin", str(whole[0]))


async def test_charts_are_saved_as_pictures(see):
    for view, within in (("day", "ti-day-meter"), ("energy", "ti-energy-meter")):
        page = await see(f"{view}?meter=house")
        button = page.locator(within).get_by_role("button", name="PNG").first
        name, data = await saved(page, button)
        assert name.startswith("house-")
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(data) > 5000


async def test_meters_are_side_by_side_and_never_summed(see):
    page = await see("day?meter=*")
    await expect(page.locator("ti-day-meter h2")).to_have_text(["house", "workshop"])
    await expect(page.locator("ti-day-meter canvas")).to_have_count(2)


# --- energy


async def test_bars_table_and_file_agree_with_the_api(see, house):
    page = await see("energy?meter=house&grain=day&count=31")
    today = datetime.now(FRANCE).date()
    first = today - timedelta(days=30)
    answer = await page.request.get(
        f"{house.url}/api/energy",
        params={"meter": "house", "grain": "day", "from": str(first)},
    )
    told = [period["wh"] for period in (await answer.json())["periods"]]
    assert len(told) == 31

    await page.get_by_text("The figures", exact=True).click()
    table = page.locator("ti-energy-table tbody tr")
    await expect(table).to_have_count(31)
    shown = [await row.locator("td").first.inner_text() for row in await table.all()]
    assert (
        [float(one) for one in shown[1:]]
        == [  # today goes on
            pytest.approx(wh / 1000, abs=0.00501) for wh in told[-2::-1]
        ]
    )

    rows = [row for row in await rows_of(page, "ti-energy-meter") if row["kind"] == "day"]
    assert [int(row["wh"]) for row in rows][:-1] == told[:-1]
    slots = [name for name in rows[0] if name.startswith("wh ") and name != "wh injected"]
    for row in rows[:-1]:
        assert sum(int(row[slot] or 0) for slot in slots) == int(row["wh"])

    assert await page.locator("ti-bar-chart canvas").evaluate(INK) > 0.02
    bars = page.locator("ti-bar-chart [role=slider]")
    await bars.focus()
    await page.keyboard.press("Home")
    day = f"{first:%A},? {first.day} {first:%B %Y}"
    told_in_words = re.compile(rf"^{day}: ([\d.]+)\skWh, ")
    await expect(bars).to_have_attribute("aria-valuetext", told_in_words)
    kwh = told_in_words.match(await bars.get_attribute("aria-valuetext"))[1]
    assert float(kwh) == pytest.approx(told[0] / 1000, abs=0.0501)


async def test_energy_is_switched_to_euros(see, house):
    page = await see("energy?meter=house&grain=month&count=3")
    total = page.locator("ti-energy-meter .total")
    await expect(total).to_contain_text("kWh")
    await page.get_by_role("button", name="€").click()
    await expect(total).to_have_text(re.compile(r"^€\d"))
    shown = float((await total.inner_text()).strip("€").replace(",", ""))
    month = datetime.now(FRANCE).date().replace(day=1)
    for _ in range(2):
        month = (month - timedelta(days=1)).replace(day=1)
    answer = await page.request.get(
        f"{house.url}/api/cost", params={"meter": "house", "from": str(month)}
    )
    euros = float((await answer.json())["costs"][0]["total"]["total_euros"])
    assert shown == pytest.approx(euros, abs=0.5)  # of a hundred, and the meter goes on


async def test_a_bar_opens_into_what_it_is_made_of(see):
    page = await see("energy?meter=workshop&grain=day&count=7")
    await page.locator("ti-bar-chart [role=slider]").focus()
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Hour")).to_have_attribute("aria-pressed", "true")
    await expect(page).to_have_url(re.compile(f"date={yesterday()}"))


async def test_a_time_before_the_history_says_so(see):
    page = await see("energy?meter=house")
    date = (datetime.now(UTC) - timedelta(days=3000)).date()
    await page.goto(page.url.split("#")[0] + f"#/energy?meter=house&grain=day&count=7&date={date}")
    await expect(page.locator("ti-energy-meter")).to_contain_text(
        "Nothing was counted in this time."
    )


async def test_the_choice_of_how_many_follows_what_is_shown(see):
    page = await see("energy?meter=house&grain=day")
    count = page.get_by_label("How many")
    for days in ("14", "92"):
        await count.select_option(days)
        await expect(page).to_have_url(re.compile(f"count={days}"))
    await page.get_by_role("button", name="Year").click()
    await expect(count).to_have_value("3")


async def test_nothing_counted_is_not_zero(gateway, tabs):
    running, _ = await gateway("house")
    page = await tabs.open(f"{running.url}/#/boards")
    bars = page.locator("ti-bars")
    await expect(bars).to_contain_text("Nothing was counted in this time.")
    await expect(bars).not_to_contain_text("0.00 kWh")


async def test_an_answer_that_breaks_off_is_told_and_asked_for_again(see):
    page = await see("live")
    await page.route("**/api/energy?**", lambda route: route.fulfill(body='{"periods": ['))
    await page.evaluate("location.hash = '#/energy?meter=house'")
    alert = page.locator("ti-energy-meter").get_by_role("alert")
    await expect(alert).to_contain_text("This could not be loaded")
    await page.unroute("**/api/energy?**")
    await alert.get_by_role("button", name="Try again").click()
    await expect(page.locator("ti-energy-meter .total")).to_contain_text("kWh")


async def test_french_has_its_first_of_the_month_its_marks_and_its_minus(see):
    today = datetime.now(FRANCE).date()
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    page = await see(f"day?meter=house&date={first}", locale="fr-FR")
    day = page.locator("ti-day-meter")
    await expect(day.locator("h2 + p")).to_have_text(re.compile(r"^\w+ 1er \w+ \d{4}$"))
    await expect(page.get_by_role("button", name="Aujourd’hui")).to_be_visible()
    texts = await page.locator("main").inner_text()
    assert "'" not in texts
    assert re.findall(r"-\d", texts) == []
