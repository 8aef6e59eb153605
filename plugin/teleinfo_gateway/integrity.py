"""May a frame be believed? Pure: between the decoder's frames and the gateway's readings.

The checksum misses one error in 64 and every pair of errors that cancel out, so that a damaged
index can verify. Here each value is held against what the meter told before (``trust``) and
against the other values of its frame (``plausibility``). Times are monotonic.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from teleinfo_gateway.plausibility import DEFAULT_LIMIT_W, doubts_of, power_limit_w
from teleinfo_gateway.trust import AtOnce, IndexTrust, Steady, Trust, TwiceTold, Verdict
from tic import BY_NAME, Frame, FrameKind, Kind, Mode

_MAY_REPEAT = {"ADPS"}
"""Inserted early in the first frame of an overload, then sent again at its place."""

_AT_ONCE = {"PTEC", "DEMAIN", "NTARF", "PEJP", "ADPS", "ADIR1", "ADIR2", "ADIR3", "DATE", "MSG2"}
"""An overload, a change of tariff, an announcement and what is sent only once never wait."""

_IDENTITIES = {"ADCO", "ADSC"}
_CONTRACTS = {"OPTARIF", "NGTF"}

_INSTANTANEOUS = (
    *("IINST", "IINST1", "IINST2", "IINST3", "PAPP"),
    *("IRMS1", "IRMS2", "IRMS3", "URMS1", "URMS2", "URMS3"),
    *("SINSTS", "SINSTS1", "SINSTS2", "SINSTS3", "SINSTI", "SINST1"),
)
"""What moves with the loads of the house; other numbers stay for minutes or for years."""

_STEADY = {"A": (2, 1 / 200), "V": (10, 1.0), "VA": (300, 1.2)}
"""By unit: a difference that says nothing, and the ceiling for each watt of the power limit."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A value that was not believed: why, and what was expected instead, in plain words."""

    label: str
    value: str
    reason: str
    expected: str


@dataclass(frozen=True, slots=True)
class Change:
    """Something new that is no fault: ``exchange``, ``mode``, ``contract`` or ``rebase``."""

    what: str
    before: str
    after: str


@dataclass(slots=True)
class Judgement:
    """What came of one frame: label to believed value, what was refused, what is new.

    ``values`` is empty while the meter is not known for certain, and in ``standby``: a frame that
    holds the address of the known meter and nothing else.
    """

    standby: bool = False
    values: dict[str, str] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def address_of(frame: Frame) -> str | None:
    """ADSC of a standard frame, ADCO of another.

    With the address of the other mode a frame is two, glued by lost marks: it tells none.
    """
    return frame.value("ADSC" if frame.mode is Mode.STANDARD else "ADCO")


class Identity:
    """Which meter a line belongs to: two frames in a row with one address settle it."""

    def __init__(self) -> None:
        self.address: str | None = None
        self._candidate: str | None = None

    def confirm(self, frame: Frame) -> bool:
        """Whether the frame tells the address of the line's meter; an unknown one is noted."""
        address = address_of(frame)
        if address is None:
            return False
        if address == self._candidate:
            self.address = address
        self._candidate = address
        return address == self.address


class Integrity:
    """The rules of one line."""

    def __init__(self) -> None:
        self._identity = Identity()
        self._mode: Mode | None = None
        self._mode_told: Mode | None = None
        self._contract: dict[str, str] = {}
        self._limit_w = DEFAULT_LIMIT_W
        self._trusts: dict[str, Trust] = {}

    @property
    def address(self) -> str | None:
        """The meter of the line, once it is known."""
        return self._identity.address

    def judge(self, frame: Frame, now_s: float) -> Judgement:
        """What to believe of a frame.

        A frame that lost its address is taken for the meter of the line: an exchange takes
        minutes, and is known by two frames. So do groups outside a whole frame: an added byte that
        looks like a frame mark costs nothing else. The first frame of all is only remembered.
        """
        judgement = Judgement()
        before = self.address
        known = self._identity.confirm(frame) or (
            before is not None and address_of(frame) is None and frame.meter is None
        )
        if not known and before is not None:
            return judgement  # another meter, told once
        if self.address != before and before is not None:
            judgement.changes.append(Change("exchange", before, self.address or ""))
            self._forget()
        if frame.kind is FrameKind.STANDBY:
            judgement.standby = known
            return judgement
        told = self._told(frame, judgement)
        if not told:
            return judgement
        self._limit_w = power_limit_w(told) or self._limit_w
        doubts = doubts_of(told)
        for label, value in told.items():
            verdict = self._trust(label).take(value, now_s, self._limit_w, doubts.get(label, ""))
            self._note(label, verdict, judgement)
        if not known:
            return Judgement()
        self._notice_changes(frame, judgement)
        judgement.values["ADSC" if frame.mode is Mode.STANDARD else "ADCO"] = self.address or ""
        return judgement

    def _forget(self) -> None:
        self._trusts = {}
        self._contract = {}
        self._mode = self._mode_told = None
        self._limit_w = DEFAULT_LIMIT_W

    def _told(self, frame: Frame, judgement: Judgement) -> dict[str, str]:
        """The mode's labels to values, without the identity; one with two values is refused."""
        told: dict[str, str] = {}
        for label, value, _ in frame.groups:
            known = BY_NAME.get(label)
            if known is None or known.mode is not frame.mode or label in _IDENTITIES:
                continue
            if label in told and told[label] != value and label not in _MAY_REPEAT:
                expected = "one value in a frame"
                judgement.refused.append(Refused(label, value, "told twice", expected))
            told[label] = value
        for doubtful in judgement.refused:
            told.pop(doubtful.label, None)
        return told

    def _trust(self, label: str) -> Trust:
        trust = self._trusts.get(label)
        if trust is None:
            trust = self._trusts[label] = _new_trust(label)
        return trust

    @staticmethod
    def _note(label: str, verdict: Verdict, judgement: Judgement) -> None:
        if verdict.believed is not None:
            judgement.values[label] = verdict.believed
        if verdict.refused is not None:
            judgement.refused.append(Refused(label, *verdict.refused))
        if verdict.rebased:
            judgement.changes.append(Change("rebase", label, verdict.believed or ""))

    def _notice_changes(self, frame: Frame, judgement: Judgement) -> None:
        """A mode told by two frames in a row, a contract believed: new, and no fault."""
        told_again = frame.mode is self._mode_told
        self._mode_told = frame.mode
        self._mode = self._mode or frame.mode
        if told_again and frame.mode is not self._mode:
            judgement.changes.append(Change("mode", self._mode, frame.mode))
            self._mode = frame.mode
        for label in _CONTRACTS & judgement.values.keys():
            before, after = self._contract.get(label), judgement.values[label]
            self._contract[label] = after
            if before is not None and before != after:
                judgement.changes.append(Change("contract", before, after))
                for name in [name for name in self._trusts if _is_index(name)]:
                    del self._trusts[name]  # the supplier's indexes may start anew


def _is_index(label: str) -> bool:
    return BY_NAME[label].kind is Kind.INDEX


def _new_trust(label: str) -> Trust:
    """The rule of a label, by its kind."""
    known = BY_NAME[label]
    if label in _AT_ONCE:
        return AtOnce()
    if label in _INSTANTANEOUS:
        return Steady(*_STEADY[known.unit])
    return IndexTrust() if known.kind is Kind.INDEX else TwiceTold()
