"""The MQTT output: every home automation that has a broker."""

from teleinfo_gateway.outputs.mqtt.output import MqttOutput

__all__ = ["MqttOutput"]
