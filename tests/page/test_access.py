"""Who may look: the login of the page, its refusals, and widgets in pages of other sites."""

import contextlib
import http.server
import re
import shutil
import subprocess
import threading

import pytest
from playwright.async_api import expect

from teleinfo_gateway.password import hash_password

from ..free_ports import free_port
from .house import WAIT_S, frame
from .test_reader import each_scheme, violations

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a long walk by the sea"  # noqa: S105  # of a gateway that exists for a second
TOKEN = "5f2a9c0d7b1e4836"  # noqa: S105  # as above

REFUSALS = (401, 429)


@pytest.fixture(scope="module")
def locked():
    """The settings of a gateway that asks for a password."""
    return {"web": {"password": hash_password(PASSWORD)}}


async def log_in(page, password=PASSWORD):
    await page.get_by_label("Password of the gateway").fill(password)
    await page.keyboard.press("Enter")


# --- login


async def test_before_the_login_nothing_is_told(gateway, tabs, locked):
    running, wires = await gateway("house", **locked)
    async with wires["house"].talking(frame(1230)):
        page = await tabs.open(f"{running.url}/#/meters", statuses=REFUSALS)
        await expect(page.get_by_label("Password of the gateway")).to_be_focused()
        assert "house" not in await page.locator("body").inner_text()
        assert await page.get_by_role("navigation").count() == 0
        for path in ("meters", "sensors", "history?meter=house", "boards", "events"):
            answer = await page.request.get(f"{running.url}/api/{path}")
            assert answer.status == 401


async def test_the_right_password_lets_in_until_the_logout(gateway, tabs, locked):
    running, wires = await gateway("house", **locked)
    page = await tabs.open(running.url, statuses=REFUSALS)
    await log_in(page)
    power = page.locator("ti-gauge .value")
    async with wires["house"].talking(frame(1230)):
        await expect(power).to_have_text("1,230")
        await page.reload()
        await expect(power).to_have_text("1,230")
        (cookie,) = await page.context.cookies()
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        await page.get_by_role("link", name="Meters").click()
        await page.get_by_role("button", name="Stop house").click()
        await expect(page.locator("ti-meter-card")).to_contain_text("stopped")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Password of the gateway")).to_be_visible()
    assert "house" not in await page.locator("body").inner_text()
    await page.reload()
    await expect(page.get_by_label("Password of the gateway")).to_be_visible()


async def test_wrong_passwords_are_refused_and_too_many_have_to_wait(gateway, tabs, locked):
    running, _ = await gateway("house", **locked)
    page = await tabs.open(running.url, statuses=REFUSALS)
    alert = page.get_by_role("alert")
    await log_in(page, "not the password")
    await expect(alert).to_have_text("The password is wrong.")
    for _ in range(9):
        answer = await page.request.post(
            f"{running.url}/api/login", data={"password": "not this one either"}
        )
        assert answer.status == 401
    await log_in(page)
    await expect(alert).to_have_text("There were too many wrong passwords.")
    await expect(page.get_by_text(re.compile(r"Try again in \d+ s\."))).to_be_visible()
    await expect(page.get_by_role("navigation")).to_have_count(0)


@each_scheme
async def test_axe_finds_nothing_at_the_login(gateway, tabs, locked, scheme):
    running, _ = await gateway("house", **locked)
    page = await tabs.open(running.url, statuses=REFUSALS, color_scheme=scheme)
    await log_in(page, "not the password")
    await expect(page.get_by_role("alert")).not_to_be_empty()
    assert await violations(page) == []


async def test_a_session_that_is_over_asks_for_the_password_again(gateway, tabs, locked):
    running, _ = await gateway("house", **locked)
    page = await tabs.open(running.url, statuses=REFUSALS)
    await log_in(page)
    await expect(page.get_by_role("navigation")).to_be_visible()
    await page.context.clear_cookies()
    # Not by a click: what the page asks by itself may show it the login at any moment.
    await page.evaluate("location.hash = '#/outputs'")
    await expect(page.get_by_label("Password of the gateway")).to_be_visible()


