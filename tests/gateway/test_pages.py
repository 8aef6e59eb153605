"""The files of the page over real HTTP: what is kept, what may run, who may load it."""

import contextlib
import gzip
import re

import pytest

from teleinfo_gateway.resources import resource
from teleinfo_gateway.web import pages

from .test_access import GuardedGateway
from .test_web import Gateway

INDEX = '<!doctype html><script type="module" src="./assets/index-abc123.js"></script>'
SCRIPT = "console.log(1);\n" * 100
SITE = "http://homeassistant.local:8123"


@pytest.fixture
def static(tmp_path, monkeypatch):
    """A bundle as Vite makes it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "widgets.js").write_text(SCRIPT)
    (folder / "assets/index-abc123.js").write_text(SCRIPT)
    (folder / "assets/index-abc123.css").write_text("a{}")
    monkeypatch.setattr(pages, "_STATIC", folder)
    return folder


@pytest.fixture
def gateway(static):
    with contextlib.closing(Gateway([])) as started:
        yield started


def directives(headers):
    return dict(one.strip().split(" ", 1) for one in headers["content-security-policy"].split(";"))


def test_the_page_may_load_and_run_what_is_its_own_and_nothing_else(gateway):
    status, data, headers = gateway.request("GET", "/")
    assert (status, data) == (200, INDEX.encode())
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert directives(headers) == {
        "default-src": "'self'",
        "img-src": "'self' blob: data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "set-cookie" not in headers


@pytest.mark.parametrize(
    ("path", "keep", "media_type"),
    [
        ("/", "no-cache", "text/html"),
        ("/icon.png", "no-cache", "image/png"),
        ("/widgets.js", "no-cache", "javascript"),
        ("/assets/index-abc123.js", "public, max-age=31536000, immutable", "javascript"),
        ("/assets/index-abc123.css", "public, max-age=31536000, immutable", "text/css"),
    ],
)
def test_files_whose_names_change_are_kept_and_the_others_asked_for_again(
    gateway, static, path, keep, media_type
):
    status, data, headers = gateway.request("GET", path)
    assert (status, headers["cache-control"]) == (200, keep)
    assert media_type in headers["content-type"]
    known = {"If-None-Match": headers["etag"]}
    status, nothing, again = gateway.request("GET", path, headers=known)
    assert (status, nothing, again["etag"]) == (304, b"", headers["etag"])
    status, nothing, head = gateway.request("HEAD", path)
    assert (status, nothing, head["content-length"]) == (200, b"", str(len(data)))
    if path == "/":
        (static / "index.html").write_text("another")
        assert gateway.request("GET", path, headers=known)[:2] == (200, b"another")


def test_a_script_is_packed_for_who_can_unpack_it(gateway):
    packs = {"Accept-Encoding": "gzip, br"}
    _, data, headers = gateway.request("GET", "/widgets.js", headers=packs)
    assert headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in headers["vary"]
    assert gzip.decompress(data) == SCRIPT.encode()
    assert len(data) < len(SCRIPT)
    _, data, headers = gateway.request("GET", "/widgets.js")
    assert data == SCRIPT.encode()
    _, data, headers = gateway.request("GET", "/assets/index-abc123.css", headers=packs)
    assert (data, "content-encoding" in headers) == (b"a{}", False)  # it would be longer


def test_the_icon_is_that_of_the_package(gateway):
    assert gateway.get("/icon.png") == resource("icon.png").read_bytes()


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/assets/", "/assets/..%2Findex.html", "/assets/.hidden", "/assets/a/b",
     "/static/index.html", "/index.html", "/assets/%2Fetc%2Fpasswd", "/assets/%00",
     "/assets/" + "a" * 300],
)  # fmt: skip
def test_no_other_file_is_served(gateway, static, path):
    (static / "assets/.hidden").write_text("secret")
    status, data, headers = gateway.request("GET", path)
    assert (status, list(data)) == (404, ["error"])
    assert headers["cache-control"] == "no-store"


def test_a_checkout_that_was_never_built_says_what_to_do(gateway, static):
    for file in ("index.html", "widgets.js"):
        (static / file).unlink()
    status, data, headers = gateway.request("GET", "/")
    assert (status, headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert b"pip install --editable" in data
    assert b"<script" not in data
    assert gateway.request("GET", "/widgets.js")[0] == 404


def test_a_page_needs_no_login_to_ask_for_one(static):
    with contextlib.closing(GuardedGateway([])) as gateway:
        for path in ("/", "/widgets.js", "/assets/index-abc123.js", "/icon.png"):
            assert gateway.request("GET", path)[0] == 200
        assert gateway.request("POST", "/")[0] == 405


def test_widgets_are_for_other_sites_only_if_some_are_named(static, gateway):
    by_script = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    _, _, headers = gateway.request("GET", "/widgets.js", headers=by_script)
    assert headers["cross-origin-resource-policy"] == "same-origin"  # which the browser heeds
    assert gateway.request("GET", "/widgets.js", headers={"Origin": SITE})[0] == 403
    with contextlib.closing(Gateway([], web={"origins": (SITE,)})) as named:
        for path in ("/widgets.js", "/assets/index-abc123.js"):
            status, _, headers = named.request("GET", path, headers={"Origin": SITE})
            assert (status, headers["access-control-allow-origin"]) == (200, SITE)
            assert headers["cross-origin-resource-policy"] == "cross-origin"
            assert set(re.split(", *", headers["vary"])) == {"Accept-Encoding", "Origin"}
        _, _, headers = named.request("GET", "/")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert named.request("GET", "/", headers=by_script)[0] == 403
