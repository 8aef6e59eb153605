"""Who may do what: real HTTP and TLS, real cookies, every refusal."""

import contextlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from click.testing import CliRunner
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from teleinfo_gateway import password as password_module
from teleinfo_gateway.certificates import CertificateError
from teleinfo_gateway.cli import teleinfo as command
from teleinfo_gateway.config import HistoryConfig, TlsConfig, TokenConfig, WebConfig
from teleinfo_gateway.password import PasswordHash, hash_password
from teleinfo_gateway.secret import SecretError
from teleinfo_gateway.web import access, events, guard, login
from teleinfo_gateway.web.access import Keys, keys_of, needed
from teleinfo_gateway.web.guard import Site
from teleinfo_gateway.web.server import WebServer
from teleinfo_gateway.web.sessions import Sessions
from teleinfo_gateway.web.tls import tls_context

from .loop_thread import TIMEOUT_S
from .test_ingest import ADCO, reading
from .test_web import Gateway, Stream, publish_link, until

PASSWORD = "correct horse"  # noqa: S105  # of tests
READ, CONTROL, INGEST = (f"{scope}-0123456789abcdef" for scope in ("read", "control", "ingest"))
HOME = "http://homeassistant.local:8123"


def cheap_hash(password=PASSWORD):
    """One that takes no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password_module, "_COST", (2, 8, 1))
        return hash_password(password)


TOKENS = tuple(
    TokenConfig(name=scope, scope=scope, token=token)
    for scope, token in (("read", READ), ("control", CONTROL), ("ingest", INGEST))
)
GUARDED = {"password": cheap_hash(), "tokens": TOKENS}


class GuardedGateway(Gateway):
    """A gateway with a password, and a browser that keeps its cookie."""

    def __init__(self, meters=("house",), web=(), **settings):
        super().__init__(meters, web={**GUARDED, **dict(web)}, **settings)
        self.origin = f"http://127.0.0.1:{self.port}"
        self.cookie = None

    def ask(self, method, path, body=None, token=None, **headers):
        """The answer to a request with a token, or as a browser with its cookie and origin."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        elif self.cookie:
            headers.setdefault("Cookie", self.cookie)
            headers.setdefault("Origin", self.origin)
        return self.request(method, path, body, headers)

    def login(self, password=PASSWORD, **headers):
        body = json.dumps({"password": password})
        status, data, headers = self.request("POST", "/api/login", body, headers)
        if status == 200:
            (morsel,) = SimpleCookie(headers["set-cookie"]).values()
            self.cookie = f"{morsel.key}={morsel.value}"
        return status, data, headers


@pytest.fixture
def gateway():
    with contextlib.closing(GuardedGateway()) as started:
        yield started


# --- without a login


@pytest.mark.parametrize("path", ["/healthz", "/api/session", "/icon.png"])
def test_what_is_for_everybody_needs_no_login(gateway, path):
    assert gateway.ask("GET", path)[0] == 200


def test_everything_else_needs_one_and_the_answer_says_so(gateway):
    status, described, _ = gateway.ask("GET", "/api/openapi.json", token=READ)
    assert status == 200
    open_to_all = set()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            status, data, headers = gateway.ask(method.upper(), path.replace("{name}", "house"))
            if "security" not in operation:
                open_to_all.add(path)
                assert status in {200, 400}
                continue
            assert (status, headers["www-authenticate"]) == (401, "Bearer"), path
            assert list(data) == ["error"]
            if path == "/api/ingest":
                break  # too many wrong tokens would be another answer
    assert open_to_all == {"/healthz", "/api/login", "/api/logout", "/api/session"}
    _, data, _ = gateway.ask("GET", "/api/status")
    assert "$TELEINFO_TOKEN" in data["error"]


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/api/events", "/apidocs"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"])
def test_no_path_of_the_api_is_open_by_mistake(gateway, method, path):
    assert gateway.ask(method, path)[0] == 401


def test_the_default_is_that_a_login_is_needed():
    assert needed("GET", "/api/whatever") == "read"
    assert needed("DELETE", "/api/whatever") == "control"
    assert needed("POST", "/api/ingest") == "ingest"
    assert needed("GET", "/") is None


# --- the session


def test_a_login_opens_what_a_person_may_do(gateway):
    state = {"login": False, "required": True, "scopes": []}
    assert gateway.ask("GET", "/api/session")[1] == state
    status, data, headers = gateway.login()
    state = {"login": True, "required": True, "scopes": ["control", "read"]}
    assert (status, data) == (200, state)
    cookie = headers["set-cookie"]
    key = re.match(rf"teleinfo-{gateway.port}=([\w-]+);", cookie)[1]
    assert len(key) == 43  # 256 bits
    for part in ("HttpOnly", "Path=/", "SameSite=strict", "Max-Age=2592000"):
        assert part in cookie
    assert "Secure" not in cookie  # it would not be sent by http
    assert gateway.ask("GET", "/api/session")[1] == state
    assert gateway.ask("GET", "/api/status")[0] == 200
    assert gateway.ask("POST", "/api/meters/house/stop")[1]["status"] == "stopped"


