"""Store and forward: durable outputs read the history behind a cursor of their own."""

from teleinfo_gateway.forwarding.target import RefusedError, Row, Target, TargetError

__all__ = ["RefusedError", "Row", "Target", "TargetError"]
