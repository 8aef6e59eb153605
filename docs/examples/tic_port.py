# ruff: noqa: INP001, T201  # a script that prints
"""Listen to a meter: the apparent power, as often as it is sent."""

import sys
from collections.abc import Iterator

import serial

from tic import Decoder, Group, Mode, usual_name

SPEEDS = {Mode.HISTORIQUE: 1200, Mode.STANDARD: 9600}


def powers(device: str, mode: Mode) -> Iterator[int]:
    """The apparent power in VA at each group that tells it."""
    decoder = Decoder(mode)
    # Everything is set when the port is opened: 7 data bits, even parity, 1 stop bit.
    with serial.Serial(device, SPEEDS[mode], bytesize=7, parity="E", timeout=1) as port:
        while True:
            for item in decoder.feed(port.read(port.in_waiting or 1)):
                # Groups come before their frame: nothing waits for the end of it.
                if isinstance(item, Group) and usual_name(item.label) in {"PAPP", "SINSTS"}:
                    yield int(item.value)


if __name__ == "__main__":
    for power_va in powers(sys.argv[1], Mode(sys.argv[2])):
        print(power_va, "VA", flush=True)
