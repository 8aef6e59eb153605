"""What the tests of durable outputs share: a history to read, waits without patience, a gateway."""

import contextlib

import pytest

from teleinfo_gateway.config import Config, HistoryConfig, load_config
from teleinfo_gateway.errors import ConfigError
from teleinfo_gateway.forwarding import forwarder
from teleinfo_gateway.history import output as output_module
from teleinfo_gateway.manager import PluginManager

from .outbox_rows import fill, history_of


@pytest.fixture
def impatient(monkeypatch):
    """Waits of minutes and seconds, shortened."""
    monkeypatch.setattr(forwarder, "_LOOK_S", 0.02)
    monkeypatch.setattr(forwarder, "_CATCH_UP_S", 0.0)
    monkeypatch.setattr(forwarder, "_FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(forwarder, "_LAST_RETRY_S", 0.1)
    monkeypatch.setattr(output_module, "_FRESH_S", 0.0)


@pytest.fixture
async def forwarded(tmp_path):
    """The function that starts a history of so many minutes and the output that has to read it."""
    async with contextlib.AsyncExitStack() as started:

        def start(name, target, number=300, ts=None):
            file = tmp_path / "history.db"
            fill(file, name, number, ts)
            history = history_of(file, name)
            output = forwarder.Forwarder(name, target, history)
            for each in history, output:
                each.start()
                started.push_async_callback(each.stop)
            return history, output

        yield start


@pytest.fixture
async def gateway_with(tmp_path):
    """The function that starts a gateway with a history and other sections."""
    async with contextlib.AsyncExitStack() as started:

        def start(**sections):
            history = HistoryConfig(path=str(tmp_path / "history.db"))
            manager = PluginManager(Config(xpl=None, web=None, history=history, **sections))
            manager.start()
            started.push_async_callback(manager.stop)
            return manager

        yield start


@pytest.fixture
def configured(tmp_path):
    """The function that loads a configuration from its text."""

    def load(text):
        file = tmp_path / "teleinfo.yaml"
        file.write_text(text, encoding="utf-8")
        return load_config(file)

    return load


@pytest.fixture
def faults_of(configured):
    """The function that finds the faults of a configuration: path to message."""

    def find(text):
        with pytest.raises(ConfigError) as caught:
            configured(text)
        return {fault.path: fault.message for fault in caught.value.faults}

    return find
