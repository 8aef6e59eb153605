"""The recipe of the container and its example: what can be known without a registry of images."""

import re
from pathlib import Path

import pytest
import yaml

from teleinfo_gateway.config import load_config

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs/examples"
COMPOSE = yaml.safe_load((EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
RECIPE = (ROOT / "Containerfile").read_text(encoding="utf-8")


def test_the_configuration_of_the_example_has_no_fault():
    config = load_config(EXAMPLES / "compose-teleinfo.yaml")
    assert config.devices[0].device == SERVICES["gateway"]["devices"][0].partition(":")[2]
    assert config.mqtt is not None
    assert config.sql is not None


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_open_to_other_machines(name):
    for port in SERVICES[name].get("ports", ()):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_mounts_is_there(name):
    for volume in SERVICES[name].get("volumes", ()):
        source = volume.partition(":")[0]
        if source.startswith("."):
            assert (EXAMPLES / source).exists(), source
        else:
            assert source in COMPOSE["volumes"]


def test_no_secret_stands_in_the_example():
    text = (EXAMPLES / "compose.yaml").read_text(encoding="utf-8")
    assert (
        re.findall(r"PASSWORD: (.+)", text)
        == ['"${DATABASE_PASSWORD:?write it into the file .env}"'] * 2
    )


def test_the_image_runs_without_rights_and_tells_its_health():
    last_stage = RECIPE.rpartition("\nFROM ")[2]
    assert "\nUSER teleinfo\n" in last_stage
    assert last_stage.index("\nUSER ") < last_stage.index("\nENTRYPOINT ")
    assert "/healthz" in last_stage.partition("\nHEALTHCHECK ")[2].partition("\nENTRYPOINT")[0]
    assert "--platform=$BUILDPLATFORM" in RECIPE  # the wheel is made where one builds


def test_what_a_checkout_has_more_is_left_out_of_the_image():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv", "teleinfo.yaml", "plugin/teleinfo_gateway/web/static"} <= set(ignored)
