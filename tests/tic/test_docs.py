"""What the pages about ``tic`` show works, and says everything."""

import doctest
import importlib.util
import os
import re
import threading
from pathlib import Path

import pytest

from tic import LABELS, Group, HistoriqueView, Mode, Reason, encode_frame

DOCS = Path(__file__).parents[2] / "docs"
CAPTURES = Path(__file__).parents[1] / "captures"


def example(name):
    """An example of the documentation, as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sessions_of_the_library_page_are_true():
    failures, tried = doctest.testfile(
        str(DOCS / "tic-library.rst"), module_relative=False, encoding="utf-8"
    )
    assert (failures, tried > 10) == (0, True)


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.tic")), ids=lambda path: path.stem)
def test_the_decode_example_shows_every_capture(path, capsys):
    example("tic_decode").main(path)
    assert re.match(r"(historique|standard), \w+, meter ", capsys.readouterr().out)


def test_the_decode_example_shows_units_meanings_and_instants(capsys):
    example("tic_decode").main(CAPTURES / "std-tri-garbled.tic")
    example("tic_decode").main(CAPTURES / "histo-tempo-mono-linky.tic")
    shown = " ".join(capsys.readouterr().out.split())
    for text in (
        "standard, long, meter None",
        "SMAXSN 3320 VA Highest apparent power drawn today at 2020-08-11 11:53:06+02:00",
        "NGTF refused: size",
        "? refused: format",
        "DEMAIN ROUG Tempo colour of tomorrow = red",
    ):
        assert text in shown


@pytest.mark.parametrize(
    ("mode", "group"),
    [(Mode.HISTORIQUE, Group("PAPP", "01230")), (Mode.STANDARD, Group("SINST1", "01230"))],
)
def test_the_port_example_reads_a_terminal(mode, group):
    ours, theirs = os.openpty()
    heard = threading.Event()

    def meter():
        """Opening a port empties it, so the meter goes on talking, as meters do."""
        while not heard.wait(0.02):
            os.write(ours, encode_frame([group]))

    talking = threading.Thread(target=meter, daemon=True)
    talking.start()
    try:
        powers = example("tic_port").powers(os.ttyname(theirs), mode)
        assert next(powers) == 1230
        powers.close()
    finally:
        heard.set()
        talking.join(timeout=5)
        os.close(ours)
        os.close(theirs)


def test_the_labels_page_names_every_derived_label_and_every_reason():
    page = (DOCS / "tic-labels.rst").read_text(encoding="utf-8")
    derived = page[page.index(".. _derived-labels:") :]
    named = set(re.findall(r"``([A-Z]+[0-9]?)``", derived))
    currents = {f"IRMS{n}": "090" for n in (1, 2, 3)} | {f"URMS{n}": "230" for n in (1, 2, 3)}
    common = {"ADSC": "0" * 12, "PREF": "06", "SINSTS": "00000", "SMAXSN-1": "00000"}
    common |= {f"EASF{n:02}": "0" * 9 for n in range(1, 11)} | {"NTARF": "01", "STGE": "1" * 8}
    produced = set()
    for calendar in ("BASE", "H PLEINE/CREUSE", "EJP", "TEMPO"):
        for phases in ({"IRMS1": "090"}, currents):
            values = common | phases | {"NGTF": calendar}
            produced |= {group.label for group in HistoriqueView().translate(values)}
    assert produced == {label.name for label in LABELS if label.mode is Mode.HISTORIQUE}
    assert produced <= named
    assert all(re.search(rf"\* - .*\b{reason}\b", page) for reason in Reason)