def test_the_key_of_a_session_is_kept_as_a_hash_alone(gateway):
    gateway.login()
    kept = gateway.web._access.sessions._open
    assert gateway.cookie.partition("=")[2] not in str(kept)


def test_a_logout_ends_the_session_on_the_server(gateway):
    gateway.login()
    status, data, headers = gateway.ask("POST", "/api/logout")
    assert (status, data["login"], data["scopes"]) == (200, False, [])
    assert "Max-Age=0" in headers["set-cookie"]
    assert gateway.ask("GET", "/api/status")[0] == 401
    assert gateway.ask("POST", "/api/logout")[0] == 200


def test_another_login_ends_the_session_before(gateway):
    gateway.login()
    first = gateway.cookie
    gateway.login(Cookie=first)
    assert gateway.ask("GET", "/api/status")[0] == 200
    assert gateway.ask("GET", "/api/status", Cookie=first)[0] == 401


@pytest.mark.parametrize("key", ["", "x", "a" * 43, "é"])
def test_a_cookie_that_is_no_session_is_nothing(gateway, key):
    cookie = f"teleinfo-{gateway.port}={key}".encode()
    assert gateway.request("GET", "/api/status", headers={"Cookie": cookie})[0] == 401


def test_the_live_stream_needs_a_login_too(gateway):
    gateway.login()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT_S)
    with contextlib.closing(connection):
        connection.request("GET", "/api/events", headers={"Cookie": gateway.cookie})
        response = connection.getresponse()
        assert response.readline() == b"retry: 3000\n"
        response.close()


class Streams:
    """Opens streams of whoever may read."""

    def __init__(self, gateway, stack):
        self._gateway = gateway
        self._stack = stack

    def open(self, token=None):
        """That of a token, or of the session of the browser."""
        headers = (
            {"Authorization": f"Bearer {token}"} if token else {"Cookie": self._gateway.cookie}
        )
        stream = self._stack.enter_context(contextlib.closing(Stream(self._gateway, **headers)))
        stream.event("meters")
        return stream

    def go_on(self, *streams):
        """Check that these are told what happens."""
        self._gateway.call(publish_link, self._gateway)
        for stream in streams:
            stream.event("link")


@contextlib.contextmanager
def streams_of(gateway):
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "_LOOK_S", 0.05)
        yield Streams(gateway, stack)


@pytest.fixture
def streams(gateway):
    with streams_of(gateway) as opened:
        yield opened


def test_a_logout_ends_the_streams_of_its_session_and_no_others(gateway, streams):
    gateway.login()
    mine, mine_too, of_program = streams.open(), streams.open(), streams.open(READ)
    cookie = gateway.cookie
    gateway.login()
    of_another = streams.open()
    assert gateway.ask("POST", "/api/logout", Cookie=cookie)[0] == 200
    mine.end()
    mine_too.end()
    streams.go_on(of_program, of_another)
    gateway.login(Cookie=gateway.cookie)  # which ends the one before
    of_another.end()
    streams.go_on(of_program)


def test_a_stream_ends_with_the_life_of_its_session_which_it_keeps_in_use(gateway, streams):
    gateway.login()
    stream = streams.open()
    sessions, begun_s = gateway.web._access.sessions, time.monotonic()
    for now_s in (begun_s + Sessions.IDLE_S - 60, begun_s + 2 * Sessions.IDLE_S - 120):
        sessions._clock = lambda now_s=now_s: now_s
        until(lambda now_s=now_s: [used_s for _, used_s in sessions._open.values()] == [now_s])
    streams.go_on(stream)
    sessions._clock = lambda: begun_s + Sessions.LIFE_S
    stream.end()


def test_another_password_ends_the_streams_of_every_session(gateway, streams):
    gateway.login()
    stream, of_program = streams.open(), streams.open(READ)
    keys = gateway.web._access.keys
    changed = Keys(PasswordHash.parse(cheap_hash("another horse")), keys.tokens)
    gateway.call(gateway.web._access.renew, changed)
    stream.end()
    streams.go_on(of_program)


def test_a_stream_of_a_token_ends_when_another_one_takes_its_place(tmp_path):
    file = tmp_path / "token"
    file.write_text(READ)
    token = TokenConfig(name="file", scope="read", token=f"file:{file}")
    with (
        contextlib.closing(GuardedGateway(web={"tokens": (token, TOKENS[1])})) as gateway,
        streams_of(gateway) as streams,
    ):
        stream, of_another = streams.open(READ), streams.open(CONTROL)
        file.write_text(f"{READ}-2")
        gateway.call(gateway.web.renew)
        stream.end()
        streams.go_on(of_another)


