"""The outputs as the page tells them: their names and words, what is in the way, what is behind."""

import re
import textwrap
import time

import pytest
import pytest_asyncio
from playwright.async_api import expect

from teleinfo_gateway.config import HistoryConfig
from teleinfo_gateway.history.database import Database
from teleinfo_gateway.history.outbox import add_cursor, last, move_cursor
from teleinfo_gateway.history.store import Batch, store
from teleinfo_gateway.simulation import Past, simulated_meters

from ..free_ports import free_port
from ..gateway.http_servers import http_servers
from .conftest import PHONE
from .house import Wire, running
from .test_reader import each_scheme, violations

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROWS = 1234
"""That one output has yet to send; the gateway adds what it notes of itself."""

REFUSED = 3
"""Of them, which a server does not take; it takes the last one, so that this is believed."""

EXTENSION = """
    class Sign:
        def start(self): ...
        async def stop(self): ...
        def state(self):
            told = {"lamp_hours": 4321, "constructor": "Dupont"}
            return {**told, "lit": True, "since": "2020-13-45T"}

    def output(settings, gateway):
        return Sign()
"""
"""Of keys that the page does not know, one of them no date, one a word of its own language."""


def install(folder):
    """Put an extension where a gateway with this ``PYTHONPATH`` finds it."""
    about = folder / "sign-1.dist-info"
    about.mkdir(parents=True)
    (folder / "sign.py").write_text(textwrap.dedent(EXTENSION))
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: sign\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[teleinfo_gateway.outputs]\nsign = sign:output\n")


def remember(path):
    """A history of some rows, not all of them sent by two outputs; gives when the refused were."""
    meter = simulated_meters()[0]
    past = Past(meter.installation, meter.start)
    rows = [row for row, _ in zip(past.readings(), range(ROWS), strict=False)][::-1]
    path.parent.mkdir()
    database = Database(HistoryConfig(path=str(path)))
    database.prepare()
    known = {meter.installation.identity: past.meter(rows[-1].ts)}
    now = int(time.time())
    with database.writing() as connection:
        add_cursor(connection, "files", now)
        store(connection, Batch(known, readings=rows))
        end = last(connection)
        move_cursor(connection, "push-garage", end - REFUSED - 1, now)
    database.close()
    return {str(row.ts) for row in rows[-REFUSED - 1 : -1]}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def troubled(browser, tmp_path_factory):
    """A gateway with outputs of every kind, few of which get through."""
    folder = tmp_path_factory.mktemp("outputs")
    install(folder / "site")
    refused = remember(folder / "gateway/history.db")
    (folder / "occupied").touch()
    wire = Wire()
    with http_servers() as http_server, pytest.MonkeyPatch.context() as environment:
        garage = http_server()
        garage.respond = lambda request: (
            (400, b"no such meter") if request.query["at"] in refused else (200, b"")
        )
        environment.setenv("PYTHONPATH", str(folder / "site"))
        settings = {
            "mqtt": {"url": f"mqtt://127.0.0.1:{free_port()}"},
            "udp": {"port": free_port()},
            "push": [{"name": "garage", "url": f"{garage.url}/?at={{timestamp}}"}],
            "files": {"folder": str(folder / "occupied/readings")},
            "extensions": {"sign": {}},
        }
        async with running(folder / "gateway", {"house": wire}, **settings) as gateway:
            yield gateway
    wire.close()


@pytest.fixture
def outputs(tabs, troubled):
    """The function that opens the view, waiting until all outputs have tried."""

    async def open_view(**profile):
        page = await tabs.open(f"{troubled.url}/#/outputs", **profile)
        for output in ("MQTT", "garage"):
            await expect(card(page, output).locator(".problem").first).to_be_visible()
        await expect(card(page, FILES).locator(".problem.advice")).to_be_visible()
        return page

    return open_view


FACTS = """(list) => [...list.querySelectorAll("dt")].map(
    (name) => [name.innerText, name.nextElementSibling.innerText])"""

FILES = re.compile("^(Files|Fichiers)$")


def card(page, name):
    return page.locator("ti-outputs .card", has=page.get_by_role("heading", name=name))


async def facts(one):
    """Its names and values, of one moment: the page asks for them again and again."""
    return dict(await one.locator("dl").evaluate(FACTS))


# --- words


