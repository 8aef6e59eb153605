"""Frames as they came, by UDP, as hallard's ``teleinfo`` sends them."""

from teleinfo_gateway.outputs.udp.output import UdpOutput

__all__ = ["UdpOutput"]