# --- TLS


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """The settings of a certificate that was made for this machine alone."""
    if shutil.which("openssl") is None:
        pytest.skip("needs Debian package openssl")
    folder = tmp_path_factory.mktemp("tls")
    made = {"certificate": str(folder / "web.crt"), "key": str(folder / "web.key")}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=gateway", "-addext",
         "subjectAltName=IP:127.0.0.1", "-out", made["certificate"], "-keyout", made["key"]],
        check=True, capture_output=True, timeout=WAIT_S,
    )  # fmt: skip
    return made


async def test_over_tls_the_page_is_live_and_controls_and_its_cookie_is_secure(
    gateway, tabs, locked, tls
):
    running, wires = await gateway("house", web={**locked["web"], "tls": tls})
    page = await tabs.open(running.url, statuses=REFUSALS, ignore_https_errors=True)
    assert page.url.startswith("https://")
    await log_in(page)
    async with wires["house"].talking(frame(1230)):
        await expect(page.locator("ti-gauge .value")).to_have_text("1,230")
        (cookie,) = await page.context.cookies()
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        await page.get_by_role("link", name="Meters").click()
        await page.get_by_role("button", name="Stop house").click()
        await expect(page.locator("ti-meter-card")).to_contain_text("stopped")


# --- what a browser may run


async def test_the_page_comes_with_a_policy_that_lets_nothing_else_in(gateway, tabs):
    running, _ = await gateway("house")
    page = await tabs.open("about:blank")
    answer = await page.request.get(running.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    text = await answer.text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", text) == []
    assert re.findall(r"(?:src|href)=\"(?!\./)", text) == []


# --- pages of other sites


@contextlib.contextmanager
def site(port, html):
    """Another web site of this machine, which has one page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # http.server's name
            found = self.path == "/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if found:
                self.wfile.write(html.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{port}/"
    finally:
        server.shutdown()
        thread.join(WAIT_S)
        server.server_close()


def elsewhere(gateway, token):
    return f"""<!doctype html><html lang="en"><title>Home</title><link rel="icon" href="data:,">
        <script type="module" src="{gateway.url}/widgets.js"></script>
        <ti-gauge meter="house" token="{token}"></ti-gauge>
        <ti-value meter="house" sensor="iinst" token="{token}"></ti-value>
        <ti-status meter="house" token="{token}"></ti-status>"""


async def test_widgets_work_in_the_page_of_another_site(gateway, tabs, locked):
    port = free_port()
    tokens = [{"name": "home", "scope": "read", "token": TOKEN}]
    origins = [f"http://localhost:{port}"]
    web = {**locked["web"], "tokens": tokens, "origins": origins}
    running, wires = await gateway("house", web=web)
    with site(port, elsewhere(running, TOKEN)) as address:
        page = await tabs.open(address, elsewhere=[running.url])
        async with wires["house"].talking(frame(1230)):
            await expect(page.locator("ti-gauge .value")).to_have_text("1,230")
            await expect(page.locator("ti-value .value")).to_have_text("5 A")
        async with wires["house"].talking(frame(2310)):
            await expect(page.locator("ti-gauge .value")).to_have_text("2,310")


@each_scheme
async def test_the_gallery_shows_every_widget_at_work(tabs, house, scheme):
    page = await tabs.open(f"{house.url}/gallery.html", color_scheme=scheme)
    kinds = ("gauge", "value", "curve", "bars", "tempo", "status")
    for kind in kinds:
        await expect(page.locator(f"ti-{kind}").first).to_contain_text(re.compile(r"\w"))
    await page.locator("ti-curve canvas").first.wait_for()
    await expect(page.get_by_text("widgets.js").first).to_be_visible()
    assert await violations(page) == []


async def test_a_site_that_is_not_named_shows_nothing(gateway, tabs):
    running, wires = await gateway("house", web={"origins": ["http://localhost:1"]})
    with site(free_port(), elsewhere(running, "")) as address:
        page = await tabs.open(address, statuses=(403,), elsewhere=[running.url])
        async with wires["house"].talking(frame(1230)):
            async with page.expect_event("requestfailed"):
                await page.reload()
            await expect(page.locator("ti-gauge .value")).to_have_count(0)
    assert tabs.faults
    assert all("CORS" in one or "ERR_FAILED" in one or "403" in one for one in tabs.faults)
    tabs.faults.clear()
