"""The state of a meter's line, from what was heard and when. Pure: time is passed in."""

from __future__ import annotations

from collections.abc import Callable

from teleinfo_gateway.statuses import LinkState

SILENT_S = 10.0
"""Without a valid frame for so long a line is bad (Enedis, receiver annex)."""

LOST_S = 180.0
"""The timeout of the sensor adco."""

STANDBY_ADVICE = "the meter's output is in standby: ask Enedis or your supplier to activate it"


class Link:
    """Follows one line; calls ``changed(state, detail)`` at each change."""

    def __init__(self, changed: Callable[[LinkState, str], None], now_s: float) -> None:
        self._changed = changed
        self.state = LinkState.SEARCHING
        self.detail = ""
        self._heard_s = now_s  # last valid frame, or the beginning

    def frame(self, now_s: float, *, standby: bool = False) -> None:
        """A valid frame of the meter."""
        self._heard_s = now_s
        if standby:
            self._set(LinkState.STANDBY, STANDBY_ADVICE)
        else:
            self._set(LinkState.OK, "")

    def opened(self, now_s: float) -> None:
        """The port is open; before a first frame nothing more is known."""
        if self.state is LinkState.NO_PORT:
            self._heard_s = max(self._heard_s, now_s - SILENT_S)
            self._set(LinkState.SEARCHING, "")

    def restart(self, now_s: float) -> None:
        """The reader starts again: what was known of the line is past."""
        self._heard_s = now_s
        self._set(LinkState.SEARCHING, "")

    def no_port(self, detail: str) -> None:
        """The port cannot be opened, or went away."""
        self._set(LinkState.NO_PORT, detail)

    def tick(self, now_s: float) -> None:
        """Time has passed."""
        quiet_s = now_s - self._heard_s
        if self.state is LinkState.NO_PORT:
            return
        if quiet_s > LOST_S:
            self._set(LinkState.LOST, f"nothing valid for {LOST_S:.0f} s")
        elif quiet_s > SILENT_S and self.state in {LinkState.OK, LinkState.STANDBY}:
            self._set(LinkState.SILENT, f"no valid frame for {SILENT_S:.0f} s")

    def _set(self, state: LinkState, detail: str) -> None:
        if (state, detail) != (self.state, self.detail):
            self.state, self.detail = state, detail
            self._changed(state, detail)