def test_wrong_tokens_of_the_same_address_end_no_stream(gateway, streams, monkeypatch):
    monkeypatch.setattr(access, "_WRONG_S", 0)
    stream = streams.open(READ)
    while gateway.ask("GET", "/api/status", token="wrong")[0] != 429:  # noqa: S106  # it is none
        pass
    assert gateway.ask("GET", "/api/status", token=READ)[0] == 429
    request = asked("127.0.0.1", authorization=f"Bearer {READ}")
    assert gateway.call(gateway.web._access.may_go_on, request)
    streams.go_on(stream)


def test_a_session_changes_nothing_unless_its_own_page_asks(gateway):
    """SameSite knows no ports: a page of another port of this host is sent with the cookie."""
    gateway.login()
    stop, cookie = "/api/meters/house/stop", {"Cookie": gateway.cookie}
    for headers in (
        {},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        status, data, _ = gateway.request("POST", stop, headers=cookie | headers)
        assert (status, list(data)) == (403, ["error"]), headers
    assert gateway.ask("GET", "/api/status")[1]["meters"]["house"] != "stopped"
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": gateway.origin}):
        assert gateway.request("POST", stop, headers=cookie | headers)[0] == 200


def test_pages_of_other_sites_cannot_even_load_an_answer(gateway):
    gateway.login()
    for site in ("same-site", "cross-site"):
        headers = {"Cookie": gateway.cookie, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
        assert gateway.request("GET", "/api/events", headers=headers)[0] == 403
        link = headers | {"Sec-Fetch-Mode": "navigate"}
        assert gateway.request("GET", "/api/status", headers=link)[0] == 200


# --- the password


@pytest.mark.parametrize("password", ["wrong horse", "Correct horse", "correct horse ", "x" * 128])
def test_a_wrong_password_is_refused(gateway, password, caplog):
    status, data, headers = gateway.login(password)
    assert (status, data) == (401, {"error": "the password is wrong"})
    assert "set-cookie" not in headers
    assert "a wrong password from '127.0.0.1', 1 in this minute" in caplog.text
    assert password not in caplog.text


@pytest.mark.parametrize(
    "body", ["", "{}", "[]", '{"password": 1}', '{"password": ""}', '{"user": "x"}', '"x"']
)
def test_what_is_no_login_is_refused_in_words(gateway, body):
    status, data, _ = gateway.request("POST", "/api/login", body)
    assert (status, list(data)) == (400, ["error"])


def test_a_login_of_another_site_is_refused(gateway):
    assert gateway.login(Origin="http://evil.example")[0] == 403


def test_ten_wrong_passwords_a_minute_are_looked_at_even_together(gateway):
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda _: gateway.login("wrong")[0], range(14)))
    assert sorted(answers) == [401] * 10 + [429] * 4
    status, data, headers = gateway.login()
    assert (status, headers["retry-after"]) == (429, "60")
    assert data == {"error": "too many wrong passwords"}
    assert gateway.ask("GET", "/api/status", token=READ)[0] == 200  # programs go on


def test_right_passwords_are_no_failures(gateway):
    assert [gateway.login()[0] for _ in range(12)] == [200] * 12


def test_no_more_than_two_passwords_are_hashed_together(gateway, monkeypatch):
    at_work, most = 0, 0
    lock, both = threading.Lock(), threading.Event()

    def matches(self, password):
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
            if at_work == login._HASHING:
                both.set()
        both.wait(TIMEOUT_S)
        with lock:
            at_work -= 1
        return False

    monkeypatch.setattr(PasswordHash, "matches", matches)
    with ThreadPoolExecutor(8) as people:
        assert set(people.map(lambda _: gateway.login("wrong")[0], range(8))) == {401}
    assert most == 2


def test_a_password_that_changes_while_it_is_looked_at_lets_nobody_in(gateway, monkeypatch):
    hashing, changed = threading.Event(), threading.Event()
    really = PasswordHash.matches

    def matches(self, password):
        hashing.set()
        assert changed.wait(TIMEOUT_S)
        return really(self, password)

    monkeypatch.setattr(PasswordHash, "matches", matches)
    with ThreadPoolExecutor(1) as people:
        answer = people.submit(gateway.login)
        assert hashing.wait(TIMEOUT_S)
        keys = Keys(PasswordHash.parse(cheap_hash("another horse")))
        gateway.call(gateway.web._access.renew, keys)
        changed.set()
        assert answer.result()[0] == 401


def test_an_accent_is_one_whatever_the_keyboard():
    assert PasswordHash.parse(cheap_hash("été à la mer")).matches("e\u0301te\u0301 a\u0300 la mer")


def test_a_hash_has_its_cost_and_a_salt_of_its_own():
    one, other = hash_password(PASSWORD), hash_password(PASSWORD)
    assert one != other
    assert one.startswith("scrypt$16384$8$5$")
    assert PasswordHash.parse(one).matches(PASSWORD)
    assert not PasswordHash.parse(one).matches(PASSWORD + "!")


# --- tokens


