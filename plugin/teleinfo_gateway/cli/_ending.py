"""The end of a program that runs until it is told to stop."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Awaitable

__all__ = ["and_then_end"]

log = logging.getLogger(__name__)

_PATIENCE_S = 2.0


async def and_then_end(work: Awaitable[None]) -> None:
    """Do the work, the last of this program: two seconds later it ends, whatever still blocks.

    Python itself would wait for every thread, even one that a server never answers.
    """
    await work
    threading.Thread(target=_end, name="end", daemon=True).start()


def _end() -> None:
    time.sleep(_PATIENCE_S)
    main = threading.main_thread()
    left = [each.name for each in threading.enumerate() if not each.daemon and each is not main]
    if left:
        log.warning("all has stopped but these threads, which are not waited for: %s", left)
    os._exit(0)
