"""The output to Domoticz over HTTP; over MQTT its values are a format of that output."""

from teleinfo_gateway.outputs.domoticz.output import DomoticzOutput

__all__ = ["DomoticzOutput"]
