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


@pytest.mark.parametrize(
    ("setting", "outcome"),
    [
        ("", "1 passed, 4 skipped, 1 xfailed in"),
        ("1", "1 failed, 1 passed, 1 skipped, 1 xfailed, 2 errors in"),
    ],
)
def test_a_missing_package_is_a_skip_or_in_a_complete_run_a_failure(tmp_path, setting, outcome):
    conftest = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_skips.py").write_text(SKIPS, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."],
        cwd=tmp_path,
        env={**os.environ, "TELEINFO_REQUIRE_ALL": setting},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert outcome in result.stdout, result.stdout
    assert ("(TELEINFO_REQUIRE_ALL is set)" in result.stdout) == bool(setting)
