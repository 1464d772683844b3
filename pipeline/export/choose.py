"""Which samples of all sources are exported, and in which order. Pure and seeded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.export.samples import Entry
from pipeline.types import LeftOut


@dataclass(frozen=True)
class Mix:
    """How many of each rollout are wanted. The method's specialisation mix is 5,000 first and 3,000 second."""

    first: int | None = None
    """Rollouts 1; None: all there are."""
    second: int | None = None
    """Rollouts 2; None: all there are."""
    seed: int = 0


def choose(entries: Iterable[Entry], mix: Mix) -> tuple[list[Entry], list[LeftOut]]:
    """The samples to export, those first that training can read whole, and why others are not.

    Left out are samples that come twice, samples whose change another function made before (in the
    order of the sources), and what ``mix`` does not draw.
    """
    unique, left_out = _without_duplicates(entries)
    ordered = sorted(unique, key=lambda entry: -entry.kept_share)
    drawn = {entry.key for which in (1, 2) for entry in _drawn(ordered, which, mix)}
    not_drawn = [
        _left_out(entry, "not_drawn", "more than were asked for") for entry in ordered if entry.key not in drawn
    ]
    return [entry for entry in ordered if entry.key in drawn], left_out + not_drawn


def _without_duplicates(entries: Iterable[Entry]) -> tuple[list[Entry], list[LeftOut]]:
    kept: list[Entry] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[str, str]] = set()
    owners: dict[bytes, Entry] = {}
    for entry in entries:
        owner = owners.setdefault(entry.change, entry) if entry.change else entry
        if entry.key in seen:
            left_out.append(_left_out(entry, "same_sample", "a source before holds it too"))
        elif owner.pair != entry.pair:
            left_out.append(
                _left_out(entry, "duplicate_patch", f"its rollout 1 has the same patch as that of {owner.id}")
            )
        else:
            kept.append(entry)
        seen.add(entry.key)
    return kept, left_out


def _drawn(ordered: Sequence[Entry], which: int, mix: Mix) -> list[Entry]:
    """Whole ones before cut ones, as everywhere; among equals the seed decides."""
    wanted = mix.first if which == 1 else mix.second
    found = [entry for entry in ordered if entry.which == which]
    if wanted is None or wanted >= len(found):
        return found
    return sorted(found, key=lambda entry: (-entry.kept_share, _draw(mix.seed, entry)))[:wanted]


def _draw(seed: int, entry: Entry) -> bytes:
    return hashlib.sha256("\0".join((str(seed), *entry.key)).encode()).digest()


def _left_out(entry: Entry, reason: str, detail: str) -> LeftOut:
    return LeftOut("export", "sample", entry.id, reason, detail)
