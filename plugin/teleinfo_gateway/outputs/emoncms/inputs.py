"""What EmonCMS is told of a reading: numbers by name, as it takes nothing else. Pure.

Words become numbers by the codes of hallard's ``teleinfo``; those of DEMAIN are ours, as that
program sends it as text, for which EmonCMS refuses all of a post. The names are the labels of the
meter's mode, IINST and IMAX of one phase as IINST1 and IMAX1, as that program calls them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from teleinfo_gateway.history.labels import historique_labels, own_labels

__all__ = ["inputs_of"]

_OTHER = 0  # of a word that has no code
_OPTARIF = {"BASE": 1, "HC..": 2, "EJP.": 3}
_TEMPO, _TEMPO_CODE = "BBR", 4  # its fourth character varies
_PTEC = {
    "TH..": 1, "HC..": 2, "HP..": 3, "HN..": 4, "PM..": 5, "HCJB": 6, "HCJW": 7, "HCJR": 8,
    "HPJB": 9, "HPJW": 10, "HPJR": 11,
}  # fmt: skip
_DEMAIN = {"----": 0, "BLEU": 1, "BLAN": 2, "ROUG": 3}
_RENAMED = {"IINST": "IINST1", "IMAX": "IMAX1"}


def inputs_of(adco: str, columns: Mapping[str, int | str | None]) -> dict[str, int]:
    """The inputs of a reading (columns of ``ti_reading``) in the order of the labels."""
    return dict(_inputs(adco, columns))


def _inputs(adco: str, columns: Mapping[str, int | str | None]) -> Iterator[tuple[str, int]]:
    for label, value in own_labels(adco, columns).items():
        if isinstance(value, int):
            yield _RENAMED.get(label, label), value
    words = historique_labels(adco, columns)
    if "OPTARIF" in words:
        option = str(words["OPTARIF"])
        # Not a calendar of standard mode whose name happens to begin like this.
        tempo = option.startswith(_TEMPO) and len(option) <= len("BBR(")
        yield "OPTARIF", _TEMPO_CODE if tempo else _OPTARIF.get(option, _OTHER)
    if "PTEC" in words:
        yield "PTEC", _PTEC.get(str(words["PTEC"]), _OTHER)
    if "DEMAIN" in words:
        yield "DEMAIN", _DEMAIN.get(str(words["DEMAIN"]), _OTHER)
    if len(group := str(words.get("HHPHC", ""))) == 1:
        yield "HHPHC", ord(group)
