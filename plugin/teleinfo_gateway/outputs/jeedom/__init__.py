"""The output to Jeedom's plugin Teleinfo over HTTP; over MQTT it has a format of that output."""

from teleinfo_gateway.outputs.jeedom.output import JeedomOutput

__all__ = ["JeedomOutput"]
