"""The xPL output: ``teleinfo.basic`` and ``teleinfo.short`` to everyone on the network."""

from teleinfo_gateway.outputs.xpl.output import XplOutput

__all__ = ["XplOutput"]
