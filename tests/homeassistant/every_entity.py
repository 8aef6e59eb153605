"""Print what announces every entity that some meter may have; run by the gateway's own Python.

One JSON array in each line: topic and payload.
"""

import json

from teleinfo_gateway.config.mqtt import HomeAssistantConfig
from teleinfo_gateway.outputs.mqtt.homeassistant.entities import ENTITIES
from teleinfo_gateway.outputs.mqtt.homeassistant.messages import Messages
from teleinfo_gateway.outputs.mqtt.view import View

if __name__ == "__main__":
    view = View("every")
    view.said.address = "012345678901"
    messages = Messages(HomeAssistantConfig(), "teleinfo", 60)
    for entity in ENTITIES:
        message = messages.entity(view, entity)
        print(json.dumps([message.topic, message.payload]))  # noqa: T201
