"""``TELEINFO_REQUIRE_ALL``: a complete run does not pass by skipping what a machine lacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = """
import pytest

def test_in_the_test():
    pytest.skip("needs Debian package mosquitto")

@pytest.mark.skipif(True, reason="needs Debian package mariadb-server")
def test_by_a_mark():
    pass

@pytest.fixture
def broker():
    pytest.skip("needs Debian package mosquitto")

def test_in_a_fixture(broker):
    pass

def test_for_another_reason():
    pytest.skip("this user may read everything")

@pytest.mark.xfail(reason="needs Debian package in words only")
def test_that_is_known_to_fail():
    assert False

def test_that_passes():
    pass
"""


HANGS = """
import atexit
import threading
import time

import pytest

def wait_for_ever():
    threading.Event().wait()

def test_that_leaves_a_thread():
    threading.Thread(target=wait_for_ever).start()

def test_that_leaves_something_for_the_end():
    atexit.register(wait_for_ever)

@pytest.mark.timeout(1)
def test_that_never_ends():
    wait_for_ever()

@pytest.mark.timeout(1)
async def test_that_never_ends_on_the_event_loop():
    while True:
        time.sleep(0.1)
"""


@pytest.fixture
def run(tmp_path):
    """The function that runs tests with the guards of this folder, the last one of them soon."""

    def pytest_on(tests, *options, **environment):
        conftest = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
        assert "END_S = 60\n" in conftest
        (tmp_path / "conftest.py").write_text(conftest.replace("END_S = 60\n", "END_S = 1\n"))
        (tmp_path / "test_some.py").write_text(tests, encoding="utf-8")
        options = ("-q", "-p", "no:cacheprovider", "--rootdir", ".", *options)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-o", "asyncio_mode=auto", *options],
            cwd=tmp_path,
            env={**os.environ, "TELEINFO_REQUIRE_ALL": "", **environment},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    return pytest_on


@pytest.mark.parametrize(
    ("setting", "outcome"),
    [
        ("", "1 passed, 4 skipped, 1 xfailed in"),
        ("1", "1 failed, 1 passed, 1 skipped, 1 xfailed, 2 errors in"),
    ],
)
def test_a_missing_package_is_a_skip_or_in_a_complete_run_a_failure(run, setting, outcome):
    result = run(SKIPS, TELEINFO_REQUIRE_ALL=setting)
    assert outcome in result.stdout, result.stdout
    assert ("(TELEINFO_REQUIRE_ALL is set)" in result.stdout) == bool(setting)


@pytest.mark.parametrize("left", ["a_thread", "something_for_the_end"])
def test_a_run_that_hangs_after_its_last_test_fails_and_tells_where(run, left):
    result = run(HANGS, "-k", f"leaves_{left}")
    assert "1 passed" in result.stdout
    assert result.returncode == 1
    assert "Timeout (0:00:01)!" in result.stderr
    assert "in wait_for_ever" in result.stderr


def test_a_test_that_hangs_fails_and_the_others_go_on(run):
    result = run(HANGS, "-k", "never_ends")
    assert "2 failed" in result.stdout, result.stdout
    assert result.stdout.count("Timeout (>1.0s)") >= 2
    assert result.returncode == 1
