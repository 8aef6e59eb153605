"""The format of Domoticz's topic ``domoticz/in``: a new value of one device in each message. Pure.

Source: Domoticz's wiki, "MQTT", section on sending data to Domoticz.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from teleinfo_gateway.config.homes import DomoticzConfig
from teleinfo_gateway.domoticz import DomoticzUpdates, Update
from teleinfo_gateway.outputs.mqtt.message import Message
from teleinfo_gateway.outputs.mqtt.view import View
from teleinfo_gateway.readings import Event, EventKind, Reading

__all__ = ["Domoticz"]


class Domoticz:
    """Tells the devices that the section ``domoticz`` names.

    Nothing is retained: Domoticz would take a value of yesterday for one of now.
    """

    def __init__(self, config: DomoticzConfig) -> None:
        self._topic = config.topic
        self._updates = DomoticzUpdates(config)

    def told(
        self,
        view: View,
        reading: Reading,  # noqa: ARG002  # the view has taken it
        *,
        due: bool,
    ) -> Iterable[Message]:
        """Every value that is known if they are due, else an alert that has risen."""
        return self._messages(self._updates.told(view.name, view.said, view.estimate, due=due))

    def happened(self, view: View, event: Event) -> Iterable[Message]:
        """The alert, when an overload begins, changes or ends."""
        if event.kind is not EventKind.OVERLOAD:
            return []
        return self._messages(self._updates.overload(view.name, view.said))

    def again(self, view: View) -> Iterable[Message]:
        """Everything, unless the meter is silent: Domoticz would take old values for new ones."""
        if not view.available:
            return []
        return self._messages(self._updates.told(view.name, view.said, view.estimate, due=True))

    def _messages(self, updates: list[Update]) -> list[Message]:
        return [
            # All go to one topic: by QoS 1 none takes the place of another that waits.
            Message(self._topic, json.dumps({"command": "udevice", **update._asdict()}), qos=1)
            for update in updates
        ]
