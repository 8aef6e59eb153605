"""Values as programs want them: numbers without zeros in front, texts without padding. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tic import BY_NAME, Group, Horodate, Kind, typed

__all__ = ["rfc3339", "typed_json", "typed_texts"]


def typed_json(label: str, value: str) -> int | str:
    """A number in the label's unit, else text; addresses, codes and registers stay as sent."""
    known = BY_NAME.get(label)
    if known is not None and known.kind in {Kind.IDENTITY, Kind.REGISTER, Kind.PROFILE, Kind.CLOCK}:
        return value
    meant = typed(Group(label, value))
    return meant if isinstance(meant, int | str) else value


def typed_texts(values: Mapping[str, str], horodates: Mapping[str, str]) -> dict[str, str]:
    """Label to text; the meter's clock, whose value is its horodate, as RFC 3339."""
    texts = {}
    for label, value in values.items():
        known = BY_NAME.get(label)
        if known is not None and known.kind is Kind.CLOCK:
            if (time := rfc3339(horodates.get(label, ""))) is not None:
                texts[label] = time
        else:
            texts[label] = str(typed_json(label, value))
    return texts


def rfc3339(horodate: str) -> str | None:
    """The meter's time of a value; ``None`` if there is none that may be believed."""
    stamp = Horodate.parse(horodate)
    return None if stamp is None or stamp.degraded else stamp.time.isoformat()