@pytest.mark.parametrize(
    ("token", "reads", "stops", "sends"),
    [(READ, 200, 403, 403), (CONTROL, 200, 200, 403), (INGEST, 403, 403, 503)],
)
def test_a_token_is_good_for_its_scope(gateway, token, reads, stops, sends):
    assert gateway.ask("GET", "/api/status", token=token)[0] == reads
    assert gateway.ask("POST", "/api/meters/house/stop", token=token)[0] == stops
    body = json.dumps({"readings": [reading()]})
    status, data, _ = gateway.ask("POST", "/api/ingest", body, token=token)
    assert status == sends  # there is no history here
    assert (status == 403) == ("scope" in data["error"])


def test_a_refused_scope_is_named(gateway):
    _, data, _ = gateway.ask("POST", "/api/meters/house/stop", token=READ)
    assert data == {"error": "this token has the scope read; this needs control"}


@pytest.mark.parametrize("token", ["", "wrong", READ[:-1], READ + "0", "été"])
def test_a_wrong_token_lets_nobody_in(gateway, token):
    headers = {"Authorization": f"Bearer {token}".encode()}
    status, data, told = gateway.request("GET", "/api/status", headers=headers)
    assert (status, told["www-authenticate"]) == (401, "Bearer")
    assert data == {"error": "the token is missing or wrong"}


def test_a_wrong_token_is_not_made_good_by_a_session(gateway):
    gateway.login()
    headers = {"Authorization": "Bearer wrong", "Cookie": gateway.cookie}
    assert gateway.request("GET", "/api/status", headers=headers)[0] == 401


def test_a_token_is_taken_from_its_header_alone(gateway):
    assert gateway.ask("GET", f"/api/status?token={READ}")[0] == 401
    assert gateway.ask("GET", "/api/status", Authorization=f"Basic {READ}")[0] == 401
    assert gateway.ask("GET", "/api/status", Authorization=f"bearer {READ}")[0] == 200


def test_wrong_tokens_are_counted_and_late(gateway, monkeypatch):
    monkeypatch.setattr(access, "_WRONG_S", 0)
    answers = [
        gateway.request("GET", "/api/status", headers={"Authorization": "Bearer wrong"})[0]
        for _ in range(11)
    ]
    assert answers == [401] * 10 + [429]
    assert gateway.ask("GET", "/api/session", token=READ)[0] == 429
    assert gateway.login()[0] == 200  # people go on


def test_a_token_may_have_any_characters(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("un jeton d'été, assez long\n", encoding="utf-8")
    token = TokenConfig(name="a", scope="read", token=f"file:{secret}")
    with contextlib.closing(GuardedGateway(web={"tokens": (token,)})) as gateway:
        headers = {"Authorization": "Bearer un jeton d'été, assez long".encode()}
        assert gateway.request("GET", "/api/status", headers=headers)[0] == 200


def test_the_session_of_a_token_tells_its_scopes(gateway):
    _, data, _ = gateway.ask("GET", "/api/session", token=CONTROL)
    assert data == {"login": False, "required": True, "scopes": ["control", "read"]}


def test_readings_are_taken_in_by_the_api_too(tmp_path):
    history = HistoryConfig(path=str(tmp_path / "history.db"))
    with contextlib.closing(GuardedGateway([], history=history)) as gateway:
        body = json.dumps({"readings": [reading()]})
        assert gateway.ask("POST", "/api/ingest", body, token=INGEST)[1]["stored"] == 1
        form = f"LOAD=520&HPHC=HP&ADCO={ADCO}&PASSWD="
        assert gateway.ask("GET", f"/upload_data.php?{form}{INGEST}")[0] == 200
        assert gateway.ask("POST", "/upload_data.php", form + INGEST)[0] == 200
        assert gateway.ask("GET", f"/upload_data.php?{form}{READ}")[0] == 403
        assert gateway.ask("GET", "/upload_data.php?LOAD=520")[0] == 401
        assert gateway.ask("POST", "/api/ingest", "x" * 262_145, token=INGEST)[0] == 413


# --- without a password


def test_on_this_machine_without_a_password_everything_is_open_but_readings():
    with contextlib.closing(Gateway(["house"], web={"tokens": TOKENS})) as gateway:
        state = {"login": False, "required": False, "scopes": ["control", "read"]}
        assert gateway.get("/api/session") == state
        assert gateway.request("POST", "/api/meters/house/stop")[0] == 200
        assert gateway.request("POST", "/api/logout")[1] == state
        body = json.dumps({"password": PASSWORD})
        status, data, _ = gateway.request("POST", "/api/login", body)
        assert (status, "no password" in data["error"]) == (409, True)
        assert gateway.request("POST", "/api/ingest", "{}")[0] == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert gateway.request("GET", "/api/status", headers=wrong)[0] == 401
        reads = {"Authorization": f"Bearer {READ}"}
        assert gateway.request("POST", "/api/meters/house/stop", headers=reads)[0] == 403


# --- names


def asked(host, scheme="http", **headers):
    """A request for a name."""
    raw = [(name.encode(), value.encode()) for name, value in {"host": host, **headers}.items()]
    path = {"path": "/api/status", "raw_path": b"", "query_string": b""}
    return HTTPConnection(
        {"type": "http", "method": "GET", "scheme": scheme, "headers": raw, **path}
    )


@pytest.fixture
def open_site(monkeypatch):
    monkeypatch.setattr(guard.socket, "gethostname", lambda: "Cellar.example.org")
    config = WebConfig(listen="energy.home:1", hosts=("teleinfo.fr",), password=cheap_hash())
    return Site(config)


@pytest.mark.parametrize(
    "host",
    ["192.168.1.10", "192.168.1.10:8181", "[fe80::1]:1", "127.0.0.1", "localhost:8", "cellar",
     "cellar.example.org", "CELLAR.local:8181", "energy.home", "teleinfo.fr:443"],
)  # fmt: skip
def test_a_page_open_to_others_is_found_by_addresses_and_its_names(open_site, host):
    open_site.check(asked(host), public=False)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "cellar.evil.example", "x.teleinfo.fr", "", "192.168.1.10.evil.example"],
)
def test_any_other_name_is_refused_with_what_to_do(open_site, host):
    with pytest.raises(HTTPException, match=r"web\.hosts") as refused:
        open_site.check(asked(host), public=False)
    assert refused.value.status_code == 403


