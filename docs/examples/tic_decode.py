# ruff: noqa: INP001, T201  # a script that prints
"""Show the frames of a capture, with the meaning of every value."""

import sys
from pathlib import Path

from tic import BY_NAME, Decoder, Frame, stamp, typed


def show(frame: Frame) -> None:
    """Print one line per group, and what was not believed."""
    print(f"{frame.mode}, {frame.kind}, meter {frame.meter}")
    for group in frame.groups:
        label = BY_NAME.get(group.label)  # None: not in the table, passed through as it is
        words = f"{label.unit:5}{label.en} {label.meaning(group.value)}" if label else ""
        when = stamp(group)
        print(f"  {group.label:10}{typed(group)!s:20}{words} {when.time if when else ''}".rstrip())
    for refusal in frame.refused:
        print(f"  {refusal.label or '?':10}refused: {refusal.reason}")


def main(path: str) -> None:
    """Decode a file, the frame it breaks off in included."""
    decoder = Decoder()
    for item in decoder.feed(Path(path).read_bytes()) + decoder.close():
        if isinstance(item, Frame):
            show(item)


if __name__ == "__main__":
    main(sys.argv[1])
