"""What the tests of outputs over HTTP share: a server, tries without pauses, outputs that end."""

import pytest

from teleinfo_gateway import http_output
from teleinfo_gateway.config.homes import DomoticzConfig, DomoticzDevices, JeedomConfig
from teleinfo_gateway.estimate import Estimate
from teleinfo_gateway.outputs.domoticz import DomoticzOutput
from teleinfo_gateway.outputs.jeedom import JeedomOutput

from .http_servers import http_servers

DRAWN = Estimate(active_power_w=520, error_w=20)
KEY = "k3y/&=é-do-not-tell"


@pytest.fixture
def http_server():
    """The function that makes a server with its usual answer."""
    with http_servers() as make:
        yield make


@pytest.fixture
def quick(monkeypatch):
    """Tries come one after another."""
    monkeypatch.setattr(http_output, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(http_output, "_LONGEST_PAUSE_S", 0.05)


@pytest.fixture
async def running():
    """The function that starts an output; it is stopped at the end of the test."""
    outputs = []

    def start(output):
        outputs.append(output)
        output.start()
        return output

    yield start
    for each in outputs:
        await each.stop()


@pytest.fixture
def to_domoticz(bus, running):
    """The function that starts an output whose meters are due at every frame."""

    def start(server, interval_s=0.0, **settings):
        devices = settings.pop("devices", {"current": 44})
        config = DomoticzConfig(
            url=server.url, devices=(DomoticzDevices(meter="house", **devices),), **settings
        )
        return running(DomoticzOutput(config, bus, lambda _: interval_s, lambda _: DRAWN))

    return start


@pytest.fixture
def to_jeedom(bus, running):
    """The function that starts an output whose meters are due at every frame."""

    def start(server, **settings):
        config = JeedomConfig(**{"url": server.url, "apikey": KEY, **settings})
        return running(JeedomOutput(config, bus, lambda _: 0.0))

    return start
