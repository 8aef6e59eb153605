"""Where bytes come from: serial ports, TCP servers, and the other URLs of pyserial.

A source hands over bytes as they come and says once, with a reason, that it is gone. It knows
nothing of TIC.
"""

from __future__ import annotations

from teleinfo_gateway.sources.base import Source, SourceError, has_speed, open_source

__all__ = ["Source", "SourceError", "has_speed", "open_source"]