def test_a_name_of_the_configuration_is_good_on_this_machine_too():
    Site(WebConfig(hosts=("teleinfo.fr",))).check(asked("teleinfo.fr"), public=False)


def test_other_machines_are_served_behind_a_password(caplog):
    web = {**GUARDED, "hosts": ("teleinfo.fr",)}
    with contextlib.closing(Gateway([], listen="0.0.0.0", web=web)) as gateway:  # noqa: S104  # asked at 127.0.0.1
        assert "open to other machines without TLS" in caplog.text
        bearer = {"Authorization": f"Bearer {READ}"}
        for host, status in (("192.168.1.10:8181", 200), ("teleinfo.fr", 200), ("evil.fr", 403)):
            headers = {**bearer, "Host": host}
            assert gateway.request("GET", "/api/status", headers=headers)[0] == status


def test_a_proxy_with_tls_on_this_machine_is_believed(gateway):
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    origin = gateway.origin.replace("http:", "https:")
    status, _, headers = gateway.login(**forwarded, Origin=origin)
    assert status == 200
    assert "Secure" in headers["set-cookie"]
    assert gateway.login(**forwarded, Origin=gateway.origin)[0] == 403


# --- pages of other sites


@pytest.fixture
def shown_elsewhere():
    with contextlib.closing(GuardedGateway(web={"origins": (HOME,)})) as started:
        yield started


def test_a_page_that_is_named_may_read_with_a_token(shown_elsewhere):
    status, _, headers = shown_elsewhere.ask("GET", "/api/status", token=READ, Origin=HOME)
    assert (status, headers["access-control-allow-origin"]) == (200, HOME)
    assert "Origin" in headers["vary"]
    assert "access-control-allow-credentials" not in headers
    status, _, headers = shown_elsewhere.ask("GET", "/api/status", Origin=HOME)
    assert (status, headers["access-control-allow-origin"]) == (401, HOME)  # it may read why


def test_its_preflight_is_answered_without_a_token(shown_elsewhere):
    asks = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    status, data, headers = shown_elsewhere.request(
        "OPTIONS", "/api/events", headers={"Origin": HOME, **asks}
    )
    assert (status, data) == (204, b"")
    assert headers["access-control-allow-origin"] == HOME
    assert headers["access-control-allow-methods"] == "GET"
    assert headers["access-control-allow-headers"] == "Authorization"
    other = {"Origin": "http://evil.example", **asks}
    status, _, headers = shown_elsewhere.request("OPTIONS", "/api/events", headers=other)
    assert (status, "access-control-allow-origin" in headers) == (403, False)


def test_it_can_change_nothing_and_cannot_use_the_session_of_its_reader(shown_elsewhere):
    shown_elsewhere.login()
    assert shown_elsewhere.ask("GET", "/api/status", Origin=HOME)[0] == 401
    for token in (None, CONTROL):
        answer = shown_elsewhere.ask("POST", "/api/meters/house/stop", token=token, Origin=HOME)
        assert answer[0] == 403


def test_any_other_page_may_not(shown_elsewhere):
    for origin in ("http://homeassistant.local", HOME.replace("http:", "https:"), "null"):
        status, _, headers = shown_elsewhere.ask("GET", "/api/status", token=READ, Origin=origin)
        assert (status, "access-control-allow-origin" in headers) == (403, False)


def test_on_this_machine_it_needs_no_token_to_read():
    with contextlib.closing(Gateway(["house"], web={"origins": (HOME,)})) as gateway:
        headers = {"Origin": HOME}
        assert gateway.request("GET", "/api/status", headers=headers)[0] == 200
        assert gateway.request("POST", "/api/meters/house/stop", headers=headers)[0] == 403


