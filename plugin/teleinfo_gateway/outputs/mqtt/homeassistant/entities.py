"""The one table of entities: what Home Assistant may have of a meter, and which of it it has. Pure.

Those of labels follow from the label table by unit and kind; what the native layout derives is
listed here. Source: Home Assistant, integrations ``mqtt``, ``sensor`` and ``binary_sensor``
(device classes with their units and state classes, of version 2024.11). Object ids keep clear of
what Domoticz passes over in silence: ``_min`` or ``_max`` at the end, ``_alarm``, ``_address``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from teleinfo_gateway.outputs.mqtt.derived import UNKNOWN_CONTRACT
from teleinfo_gateway.outputs.mqtt.message import plain_name
from teleinfo_gateway.statuses import Status
from tic import LABELS, Breaker, Kind, Label, Mode

__all__ = ["COMMANDED", "ENTITIES", "Entity"]

COMMANDED = "switch"
"""The component that is announced only where commands are taken."""

Facts = Mapping[str, object]
"""Members of a discovery message."""

_EXPIRES_S = 120
_POWER_EXPIRES_S = 600
"""The least time after which a measurement is not shown any more: an index of a house that draws
little moves once in some minutes, and the estimate with it."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of a meter: ``component`` is its platform, ``name`` its object id.

    A meter has it once it told one of ``labels``, or always where there are none. ``expires_s`` is
    the least ``expire_after``; 0 is never. ``source`` is the topic below that of the meter, if that
    is not the name. ``mode`` is set for what comes and goes: as long as the meter speaks that mode,
    the entity is not missed. ``dated`` is the name of the horodate that is shown with the state.
    ``of_reader`` says that it is there while the meter is not.
    """

    component: str
    name: str
    fr: str
    en: str
    facts: Facts
    labels: frozenset[str] = frozenset()
    expires_s: int = 0
    source: str = ""
    mode: Mode | None = None
    dated: str = ""
    of_reader: bool = False

    @property
    def topic(self) -> str:
        """Where its state is, below the topic of the meter."""
        return self.source or self.name

    def is_of(self, labels: Collection[str]) -> bool:
        """Whether a meter that told these labels has it."""
        return not self.labels or not self.labels.isdisjoint(labels)


_DIAGNOSTIC: Facts = {"entity_category": "diagnostic"}
_MEASUREMENT: Facts = {"state_class": "measurement"}

_BY_UNIT: Mapping[str, Facts] = {
    "Wh": {
        "device_class": "energy",
        "state_class": "total_increasing",
        "unit_of_measurement": "Wh",
    },
    # reactive_energy is a class since 2025 only, and one that is not known refuses the entity.
    "varh": {"state_class": "total_increasing", "unit_of_measurement": "varh"},
    "VA": {"device_class": "apparent_power", "unit_of_measurement": "VA"},
    "kVA": {"device_class": "apparent_power", "unit_of_measurement": "VA"},  # the class lacks kVA
    "W": {"device_class": "power", "unit_of_measurement": "W"},
    "A": {"device_class": "current", "unit_of_measurement": "A"},
    "V": {"device_class": "voltage", "unit_of_measurement": "V"},
    "min": {"device_class": "duration", "unit_of_measurement": "min"},
}
_MEASURED_UNITS = {"VA", "W", "A", "V"}
_HIGHEST = ("SMAX", "PMAX", "IMAX")
_SUBSCRIBED = {"ISOUSC", "PREF", "PCOUP"}

_DIAGNOSTIC_KINDS = {Kind.IDENTITY, Kind.REGISTER, Kind.PROFILE, Kind.CLOCK}
_DIAGNOSTIC_LABELS = {"HHPHC", "VTIC", "MSG1", "MSG2", "NJOURF", "NJOURF+1"} | _SUBSCRIBED
_HIDDEN_KINDS = {Kind.PROFILE, Kind.CLOCK}  # for programs; a clock is a new state each second
_PERSONAL = "PRM"

_CONTRACTS = ("BASE", "HC..", "EJP.", "BBR", UNKNOWN_CONTRACT)
_DERIVATIONS = {"OPTARIF": "contract", "PREF": "pref_va", "PCOUP": "pcoup_va"}
"""Labels whose value takes a derivation: Domoticz understands no templates."""

_DRAWN = frozenset(
    label.name for label in LABELS if label.mode is Mode.HISTORIQUE and label.kind is Kind.INDEX
) | {"EAST"}


def _of_label(label: Label) -> Entity:
    measured = (
        label.unit in _MEASURED_UNITS
        and not label.name.startswith(_HIGHEST)
        and label.name not in _SUBSCRIBED
    )
    name = plain_name(label.name)
    return Entity(
        component="sensor",
        name=name.lower(),
        fr=label.fr[0].upper() + label.fr[1:],
        en=label.en[0].upper() + label.en[1:],
        facts={**_classes(label), **(_MEASUREMENT if measured else {}), **_category(label)},
        labels=frozenset({label.name}),
        # An event that is over stays at 0, and is not told again.
        expires_s=_EXPIRES_S if measured and not label.event else 0,
        source=_DERIVATIONS.get(label.name, name),
        mode=label.mode if label.event else None,
        dated=name if label.timestamped and label.kind is not Kind.CLOCK else "",
    )


def _classes(label: Label) -> Facts:
    if label.kind is Kind.CLOCK:
        return {"device_class": "timestamp"}
    if label.name == "OPTARIF":
        return {"device_class": "enum", "options": _CONTRACTS}
    if label.meanings:
        return {"device_class": "enum", "options": tuple(label.meanings)}
    return _BY_UNIT.get(label.unit, {})


def _category(label: Label) -> Facts:
    diagnostic = (
        label.kind in _DIAGNOSTIC_KINDS
        or label.name in _DIAGNOSTIC_LABELS
        or label.name.startswith("IMAX")
    )
    hidden = label.kind in _HIDDEN_KINDS or label.name == _PERSONAL
    return {
        **(_DIAGNOSTIC if diagnostic else {}),
        **({"enabled_by_default": False} if hidden else {}),
    }


def _enum(words: type[Status | Breaker]) -> Facts:
    return {"device_class": "enum", "options": tuple(word.value for word in words)}


_POWER: Facts = {**_BY_UNIT["W"], **_MEASUREMENT}
_PERCENT: Facts = {"unit_of_measurement": "%", **_MEASUREMENT}
_ON_OFF: Facts = {"payload_on": "ON", "payload_off": "OFF"}
_PROBLEM: Facts = {"device_class": "problem", **_ON_OFF}

_STGE = frozenset({"STGE"})

_DERIVED = (
    Entity(
        *("sensor", "active_power", "Puissance active (estimée)", "Active power (estimated)"),
        *(_POWER, _DRAWN, _POWER_EXPIRES_S),
    ),
    Entity(
        *("sensor", "injected_power", "Puissance injectée (estimée)", "Injected power (estimated)"),
        *(_POWER, frozenset({"EAIT"}), _POWER_EXPIRES_S),
    ),
    Entity(
        *("sensor", "load_percent", "Charge de l'abonnement", "Load of the subscription"),
        *(_PERCENT, frozenset({"ISOUSC", "PREF"}), _EXPIRES_S),
    ),
    Entity(
        *("sensor", "slot", "Poste tarifaire en cours", "Current tariff slot"),
        *({}, frozenset({"PTEC", "NTARF"})),
    ),
    Entity(
        *("sensor", "error_rate", "Taux d'erreurs de la liaison TIC", "Error rate of the TIC link"),
        {**_PERCENT, **_DIAGNOSTIC},
        of_reader=True,
    ),
    Entity("sensor", "breaker", "Organe de coupure", "Breaker", _enum(Breaker), _STGE),
    Entity("binary_sensor", "overload", "Dépassement", "Overload", _PROBLEM),
    Entity("binary_sensor", "over_voltage", "Surtension", "Over-voltage", _PROBLEM, _STGE),
    Entity(
        *("binary_sensor", "breaker_open", "Organe de coupure ouvert", "Breaker open"),
        *(_PROBLEM, _STGE),
    ),
    Entity(
        *("binary_sensor", "cover_open", "Cache-bornes ouvert", "Terminal cover open"),
        *({"device_class": "tamper", **_ON_OFF}, _STGE),
    ),
    Entity(
        *("binary_sensor", "contact_closed", "Contact sec fermé", "Dry contact closed"),
        *({"device_class": "running", **_ON_OFF}, _STGE),
    ),
    Entity(
        *("binary_sensor", "clock_degraded", "Horloge dégradée", "Clock degraded"),
        *(_PROBLEM, _STGE),
    ),
    Entity(
        *("binary_sensor", "peak_notice", "Préavis de pointe mobile", "Mobile peak notice"),
        *(_ON_OFF, _STGE),
    ),
    Entity("binary_sensor", "injecting", "Injection en cours", "Injecting", _ON_OFF, _STGE),
    Entity(
        *("binary_sensor", "link", "Liaison TIC", "TIC link"),
        {"device_class": "connectivity", **_ON_OFF, **_DIAGNOSTIC},
        of_reader=True,
    ),
    Entity(
        *("sensor", "reader_status", "État du lecteur", "Status of the reader"),
        {**_enum(Status), **_DIAGNOSTIC},
        of_reader=True,
    ),
    Entity(
        *(COMMANDED, "reader", "Lecture du compteur", "Reading of the meter", _ON_OFF),
        of_reader=True,
    ),
)

ENTITIES = (*map(_of_label, LABELS), *_DERIVED)
"""Everything that some meter may have; no two have the same name."""
