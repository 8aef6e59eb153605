"""Files that travel with the package: info.json, the udev rules, the icon."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]
_IN_CHECKOUT = {"info.json": "info.json", "udev": "udev", "icon.png": "design/icon.png"}


def resource(name: str) -> Traversable:
    """``info.json``, ``udev`` (a folder) or ``icon.png``.

    A wheel carries them in ``data``; an editable install runs in the checkout, where they are at
    their own places.
    """
    packed = files("teleinfo_gateway").joinpath("data", name)
    if packed.is_file() or packed.is_dir():
        return packed
    return _CHECKOUT / _IN_CHECKOUT[name]
