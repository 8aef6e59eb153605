"""Discovery: Home Assistant, and Domoticz, find the meters of the native layout by themselves."""

from teleinfo_gateway.outputs.mqtt.homeassistant.discovery import Discovery

__all__ = ["Discovery"]
