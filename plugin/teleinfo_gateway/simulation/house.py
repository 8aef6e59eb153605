"""A household: what it draws from each phase, second by second, and what its roof gives back.

Pure and deterministic: the same seed and the same second give the same power, whatever was asked
before. The power is constant within each second, so its energy is a plain sum.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from random import Random

from teleinfo_gateway.simulation.clock import from_legal, to_legal

__all__ = ["House", "noise"]

_DAY_BEGINS = time(5)  # everything switched on in the evening is off again by then
_DAY_S = 86400
_YEAR_S = 365.2425 * _DAY_S

# Circuits of a three-phase house; a single-phase one has them all on its only phase.
_LIVING, _COOKING, _WATER = range(3)

_HEAT_LOSS_W_PER_K = 110
_HEATING_MAX_W = 2800
_ROOF_W = 3000
_LATITUDE = math.radians(46.5)
_SOLAR_NOON_UTC_H = 11.85  # at 2.3 degrees east

_SURGE_EVERY_S = 300
_SURGE = range(10, 50)  # seconds of each of these periods
_SURGE_W = {1: 11500, 3: 5500}  # on a phase: over 45 A and 20 A whatever the voltage
_SURGE_CIRCUITS = ((1,), (0, 2), (0, 1, 2))

# What a noise is for; each has its own random numbers.
_FLICKER, _WEATHER, _CLOUDS, _THERMOSTAT, _MACHINE = range(5)
_PURPOSES = 16


@lru_cache(maxsize=8192)  # a meter uses some 20 at a time: 400 meters fit
def _cell(salt: int, cell: int) -> float:
    """A random number in -1..1: always the same for the same cell (an integer hash)."""
    mixed = (salt * 0x9E3779B1 ^ cell * 0x85EBCA6B) & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * 0x2C1B3C6D & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 12) * 0x297A2D39 & 0xFFFFFFFF
    return (mixed ^ mixed >> 15) / 2**31 - 1


def noise(salt: int, position: float) -> float:
    """A smooth random curve in -1..1 with one bend for each unit of ``position``."""
    cell = math.floor(position)
    part = position - cell
    left = _cell(salt, cell)
    return left + (_cell(salt, cell + 1) - left) * part * part * (3 - 2 * part)


@dataclass(frozen=True, slots=True)
class _Day:
    """What is switched on when, from 05:00 to 05:00; POSIX seconds and watts for each phase."""

    begin: float
    end: float
    changes: list[float]
    levels: list[tuple[float, ...]]


class House:
    """An all-electric household of four, with 110 W/K of walls and a 2.2 kW water heater.

    ``phases`` is 1 or 3; a ``producer`` has 3 kW of solar panels on phase 1. From ``overload_from``
    on, a machine that exceeds any subscription runs 40 s out of every 5 min, the first time
    10 s later; on three phases it moves from phase to phase.
    """

    def __init__(
        self,
        seed: int = 1,
        phases: int = 1,
        *,
        producer: bool = False,
        overload_from: datetime | None = None,
    ) -> None:
        self._seed = seed
        self._phases = phases
        self._producer = producer
        self._overload_from = None if overload_from is None else int(overload_from.timestamp())
        self._day = _Day(0, 0, [], [])  # the last one asked for

    def power_w(self, at: datetime) -> tuple[float, ...]:
        """The active power of each phase at an aware instant, in W; negative while injecting."""
        second = math.floor(at.timestamp())
        day = self._day_of(second, at)
        hour = (_DAY_BEGINS.hour + (second - day.begin) / 3600) % 24
        heating_w = self._heating_w(second, hour) / self._phases
        flicker = 1 + 0.03 * self._noise(_FLICKER, second / 4)
        levels = day.levels[bisect_right(day.changes, second) - 1]
        power_w = [(level + heating_w) * flicker for level in levels]
        if self._producer:
            power_w[0] -= self._roof_w(second)
        for circuit in self._overloaded(second):
            machine_w = _SURGE_W[self._phases] * (1 + 0.04 * self._noise(_MACHINE, second / 3))
            power_w[circuit] = max(power_w[circuit], machine_w)
        return tuple(power_w)

    def _noise(self, purpose: int, position: float) -> float:
        return noise(self._seed * _PURPOSES + purpose, position)

    def _heating_w(self, second: int, hour: float) -> float:
        """What keeps the house warm: cooler at night and while all are out."""
        season = math.cos(math.tau * (second / _YEAR_S - 20 / 365))  # coldest on 20 January
        outside_c = 11.5 - 8.5 * season + 4 * math.cos(math.tau * (hour - 15) / 24)
        outside_c += 3 * self._noise(_WEATHER, second / (2 * _DAY_S))
        inside_c = 19.5 if 6 <= hour < 9 or 17 <= hour < 23 else 17.0
        lost_w = _HEAT_LOSS_W_PER_K * (inside_c - 2 - outside_c)  # people and sun give 2 K
        lost_w *= 1 + 0.2 * self._noise(_THERMOSTAT, second / 240)
        return min(max(lost_w, 0.0), _HEATING_MAX_W)

    def _roof_w(self, second: int) -> float:
        """Solar panels: the sine of the sun's height, less where clouds pass."""
        tilt = -math.radians(23.44) * math.cos(math.tau * (second / _YEAR_S + 10 / 365))
        angle = math.tau * (second % _DAY_S / 3600 - _SOLAR_NOON_UTC_H) / 24
        height = math.sin(_LATITUDE) * math.sin(tilt)
        height += math.cos(_LATITUDE) * math.cos(tilt) * math.cos(angle)
        clear = 0.65 + 0.25 * self._noise(_WEATHER, second / (2 * _DAY_S))
        clear += 0.1 * self._noise(_CLOUDS, second / 600)
        return _ROOF_W * max(height, 0.0) * clear

    def _overloaded(self, second: int) -> tuple[int, ...]:
        """The phases, from 0, on which the machine runs."""
        if self._overload_from is None:
            return ()
        turn, seconds = divmod(second - self._overload_from, _SURGE_EVERY_S)
        if turn < 0 or seconds not in _SURGE:
            return ()
        return (0,) if self._phases == 1 else _SURGE_CIRCUITS[turn % len(_SURGE_CIRCUITS)]

    def _day_of(self, second: int, at: datetime) -> _Day:
        if not self._day.begin <= second < self._day.end:
            legal = to_legal(at)
            day = legal.date() - timedelta(days=legal.time() < _DAY_BEGINS)
            self._day = self._plan(day)
        return self._day

    def _plan(self, day: date) -> _Day:
        """The household's day, from its habits; anew for each day, always the same for it."""
        begin = from_legal(day, _DAY_BEGINS).timestamp()
        end = from_legal(day + timedelta(days=1), _DAY_BEGINS).timestamp()
        rng = Random(f"{self._seed}/{day}")  # noqa: S311  # a household, not a secret
        steps = [(begin, circuit, watts) for circuit, watts in enumerate((110.0, 20.0, 15.0))]
        for hour, minutes, watts, circuit in _habits(rng, day):
            on = begin + (hour - _DAY_BEGINS.hour) * 3600
            steps += [(on, circuit, watts), (on + minutes * 60, circuit, -watts)]
        changes: list[float] = []
        levels: list[tuple[float, ...]] = []
        level = [0.0] * self._phases
        for when, circuit, watts in sorted(steps):
            level[circuit % self._phases] += watts
            changes.append(when)
            levels.append(tuple(level))
        return _Day(begin, end, changes, levels)


