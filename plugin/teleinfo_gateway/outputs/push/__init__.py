"""The output that makes one HTTP request for each reading."""

from teleinfo_gateway.outputs.push.target import PushTarget

__all__ = ["PushTarget"]
