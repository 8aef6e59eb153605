"""The formats that a configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator

from teleinfo_gateway.config.homes import DomoticzConfig
from teleinfo_gateway.config.mqtt import MqttConfig
from teleinfo_gateway.outputs.mqtt.domoticz import Domoticz
from teleinfo_gateway.outputs.mqtt.edgd1er import Edgd1er
from teleinfo_gateway.outputs.mqtt.format import Format
from teleinfo_gateway.outputs.mqtt.homeassistant import Discovery
from teleinfo_gateway.outputs.mqtt.jeedom import Jeedom
from teleinfo_gateway.outputs.mqtt.native import Native
from teleinfo_gateway.outputs.mqtt.tasmota import Tasmota
from teleinfo_gateway.outputs.mqtt.teleinfo2mqtt import Teleinfo2Mqtt
from teleinfo_gateway.outputs.mqtt.teleinfod import TeleInfod, TeleInfodHistorique
from teleinfo_gateway.outputs.mqtt.zigbee2mqtt import Zigbee2Mqtt

__all__ = ["Formats"]


class Formats:
    """Iterate over them: ours first, so that what is announced has a value already."""

    def __init__(self, config: MqttConfig, domoticz: DomoticzConfig | None, gateway: str) -> None:
        wanted = config.formats
        self.native: Native | None = None
        self.discovery: Discovery | None = None
        if wanted.native is not None:
            self.native = Native(
                wanted.native,
                gateway,
                min_interval_s=config.min_interval,
                max_interval_s=config.max_interval,
            )
            if config.homeassistant is not None:
                self.discovery = Discovery(
                    config.homeassistant,
                    wanted.native,
                    commands=config.takes_commands,
                    max_interval=config.max_interval,
                )
        compatible = {
            Edgd1er: wanted.edgd1er,
            Jeedom: wanted.jeedom,
            Tasmota: wanted.tasmota,
            Teleinfo2Mqtt: wanted.teleinfo2mqtt,
            TeleInfod: wanted.teleinfod,
            TeleInfodHistorique: wanted.teleinfod_historique,
            Zigbee2Mqtt: wanted.zigbee2mqtt,
        }
        self._all: list[Format] = [each for each in (self.native, self.discovery) if each]
        self._all += [kind(topic) for kind, topic in compatible.items() if topic is not None]
        if domoticz is not None and domoticz.url is None:
            self._all.append(Domoticz(domoticz))

    def __iter__(self) -> Iterator[Format]:
        return iter(self._all)
