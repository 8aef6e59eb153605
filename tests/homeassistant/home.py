"""A Home Assistant: core, recorder, Energy dashboard and MQTT, without its front end.

It runs in the event loop of the tests, so that what it knows is read where it is kept.
"""

import asyncio
import logging
from datetime import UTC, datetime

from homeassistant import bootstrap, config, loader
from homeassistant.components import recorder
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.mqtt import debug_info
from homeassistant.components.recorder.statistics import list_statistic_ids, validate_statistics
from homeassistant.components.recorder.tasks import StatisticsTask
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry, entity_registry

CONFIGURATION = """
homeassistant: {{name: Test, country: FR, language: fr, currency: EUR, time_zone: Europe/Paris}}
http: {{server_host: 127.0.0.1, server_port: {port}}}
recorder: {{commit_interval: 0}}
sensor:
energy:
"""
WAIT_S = 30
PERIOD_S = 300  # of short-term statistics

NOT_OF_METERS = {"homeassistant.bootstrap", "aiohttp_fast_zlib"}
"""Those say which Python they want and which packages would be faster."""

_OF_A_BROKER_THAT_HAS_JUST_GONE = ("asyncio", "birth")
"""The logger, and a word of what it says of a birth message that could not be sent."""


class Warnings(logging.Handler):
    """Writes down what Home Assistant warns of, and what it does not catch itself."""

    def __init__(self, warnings):
        super().__init__(logging.WARNING)
        self._warnings = warnings

    def emit(self, record):
        name, word = _OF_A_BROKER_THAT_HAS_JUST_GONE
        text = record.getMessage()
        if record.name not in NOT_OF_METERS and not (record.name == name and word in text):
            self._warnings.append(f"{record.name}: {text}")


class Home:
    """A Home Assistant in a folder of its own; what it warns of is kept in ``warnings``."""

    def __init__(self, folder, port):
        self.folder = folder
        self.port = port
        self.warnings = []
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))

    async def start(self):
        """Start, as it was when it stopped."""
        self._log = Warnings(self.warnings)
        logging.getLogger().addHandler(self._log)
        # Those are of the front end, or look for devices on the network.
        bootstrap.DEFAULT_INTEGRATIONS = frozenset()
        self.hass = HomeAssistant(str(self.folder))
        self.hass.config.skip_pip = True
        loader.async_setup(self.hass)
        settings = await config.async_hass_config_yaml(self.hass)
        assert await bootstrap.async_from_config_dict(settings, self.hass)
        await self.hass.async_start()

    async def stop(self):
        await self.hass.async_stop()
        logging.getLogger().removeHandler(self._log)

    async def use_broker(self, port):
        """What a user does once: add the integration MQTT, and tell it the broker."""
        flows = self.hass.config_entries.flow
        flow = await flows.async_init("mqtt", context={"source": "user"})
        flow = await flows.async_configure(flow["flow_id"], {"broker": "127.0.0.1", "port": port})
        assert flow["type"] == "create_entry", flow

    async def call(self, domain, service, unique_id):
        """Do what a user does to an entity."""
        target = {"entity_id": self.entities()[unique_id].entity_id}
        await self.hass.services.async_call(domain, service, target, blocking=True)

    async def publish(self, topic, payload, *, retain=False):
        """Tell the broker something."""
        message = {"topic": topic, "payload": payload, "retain": retain}
        await self.hass.services.async_call("mqtt", "publish", message, blocking=True)

    def devices(self):
        """The registry entry of each device that MQTT has, by its identifier."""
        devices = device_registry.async_get(self.hass).devices.values()
        return {
            identifier: device
            for device in devices
            for domain, identifier in device.identifiers
            if domain == "mqtt"
        }

    def entities(self):
        """The registry entry of each entity that MQTT has, by its unique id."""
        entries = entity_registry.async_get(self.hass).entities.values()
        return {entry.unique_id: entry for entry in entries if entry.platform == "mqtt"}

    def show(self, unique_id):
        """What a user does to see an entity that is switched off; it is there after a restart."""
        registry = entity_registry.async_get(self.hass)
        registry.async_update_entity(self.entities()[unique_id].entity_id, disabled_by=None)

    def state(self, unique_id):
        """State and attributes; ``None`` of an entity that is not there or switched off."""
        entry = self.entities().get(unique_id)
        return entry and self.hass.states.get(entry.entity_id)

    def announced_by(self, device):
        """The topics of the messages that announced the entities of a device."""
        known = debug_info.info_for_device(self.hass, self.devices()[device].id)["entities"]
        return {each["discovery_data"]["topic"] for each in known}

    async def wait_for(self, holds, otherwise):
        """Wait until something holds; if it never does, fail with what ``otherwise`` tells."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not holds():  # noqa: ASYNC110  # an event for each of these would be its own
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(otherwise()) from None

    async def until(self, unique_id, wanted):
        """Wait for the state of an entity; ``None`` is that it is not there."""

        def state():
            now = self.state(unique_id)
            return now and now.state

        await self.wait_for(
            lambda: state() == wanted, lambda: f"{unique_id} is {state()}, not {wanted}"
        )

    async def compile_statistics(self):
        """Do now what is done every five minutes."""
        now_s = datetime.now(UTC).timestamp()
        period = datetime.fromtimestamp(now_s - now_s % PERIOD_S, UTC)
        instance = recorder.get_instance(self.hass)
        await instance.async_block_till_done()
        instance.queue_task(StatisticsTask(period, fire_events=False))
        await instance.async_block_till_done()

    async def statistics(self):
        """What long-term statistics there are, by entity id, and what is wrong with them."""
        instance = recorder.get_instance(self.hass)
        known = await instance.async_add_executor_job(list_statistic_ids, self.hass)
        wrong = await instance.async_add_executor_job(validate_statistics, self.hass)
        return {each["statistic_id"]: each for each in known}, wrong

    async def energy_issues(self, consumed, power):
        """What the Energy dashboard has against these as its sources and devices.

        Releases since 2025.12 ask for the power, too.
        """
        manager = await async_get_manager(self.hass)
        free = {"stat_cost": None, "entity_energy_price": None, "number_energy_price": None}
        grid = {
            "type": "grid",
            "flow_from": [{"stat_energy_from": each, **free} for each in consumed],
            "flow_to": [],
            "power": [{"stat_rate": power}],
            "cost_adjustment_day": 0.0,
        }
        devices = [{"stat_consumption": each} for each in consumed]
        await manager.async_update({"energy_sources": [grid], "device_consumption": devices})
        return (await async_validate(self.hass)).as_dict()