_Use = tuple[float, float, float, int]
"""Hour of the day (24 and more: after midnight), minutes, watts, circuit."""


def _habits(rng: Random, day: date) -> Iterator[_Use]:
    weekend = day.weekday() >= 5
    yield from _cold(rng)
    rise = rng.uniform(8, 9) if weekend else rng.uniform(6.3, 7)
    yield rise, rng.uniform(50, 90), 120, _LIVING
    yield rise + 0.2, 4, 2000, _COOKING  # kettle
    yield rise + 0.4, 3, 900, _COOKING  # toaster
    if weekend or rng.random() < 0.3:
        yield rng.uniform(11.8, 12.2), rng.uniform(25, 40), 1500, _COOKING
    if rng.random() < 0.5:
        yield from _washing(rng)
    yield from _evening(rng, day)
    # The clock of the meter, or its own, switches it on in the off-peak hours.
    yield rng.uniform(22.05, 22.3), rng.uniform(110, 230), 2200, _WATER


def _cold(rng: Random) -> Iterator[_Use]:
    """Refrigerator: a quarter of an hour in every forty minutes."""
    hour = 5 + rng.uniform(0, 0.6)
    while hour < 28.5:
        yield hour, rng.uniform(12, 16), 90, _LIVING
        hour += rng.uniform(0.6, 0.75)


def _washing(rng: Random) -> Iterator[_Use]:
    start = rng.uniform(9.5, 15)
    yield start, 18, 1900, _WATER  # heats its water
    yield start + 0.3, rng.uniform(40, 60), 250, _WATER


def _evening(rng: Random, day: date) -> Iterator[_Use]:
    summer = math.cos(math.tau * (day.timetuple().tm_yday - 172) / 365)
    dusk = 19.3 + 2.3 * summer
    bedtime = rng.uniform(22.6, 23.4)
    yield dusk, (bedtime - dusk) * 60, 180, _LIVING
    yield 20.6, (bedtime - 20.6) * 60, 140, _LIVING  # television
    dinner = rng.uniform(18.8, 19.4)
    yield dinner, rng.uniform(25, 40), 1800, _COOKING
    if rng.random() < 0.5:  # oven: its thermostat cuts in and out
        yield dinner, 8, 2000, _WATER
        for turn in range(rng.randint(3, 6)):
            yield dinner + 0.2 + turn * 0.1, 2.5, 2000, _WATER
