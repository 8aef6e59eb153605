"""Two guards for text that came from the network."""

__all__ = ["number", "printable"]

_MOST_DIGITS = 9  # no number of the protocol needs more; int() refuses texts of thousands of digits


def printable(text: str, limit: int = 80) -> str:
    """Make text fit for a log or a terminal: one line, no control character, cut at `limit`."""
    shown = "".join(char if char.isprintable() else "?" for char in text[:limit])
    return shown + "..." if len(text) > limit else shown


def number(text: str | None) -> int | None:
    """Return the value of plain ASCII digits, or None for anything else."""
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        return None
    return int(digits)
