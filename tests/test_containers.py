"""The recipe of the container and its example: what can be known without a registry of images."""

import json
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


def mounted(service):
    """The files of this folder that a service sees, by their path there."""
    for volume in SERVICES[service]["volumes"]:
        source, target = volume.split(":")[:2]
        path = EXAMPLES / source
        if source.startswith("."):
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                yield f"{target}/{file.relative_to(path)}" if path.is_dir() else target, file


def test_grafana_has_no_data_source_and_no_dashboard_of_a_server_that_is_not_there():
    sources, dashboards = [], []
    for target, file in mounted("grafana"):
        if target.startswith("/etc/grafana/provisioning/datasources/"):
            sources += yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
        elif target.endswith(".json"):
            dashboards.append(json.loads(file.read_text(encoding="utf-8")))
    assert {source["url"].partition(":")[0] for source in sources} == {"database"}
    assert dashboards
    for dashboard in dashboards:
        asked = {
            panel["datasource"]["type"] for panel in dashboard["panels"] if "datasource" in panel
        }
        assert asked <= {source["type"] for source in sources}, dashboard["title"]


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
    assert "**/.env" in ignored  # the password of compose.yaml is in there
