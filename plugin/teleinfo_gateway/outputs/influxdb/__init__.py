"""The output to InfluxDB and VictoriaMetrics."""

from teleinfo_gateway.outputs.influxdb.target import InfluxdbTarget

__all__ = ["InfluxdbTarget"]
