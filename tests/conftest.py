"""What every test shares: captures, skips that a complete run does not accept, an end."""

import faulthandler
import os
import sys
from pathlib import Path

import pytest

collect_ignore = ["homeassistant"]  # needs Home Assistant: make test-homeassistant

CAPTURES = Path(__file__).parent / "captures"
END_S = 60
REQUIRE_ALL = bool(os.environ.get("TELEINFO_REQUIRE_ALL"))


@pytest.fixture(scope="session")
def capture():
    """The function that gives the bytes of a capture by its name."""

    def read(name: str) -> bytes:
        return (CAPTURES / f"{name}.tic").read_bytes()

    return read


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With ``TELEINFO_REQUIRE_ALL``, fail what lacks a Debian package instead of skipping it."""
    report = yield
    if REQUIRE_ALL and report.skipped and call.excinfo is not None:
        reason = getattr(call.excinfo.value, "msg", "") or ""
        if reason.startswith("needs Debian package"):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: {reason} (TELEINFO_REQUIRE_ALL is set)"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure():
    """A run that has not ended so long after its report tells where it hangs, and fails.

    First of all: where another one of these hooks raises, those after it are not called.
    """
    faulthandler.dump_traceback_later(END_S, exit=True, file=sys.__stderr__)
