"""Which attempts of a delivery are compared with which. Depends on who ran, not on how it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple

from pipeline.decide.stream import Arm, Slot
from pipeline.types import Measure

Slots = tuple[Slot, ...]


class Match(NamedTuple):
    """Own's attempts against frontier's."""

    own: Slots
    frontier: Slots
    base: Slots
    """Empty where base was not run."""
    absent: int
    """Attempts of own that must have been made and are not there: numbers from 0 up that are left out."""


def matches(fresh: Slots, known: Slots) -> list[Match]:
    """The comparisons that a delivery of ``fresh`` makes possible, given the PR's earlier attempts ``known``."""
    now, before = _by_arm(fresh), _by_arm(known)
    every = {**before, **now}
    found = []
    for measure in sorted({arm.measure for arm in now}):
        owns = _arms("own", measure, now)
        frontiers = _arms("frontier", measure, now)
        if owns or frontiers:
            owns = owns or _arms("own", measure, before)[-1:]
            frontiers = frontiers or _arms("frontier", measure, before)[-1:]
            bases = _arms("base", measure, every)[-1:]
            base = every[bases[0]] if bases else ()
            found += [
                Match(every[own], every[frontier], base, _absent(own, every))
                for own, frontier in product(owns, frontiers)
            ]
    return found


def alone(fresh: Slots, known: Slots) -> list[Slots]:
    """Frontier's attempts in ``fresh`` that no attempt of own on that PR can be compared with."""
    every = _by_arm((*known, *fresh))
    return [
        slots
        for arm, slots in _by_arm(fresh).items()
        if arm.role == "frontier" and not _arms("own", arm.measure, every)
    ]


def _absent(own: Arm, every: Mapping[Arm, Slots]) -> int:
    """Numbers below own's highest that no attempt of that version has, in either measure."""
    numbers = {slot.attempt for arm, slots in every.items() if arm[:2] == own[:2] for slot in slots}
    return len(set(range(max(slot.attempt for slot in every[own]))) - numbers)


def _by_arm(slots: Slots) -> dict[Arm, Slots]:
    arms: dict[Arm, Slots] = {}
    for slot in slots:
        arms[slot.arm] = (*arms.get(slot.arm, ()), slot)
    return arms


def _arms(role: str, measure: Measure, arms: Iterable[Arm]) -> list[Arm]:
    return [arm for arm in arms if arm.role == role and arm.measure == measure]