# --- TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """The function that makes a certificate and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs Debian package openssl")
    folder = tmp_path_factory.mktemp("tls")

    def make(name, *options):
        files = TlsConfig(certificate=str(folder / f"{name}.crt"), key=str(folder / f"{name}.key"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             *(options or ["-nodes"]), "-days", "2", "-subj", f"/CN={name}", "-addext",
             "subjectAltName=IP:127.0.0.1", "-out", files.certificate, "-keyout", files.key],
            check=True, capture_output=True, timeout=TIMEOUT_S,
        )  # fmt: skip
        return files

    return make


class TlsGateway(GuardedGateway):
    """One that is asked by HTTPS, by clients that trust its certificate alone."""

    def __init__(self, tls, **settings):
        self.tls = tls
        super().__init__(web={"tls": tls}, **settings)
        self.origin = f"https://127.0.0.1:{self.port}"

    def client(self, **versions):
        context = ssl.create_default_context(cafile=self.tls.certificate)
        for name, version in versions.items():
            setattr(context, name, version)
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=TIMEOUT_S, context=context
        )

    def request(self, method, path, body=None, headers=()):
        with contextlib.closing(self.client()) as connection:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return response.status, json.loads(response.read()), response.headers


@pytest.fixture
def encrypted(certificates):
    with contextlib.closing(TlsGateway(certificates("one"))) as started:
        yield started


def test_by_tls_the_cookie_is_secure_and_the_origin_is_https(encrypted):
    _, _, headers = encrypted.login()
    assert "Secure" in headers["set-cookie"]
    assert encrypted.ask("POST", "/api/meters/house/stop")[0] == 200
    clear = encrypted.origin.replace("https:", "http:")
    assert encrypted.ask("POST", "/api/meters/house/stop", Origin=clear)[0] == 403


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_tls_and_plain_http_are_not_spoken(encrypted):
    old = encrypted.client(
        minimum_version=ssl.TLSVersion.TLSv1_1, maximum_version=ssl.TLSVersion.TLSv1_1
    )
    with contextlib.closing(old), pytest.raises(ssl.SSLError):
        old.request("GET", "/healthz")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        new = encrypted.client(minimum_version=version, maximum_version=version)
        with contextlib.closing(new):
            new.request("GET", "/healthz")
            assert new.getresponse().status == 200
    with pytest.raises((OSError, http.client.HTTPException)):
        Gateway.request(encrypted, "GET", "/healthz")  # without TLS


def test_a_new_certificate_is_taken_for_new_connections(encrypted, certificates, tmp_path):
    new = certificates("two")
    old = {path: Path(path).read_bytes() for path in (encrypted.tls.certificate, encrypted.tls.key)}
    shutil.copy(new.certificate, encrypted.tls.certificate)
    with pytest.raises(CertificateError, match="is not that of the certificate"):
        encrypted.call(encrypted.web.renew)
    Path(encrypted.tls.certificate).write_bytes(old[encrypted.tls.certificate])
    assert encrypted.ask("GET", "/healthz")[0] == 200  # the half that fits nothing was not taken
    shutil.copy(new.certificate, encrypted.tls.certificate)
    shutil.copy(new.key, encrypted.tls.key)
    encrypted.call(encrypted.web.renew)
    assert encrypted.ask("GET", "/healthz")[0] == 200  # by a client that trusts the new one
    for path, content in old.items():
        Path(path).write_bytes(content)


def test_files_that_cannot_be_used_are_said_in_plain_words(certificates, tmp_path):
    good, other = certificates("good"), certificates("other")
    locked = certificates("locked", "-passout", "pass:secret")
    rubbish = tmp_path / "rubbish"
    rubbish.write_text("nothing")
    damaged = tmp_path / "damaged"
    damaged.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for certificate, key, words in (
        (tmp_path / "none", good.key, "none cannot be read: No such file"),
        (tmp_path, good.key, "cannot be read: Is a directory"),
        (good.certificate, rubbish, "web.tls.key: .*rubbish holds no key in PEM"),
        (rubbish, good.key, "web.tls.certificate: .*rubbish holds no certificate in PEM"),
        (good.key, good.key, "holds no certificate in PEM"),
        (good.certificate, other.key, "is not that of the certificate in"),
        (good.certificate, locked.key, "has a passphrase"),
        (damaged, good.key, "is damaged or of a kind that cannot be used"),
    ):
        with pytest.raises(CertificateError, match=words):
            tls_context(TlsConfig(certificate=str(certificate), key=str(key)))


def test_an_unreadable_key_is_said(certificates, as_nobody):
    made = certificates("unreadable")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        key = Path(shutil.copy(made.key, folder))
        shutil.copy(made.certificate, folder)
        certificate = Path(folder, Path(made.certificate).name)
        certificate.chmod(0o644)
        key.chmod(0)
        files = TlsConfig(certificate=str(certificate), key=str(key))
        with (
            as_nobody(),
            pytest.raises(CertificateError, match=r"\.key cannot be read: Permission"),
        ):
            tls_context(files)


