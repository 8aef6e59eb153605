"""Sends the frames of the meters as they come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from teleinfo_gateway.bus import Bus
from teleinfo_gateway.config import DeviceConfig
from teleinfo_gateway.config.udp import UdpConfig
from teleinfo_gateway.outputs.udp.sender import UdpError, UdpSender
from teleinfo_gateway.udp_url import SCHEME

__all__ = ["UdpOutput"]

log = logging.getLogger(__name__)


class UdpOutput:
    """Sends every frame, unchecked; ``device`` gives the settings of a meter by its name.

    It has neither task nor queue: a datagram leaves in microseconds, or does not leave. What came
    by UDP is not sent again: two gateways would send it to each other for ever.
    """

    name = "udp"

    def __init__(
        self, config: UdpConfig, bus: Bus, device: Callable[[str], DeviceConfig | None]
    ) -> None:
        self.config = config
        self._frames = bus.raw_frames
        self._device = device
        self._sender = UdpSender(config.to, config.port)
        self._target = f"{config.to}, ports {config.port} and {config.port + 1}"
        self._sent = self._failed = 0
        self._problem = ""

    def start(self) -> None:
        """Begin to send."""
        self._frames.subscribe(self._supervise)
        log.info("UDP: frames go to %s", self._target)

    async def stop(self) -> None:
        """End; there is nobody to take leave of."""
        self._frames.unsubscribe(self._supervise)
        self._sender.close()

    def state(self) -> Mapping[str, str | int | bool]:
        """Where frames go, how many went, and what is wrong."""
        return {
            "to": self.config.to,
            "port": self.config.port,
            "sent": self._sent,
            "failed": self._failed,
            "problem": self._problem,
        }

    def _supervise(self, meter: str, frame: bytes) -> None:
        """The outermost frame of the output: a fault of ours costs a frame, not the reader."""
        try:
            if self._is_wanted(meter):
                self._send(frame)
        except Exception as error:  # noqa: BLE001  # see above
            self._report(f"a frame of {meter} was not sent: {error!r}", error)

    def _is_wanted(self, meter: str) -> bool:
        device = self._device(meter)
        return (
            device is not None
            and not device.device.startswith(SCHEME)
            and (self.config.meters is None or meter in self.config.meters)
        )

    def _send(self, frame: bytes) -> None:
        try:
            self._sender.send(frame)
        except UdpError as error:
            self._failed += 1
            self._report(str(error))
            return
        self._sent += 1
        if self._problem:
            log.info("UDP: frames go to %s again", self._target)
            self._problem = ""

    def _report(self, problem: str, fault: Exception | None = None) -> None:
        """Keep a problem for the status and log it once."""
        if problem != self._problem:
            self._problem = problem
            log.error("UDP: %s", problem, exc_info=fault)
