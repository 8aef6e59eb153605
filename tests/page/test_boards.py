"""Dashboards are composed in the page, by mouse and by keyboard, and kept by the gateway."""

import pytest
from playwright.async_api import expect

from .conftest import SHOWN
from .house import frame

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def kept(page, url):
    """The widgets of the first dashboard that the gateway keeps, by their kind."""
    answer = await page.request.get(f"{url}/api/boards")
    boards = (await answer.json())["boards"]
    return {widget["kind"]: widget for widget in boards[0]["widgets"]} if boards else {}


def place(widget):
    return tuple(widget[name] for name in "xywh")


async def the_first_board(gateway, tabs):
    running, wires = await gateway("house", "garage")
    page = await tabs.open(f"{running.url}/#/boards")
    return page, running.url, wires


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def choice(dialog, name):
    return dialog.get_by_role("combobox", name=name, exact=True)


async def keep(page):
    await button(page, "Keep it").click()
    await expect(button(page, "Keep it")).to_be_hidden()


async def test_a_first_proposal_is_kept_when_the_reader_says_so(gateway, tabs):
    page, url, _ = await the_first_board(gateway, tabs)
    await expect(page.locator("ti-board-tile")).to_have_count(8)
    assert await kept(page, url) == {}
    await keep(page)
    assert set(await kept(page, url)) == {"gauge", "curve", "bars", "status"}


async def test_a_dashboard_is_composed_and_survives_a_reload(gateway, tabs):
    page, url, wires = await the_first_board(gateway, tabs)
    await button(page, "New dashboard").click()
    await page.get_by_label("Name of the dashboard").fill("Kitchen")
    await page.get_by_label("Name of the dashboard").blur()
    async with wires["house"].talking(frame(1230)):
        for kind in ("gauge", "value"):
            await button(page, "Add a widget").click()
            dialog = page.get_by_role("dialog")
            await choice(dialog, "Kind").select_option(kind)
            await choice(dialog, "Meter").select_option("house")
            if kind == "value":
                await choice(dialog, "Label of the meter").select_option("iinst")
            await button(dialog, "Add").click()
            await expect(dialog).to_be_hidden()
        await expect(page.locator("ti-board-tile ti-value")).to_contain_text("IINST")
        await button(page, "Save").click()
        await expect(button(page, "Edit")).to_be_visible()
        widgets = await kept(page, url)
        assert {kind: (one["meter"], one["sensor"]) for kind, one in widgets.items()} == {
            "gauge": ("house", None),
            "value": ("house", "iinst"),
        }
        await page.reload()
        await expect(page.locator("ti-board-tile ti-gauge .value")).to_have_text("1,230")
        await expect(page.locator("ti-board-tile ti-value .value")).to_have_text("5 A")
        await expect(page.locator("ti-board-tile")).to_have_count(2)


async def test_a_widget_is_moved_resized_bound_and_removed_by_the_keyboard(gateway, tabs):
    page, url, _ = await the_first_board(gateway, tabs)
    await keep(page)
    await button(page, "Edit").click()
    before = await kept_of(page, url, "status", "house")
    size = button(page, "Resize Status · house")
    await size.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
        await page.keyboard.press(key)
        await expect(size).to_be_focused()
    move = button(page, "Move Status · house")
    await move.focus()
    await page.keyboard.press("ArrowRight")
    await expect(move).to_be_focused()
    await button(page, "Change Energy bars · house").press("Enter")
    dialog = page.get_by_role("dialog")
    await choice(dialog, "By").select_option("month")
    await choice(dialog, "Meter").select_option("garage")
    await page.keyboard.press("Enter")
    await button(dialog, "Apply").press("Enter")
    await button(page, "Remove Curve · house · PAPP").press("Enter")
    await expect(page.locator("ti-board-tile")).to_have_count(7)
    await button(page, "Save").press("Enter")
    await expect(button(page, "Edit")).to_be_visible()

    x, _, w, h = place(before)
    moved = await kept_of(page, url, "status", "house")
    assert (moved["x"], moved["w"], moved["h"]) == (x + 1, w - 2, h + 1)
    answer = await page.request.get(f"{url}/api/boards")
    (saved,) = (await answer.json())["boards"]
    bars = [one for one in saved["widgets"] if one["kind"] == "bars"]
    assert [one["meter"] for one in bars] == ["garage", "garage"]
    assert bars[0]["options"]["grain"] == "month"
    shown = await page.locator(f"ti-board-tile[data-id='{moved['id']}']").evaluate(
        "(tile) => tile.style.cssText"
    )
    await page.reload()
    tile = page.locator(f"ti-board-tile[data-id='{moved['id']}']")
    await expect(tile).to_be_visible()
    assert await tile.evaluate("(tile) => tile.style.cssText") == shown


async def kept_of(page, url, kind, meter):
    answer = await page.request.get(f"{url}/api/boards")
    (board,) = (await answer.json())["boards"]
    return next(one for one in board["widgets"] if (one["kind"], one["meter"]) == (kind, meter))


async def test_a_widget_is_dragged_with_the_mouse_and_that_is_undone(gateway, tabs):
    page, _, _ = await the_first_board(gateway, tabs)
    await keep(page)
    await button(page, "Edit").click()
    handle = button(page, "Move Gauge · house")
    tile = page.locator("ti-board-tile", has=handle)
    before = await tile.bounding_box()
    await handle.hover()
    await page.mouse.down()
    await page.mouse.move(before["x"] + 500, before["y"] + 60, steps=5)
    await page.mouse.up()
    await expect(button(page, "Undo")).to_be_enabled()
    after = await tile.bounding_box()
    assert after["x"] > before["x"] + 300
    await button(page, "Undo").click()
    await expect(button(page, "Undo")).to_be_disabled()
    assert (await tile.bounding_box())["x"] == before["x"]


async def test_what_somebody_else_saved_in_between_is_not_overwritten(gateway, tabs):
    page, url, _ = await the_first_board(gateway, tabs)
    await keep(page)
    other = await tabs.open(f"{url}/#/boards", statuses=(409,))
    await other.locator(SHOWN["boards"].split()[0]).wait_for()
    for one, name in ((page, "Mine"), (other, "Theirs")):
        await button(one, "Edit").click()
        await one.get_by_label("Name of the dashboard").fill(name)
        await one.get_by_label("Name of the dashboard").blur()
        await button(one, "Save").click()
        if one is page:  # it is kept before the other one is sent
            await expect(button(page, "Edit")).to_be_visible()
    await expect(other.get_by_role("alert")).to_contain_text("Somebody else saved dashboards")
    await button(other, "Load theirs, discard my changes").click()
    await expect(button(other, "Edit")).to_be_visible()
    answer = await page.request.get(f"{url}/api/boards")
    assert [board["name"] for board in (await answer.json())["boards"]] == ["Mine"]
