"""What is simulated: the meter, its contract and the household behind it."""

from dataclasses import dataclass

from teleinfo_gateway.simulation.errors import SimulationError
from teleinfo_gateway.simulation.tariffs import Tariff
from tic import Mode

__all__ = ["Installation"]

_BAUD = {Mode.HISTORIQUE: 1200, Mode.STANDARD: 9600}
_BITS_PER_BYTE = 10  # start, 7 data, parity, stop

# No manufacturer has the code 00: whoever sees these identities knows that no such meter exists.
# Electronic meters of 2010 speak historique (types 28 and 30), Linkys of 2021 standard (64, 76).
_MODELS = {
    (Mode.HISTORIQUE, 1): "001028",
    (Mode.HISTORIQUE, 3): "001030",
    (Mode.STANDARD, 1): "002164",
    (Mode.STANDARD, 3): "002176",
}
_SERIAL_STEP = 100_000  # from a meter to the one that replaces it


@dataclass(frozen=True, slots=True)
class Installation:
    """A meter that does not exist, and what is connected to it.

    ``phases`` is 1 (9 kVA, 45 A) or 3 (12 kVA, 20 A on each phase). ``seed`` is 0 or more: it
    makes the household's habits and the meter's serial number. With ``overload`` the household
    exceeds its subscription now and then. A ``producer`` sells what its roof does not use itself;
    only the standard mode has words for that: :class:`SimulationError` otherwise. In standard mode
    the meter is a Linky, in historique mode only if ``linky`` says so. ``exchanges`` is how many
    meters were there before this one; their serial numbers differ.
    """

    name: str = "house"
    mode: Mode = Mode.HISTORIQUE
    tariff: Tariff = Tariff.HC
    phases: int = 1
    producer: bool = False
    overload: bool = False
    seed: int = 1
    linky: bool = False
    exchanges: int = 0

    def __post_init__(self) -> None:
        if self.phases not in {1, 3}:
            raise SimulationError(f"{self.phases} phases: a meter has 1 or 3")
        if self.producer and self.mode is Mode.HISTORIQUE:
            raise SimulationError(
                "a meter in historique mode says nothing of energy sold: "
                "simulate a producer in standard mode"
            )

    @property
    def identity(self) -> str:
        """ADCO or ADSC: manufacturer code 00, year, type, then a serial number from the seed."""
        model = _MODELS[Mode.STANDARD if self.linky else self.mode, self.phases]
        return f"{model}{(self.seed + self.exchanges * _SERIAL_STEP) % 1_000_000:06}"

    @property
    def delivery_point(self) -> str:
        """PRM; no real one starts with 00."""
        return f"{self.seed % 1_000_000:014}"

    @property
    def subscribed_kva(self) -> int:
        """PREF and PCOUP."""
        return 9 if self.phases == 1 else 12

    @property
    def subscribed_a(self) -> int:
        """ISOUSC, of each phase: contracts count 200 VA for an A."""
        return self.subscribed_kva * 5 // self.phases

    @property
    def baud(self) -> int:
        """The speed of the line, in bit/s."""
        return _BAUD[self.mode]

    @property
    def byte_s(self) -> float:
        """Seconds that one byte takes on the line."""
        return _BITS_PER_BYTE / self.baud
