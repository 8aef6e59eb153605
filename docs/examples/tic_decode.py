# ruff: noqa: INP001, T201  # a script that prints
"""Show the frames of a capture, with the meaning of every value."""

import sys
from pathlib import Path

from tic import BY_NAME, Decoder, Frame, Group, stamp, typed


def line(group: Group) -> str:
    """Label, value, unit, meaning, and the meter's own time if the group has one."""
    value = typed(group)  # a number, a text, or an object with the bits of a register
    told = str(value) if isinstance(value, int | str) else group.value
    label = BY_NAME.get(group.label)  # None: not in the table, passed on as it is
    if label is None:
        return f"{group.label:10}{told}"
    meaning = label.meaning(group.value)
    instant = stamp(group)
    words = [label.en, meaning and f"= {meaning}", instant and f"at {instant.time}"]
    return f"{label.name:10}{told:<18}{label.unit:5}{' '.join(str(w) for w in words if w)}"


def main(path: str) -> None:
    """Decode a file, the frame it breaks off in included."""
    decoder = Decoder()
    for item in decoder.feed(Path(path).read_bytes()) + decoder.close():
        if isinstance(item, Frame):
            print(f"{item.mode}, {item.kind}, meter {item.meter}")
            for group in item.groups:
                print(" ", line(group))
            for refusal in item.refused:
                print(f"  {refusal.label or '?':10}refused: {refusal.reason}")


if __name__ == "__main__":
    main(sys.argv[1])