@pytest.mark.parametrize(
    ("locale", "names"),
    [
        ("en-GB", ["MQTT", "Frames by UDP", "History", "HTTP push: garage", "Files"]),
        ("fr-FR", ["MQTT", "Trames par UDP", "Historique", "Envoi HTTP : garage", "Fichiers"]),
    ],
)
async def test_each_output_has_its_name_in_the_language_of_the_reader(outputs, locale, names):
    page = await outputs(locale=locale)
    extension = "Extension : sign" if locale == "fr-FR" else "Extension: sign"
    await expect(page.locator("ti-outputs h3")).to_have_text([*names, extension])


WORDS = {
    "en-GB": [
        {"Connected": "no", "Version of MQTT": "5", "Takes commands": "yes", "Messages sent": "0"},
        {"Sent to": "127.0.0.1", "Frames sent": "0", "Failed": "0"},
        {"Rows sent": "0", "In the last minute": "0", "Refused for good": "0", "Lost": "0"},
    ],
    "fr-FR": [
        {"Connecté": "non", "Version de MQTT": "5", "Accepte des commandes": "oui"},
        {"Destinataire": "127.0.0.1", "Trames envoyées": "0", "Échecs": "0"},
        {"Lignes envoyées": "0", "Dernière minute": "0", "Refus définitifs": "0", "Pertes": "0"},
    ],
}
"""Of MQTT, UDP and files."""


@pytest.mark.parametrize("locale", WORDS)
async def test_what_outputs_say_of_themselves_is_told_in_words(outputs, locale):
    page = await outputs(locale=locale)
    for name, words in zip(("MQTT", "UDP", FILES), WORDS[locale], strict=True):
        told = await facts(card(page, name))
        assert words.items() <= told.items()
        assert not any("_" in word or word in {"broker", "target", "rate"} for word in told)


async def test_what_only_an_extension_knows_is_shown_as_it_is(outputs):
    page = await outputs()
    assert await facts(card(page, "sign")) == {
        "lamp hours": "4,321",
        "constructor": "Dupont",
        "lit": "yes",
        "since": "2020-13-45T",
    }


# --- what is in the way


@pytest.mark.parametrize(
    ("locale", "problem", "fine"),
    [("en-GB", "problem", "at work"), ("fr-FR", "problème", "en service")],
)
async def test_a_problem_is_told_where_it_is(outputs, locale, problem, fine):
    page = await outputs(locale=locale)
    mqtt = card(page, "MQTT")
    await expect(mqtt.locator(".chip")).to_have_text([problem])
    await expect(mqtt.get_by_role("alert")).to_contain_text("127.0.0.1")
    await expect(card(page, "UDP").locator(".chip")).to_have_text([fine])
    await expect(card(page, "UDP").get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "chips", "rows", "oldest"),
    [
        (
            "en-GB",
            ["problem", "behind"],
            "Rows that wait in the history: 1,2",
            "The oldest is from",
        ),
        (
            *("fr-FR", ["problème", "en retard"]),
            *("Lignes en attente dans l’historique : 1 2", "La plus ancienne est du"),
        ),
    ],
)
async def test_an_output_that_is_behind_says_by_how_much_and_since_when(
    outputs, locale, chips, rows, oldest
):
    page = await outputs(locale=locale)
    files = card(page, FILES)
    await expect(files.locator(".chip")).to_have_text(chips)
    await expect(files.locator(".advice")).to_contain_text(rows)
    await expect(files.locator(".advice")).to_contain_text(re.compile(rf"{oldest} \d{{1,2}} \w+"))


@pytest.mark.parametrize(
    ("locale", "chip", "sentence"),
    [
        ("en-GB", "rows refused", f"Rows refused for good and set aside: {REFUSED}."),
        ("fr-FR", "lignes refusées", f"Lignes refusées pour de bon et mises de côté : {REFUSED}."),
    ],
)
async def test_rows_that_are_refused_are_told_with_the_reason(outputs, locale, chip, sentence):
    page = await outputs(locale=locale)
    garage = card(page, "garage")
    await expect(garage.locator(".chip")).to_have_text([chip])
    await expect(garage.locator(".advice")).to_contain_text(sentence)
    await expect(garage.locator(".advice")).to_contain_text("no such meter")


# --- for every reader


@each_scheme
@pytest.mark.parametrize("locale", WORDS)
async def test_axe_finds_nothing_at_outputs_in_trouble(outputs, locale, scheme):
    page = await outputs(locale=locale, color_scheme=scheme)
    assert await violations(page) == []


@pytest.mark.parametrize("locale", WORDS)
async def test_outputs_in_trouble_are_not_wider_than_a_phone(outputs, locale):
    page = await outputs(locale=locale, viewport=PHONE)
    wide, seen = await page.evaluate(
        "[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= seen