# --- keys by reference, at a start and at SIGHUP


def test_keys_may_be_references(tmp_path, monkeypatch):
    secret = tmp_path / "password"
    secret.write_text(cheap_hash() + "\n")
    monkeypatch.setenv("TOKEN", READ)
    token = TokenConfig(name="a", scope="read", token="${TOKEN}")  # noqa: S106  # where one is
    keys = keys_of(WebConfig(password=f"file:{secret}", tokens=(token,)))
    assert keys.password.matches(PASSWORD)
    assert READ not in repr(keys)
    secret.write_text(PASSWORD)
    with pytest.raises(SecretError, match="teleinfo password") as raised:
        keys_of(WebConfig(password=f"file:{secret}"))
    assert PASSWORD not in str(raised.value)
    monkeypatch.setenv("TOKEN", "short")
    with pytest.raises(SecretError, match="at least 16"):
        keys_of(WebConfig(tokens=(token,)))


def test_another_password_ends_every_session_and_a_token_is_exchanged(tmp_path):
    secret, token = tmp_path / "password", tmp_path / "token"
    secret.write_text(cheap_hash())
    token.write_text(READ)
    web = {
        "password": f"file:{secret}",
        "tokens": (TokenConfig(name="a", scope="read", token=f"file:{token}"),),
    }
    with contextlib.closing(GuardedGateway(web=web)) as gateway:
        gateway.login()
        gateway.call(gateway.web.renew)
        assert gateway.ask("GET", "/api/status")[0] == 200
        token.write_text(CONTROL)
        secret.write_text(cheap_hash("another horse"))
        gateway.call(gateway.web.renew)
        assert gateway.ask("GET", "/api/status")[0] == 401
        assert gateway.ask("GET", "/api/status", token=READ)[0] == 401
        assert gateway.ask("GET", "/api/status", token=CONTROL)[0] == 200
        assert gateway.login()[0] == 401
        assert gateway.login("another horse")[0] == 200


def test_a_password_that_cannot_be_had_keeps_the_page_shut(gateway, tmp_path):
    server = WebServer(
        gateway.manager, WebConfig(listen="127.0.0.1:1", password=f"file:{tmp_path}/none")
    )
    with pytest.raises(SecretError, match="none"):
        gateway.run(server.start())


async def test_a_gateway_runs_without_its_page_until_the_certificate_is_there(
    teleinfo, tmp_path, free_port, certificates
):
    port, made = free_port(), certificates("later")
    certificate, key = tmp_path / "web.crt", tmp_path / "web.key"
    tls = {"certificate": str(certificate), "key": str(key)}
    settings = {
        "devices": [],
        "xpl": False,
        "history": False,
        "web": {"listen": f"127.0.0.1:{port}", "password": cheap_hash(), "tls": tls},
    }
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump(settings))
    program = await teleinfo("run", "--config", file)
    assert "web.crt cannot be read: No such file" in await program.line("ERROR", "no HTTP API")
    shutil.copy(made.certificate, certificate)
    shutil.copy(made.key, key)
    program.signal(signal.SIGHUP)
    await program.line(f"HTTP API: https://127.0.0.1:{port}/")
    key.write_text("rubbish")
    program.signal(signal.SIGHUP)
    assert "holds no key" in await program.line("ERROR", "the old keys and certificate stay")
    context = ssl.create_default_context(cafile=made.certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_S, context=context)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
    program.signal(signal.SIGTERM)
    code, _, said = await program.end()
    assert (code, "Traceback" in said) == (0, False)


# --- sessions by themselves


def test_a_session_ends_when_it_rests_too_long_and_in_any_case_after_its_life():
    now_s = 0.0
    sessions = Sessions(lambda: now_s)
    resting, used = sessions.begin(), sessions.begin()
    now_s = Sessions.IDLE_S - 1
    assert sessions.use(used)
    now_s = Sessions.IDLE_S
    assert not sessions.use(resting)
    while now_s + Sessions.IDLE_S / 2 < Sessions.LIFE_S:
        now_s += Sessions.IDLE_S / 2
        assert sessions.use(used)
    now_s = Sessions.LIFE_S
    assert not sessions.use(used)
    assert sessions._open == {}


def test_sessions_have_a_ceiling_and_the_longest_at_rest_ends_first():
    sessions = Sessions(lambda: 0.0)
    keys = [sessions.begin() for _ in range(Sessions._MAX)]
    assert sessions.use(keys[0])
    sessions.begin()
    assert sessions.use(keys[0])
    assert not sessions.use(keys[1])
    assert len(sessions._open) == Sessions._MAX


# --- the commands


def teleinfo_run(*arguments, **environment):
    return CliRunner().invoke(command, arguments, env=environment)


