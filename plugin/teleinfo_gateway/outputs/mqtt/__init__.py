"""The MQTT output: every home automation that has a broker."""
