"""The output to EmonCMS."""

from teleinfo_gateway.outputs.emoncms.target import EmoncmsTarget

__all__ = ["EmoncmsTarget"]