def test_the_commands_need_a_token_and_say_how_to_give_it(gateway, tmp_path):
    url = f"http://127.0.0.1:{gateway.port}"
    result = teleinfo_run("status", "--url", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--token or $TELEINFO_TOKEN" in result.stderr
    token = tmp_path / "token"
    token.write_text(f"{CONTROL}\n")
    for given, environment in (
        (("--token", f"file:{token}"), {}),
        (("--token", "${MINE}"), {"MINE": CONTROL}),
        ((), {"TELEINFO_TOKEN": CONTROL}),
        ((), {"TELEINFO_TOKEN": f"file:{token}"}),
    ):
        for words in (("status",), ("stop", "house"), ("start", "house")):
            result = teleinfo_run(*words, "--url", url, *given, **environment)
            assert (result.exit_code, result.stderr) == (0, "")
    result = teleinfo_run("stop", "house", "--url", url, TELEINFO_TOKEN=READ)
    assert (result.exit_code, "this needs control" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (READ, "list of processes"),
        ("file:/nowhere/token", "/nowhere/token cannot be read"),
        ("${NOT_SET_ANYWHERE}", "not set"),
    ],
)
def test_a_token_that_cannot_be_had_is_wrong_use(token, words):
    result = teleinfo_run("status", "--url", "http://127.0.0.1:1", "--token", token)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert READ not in result.stderr


def test_the_commands_trust_the_certificate_of_the_configuration(encrypted, certificates, tmp_path):
    def status(tls):
        file = tmp_path / "teleinfo.yaml"
        listen = f"127.0.0.1:{encrypted.port}"
        file.write_text(yaml.safe_dump({"web": {"listen": listen, "tls": tls.model_dump()}}))
        return teleinfo_run("status", "--config", str(file), TELEINFO_TOKEN=READ)

    result = status(encrypted.tls)
    assert (result.exit_code, result.stderr) == (0, "")
    result = status(certificates("stranger"))
    assert (result.exit_code, "cannot be trusted" in result.stderr) == (1, True)
    result = status(TlsConfig(certificate="/nowhere.crt", key="/nowhere.key"))
    assert (result.exit_code, "/nowhere.crt cannot be read" in result.stderr) == (1, True)
    url = f"https://127.0.0.1:{encrypted.port}"
    result = teleinfo_run("status", "--url", url, TELEINFO_TOKEN=READ)
    assert (result.exit_code, "cannot be trusted" in result.stderr) == (1, True)


def test_password_prints_a_hash_of_what_is_read():
    result = CliRunner().invoke(command, ["password", "--stdin"], input=f"{PASSWORD}\nmore\n")
    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    assert PasswordHash.parse(line).matches(PASSWORD)
    assert "web: {password:" in result.stderr


@pytest.mark.parametrize("typed", ["short", "", "x" * 129])
def test_a_password_too_short_or_too_long_is_wrong_use(typed):
    result = CliRunner().invoke(command, ["password", "--stdin"], input=typed)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "8 to 128 characters" in result.stderr


_ON_A_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from teleinfo_gateway.cli import main
main()
"""


@pytest.mark.parametrize(
    ("again", "code"), [(PASSWORD, 0), ("another horse", None)], ids=["same", "not the same"]
)
def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(again, code):
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_A_TERMINAL, "password"],
        stdin=slave, stdout=subprocess.PIPE, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    for prompt, typed in ((b"Password: ", PASSWORD), (b"confirmation: ", again)):
        while not shown.endswith(prompt):
            assert select.select([master], [], [], TIMEOUT_S)[0], shown
            shown += os.read(master, 1000)
        os.write(master, f"{typed}\n".encode())
    if code is None:  # it asks again
        while b"do not match" not in shown:
            assert select.select([master], [], [], TIMEOUT_S)[0], shown
            shown += os.read(master, 1000)
        process.kill()
    out, _ = process.communicate(timeout=TIMEOUT_S)
    os.close(master)
    assert PASSWORD.encode() not in shown
    if code is not None:
        assert process.returncode == code
        assert PasswordHash.parse(out.decode().strip()).matches(PASSWORD)


def test_without_a_terminal_nobody_is_asked():
    result = subprocess.run(
        [sys.executable, "-m", "teleinfo_gateway", "password"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert b"use --stdin" in result.stderr


def test_check_warns_of_a_network_that_can_read_along(tmp_path):
    file = tmp_path / "teleinfo.yaml"

    def check(**web):
        web = {"listen": "0.0.0.0:8181", "password": "file:/x", **web}
        file.write_text(yaml.safe_dump({"web": web}))
        result = teleinfo_run("check", "--config", str(file))
        assert result.exit_code == 0
        return result

    warned = check()
    assert warned.stderr.startswith("warning: web.listen: it is open to other machines")
    assert "web: http://0.0.0.0:8181/" in warned.stdout
    quiet = check(tls={"certificate": "/c", "key": "/k"})
    assert (quiet.stderr, "https://0.0.0.0:8181/" in quiet.stdout) == ("", True)
    assert check(listen="127.0.0.1:1").stderr == ""
