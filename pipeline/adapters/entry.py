"""What a registry knows of one adapter, and its identity. Pure.

adapters/ID/switchover.json   the card: what it was made of, and whether it is stale
adapters/ID/gates.json        what its gates have found, where they were run
adapters/ID/scores.json       how it scored, where that was stored
adapters/ID/entry.json        written last: sizes and hashes of all other files
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.gates.record import NAME as GATES
from pipeline.gates.record import Record
from pipeline.train.card import NAME as CARD
from pipeline.train.card import AdapterCard
from pipeline.types import from_json

ENTRY = "entry.json"
SCORES = "scores.json"
CHANGING = frozenset({CARD, GATES, SCORES, ENTRY})
"""Files that may change while an entry lives, so that its sizes and hashes leave them out."""

FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")
"""Names of an adapter's files: nothing that leads out of its folder, nothing hidden."""

SHORT = 12
"""Digits of an id that people are shown."""


@dataclass(frozen=True)
class File:
    """One file of an adapter."""

    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One adapter in a registry."""

    id: str
    """Hex sha256 of its card without ``stale``; the card holds that of the weights."""
    card: AdapterCard
    added_at: str
    """ISO 8601 in UTC."""
    files: Mapping[str, File]
    """By name, but for those that may change."""
    gates: Record | None = None
    """None: never run."""
    scores: Mapping[str, Any] | None = None
    """What ``scores.scores`` gave when they were stored; None: never."""

    @property
    def repo(self) -> str:
        """The repositories that it was trained on, joined by ``+``; "" when its samples do not say."""
        return "+".join(self.card.repos)

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True)
class Damaged:
    """A folder of a registry that is no whole entry."""

    id: str
    why: str


def identity(card: Mapping[str, Any]) -> str:
    """Id of the adapter with this card: the same before and after it is marked stale."""
    kept = {key: value for key, value in card.items() if key != "stale"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def parse(id: str, entry: bytes, card: bytes, gates: bytes | None, scores: bytes | None) -> Entry:
    """The entry of these files. Raises ValueError saying what is wrong with them."""
    row, known = _object(entry, ENTRY), _object(card, CARD)
    if identity(known) != id:
        raise ValueError(f"{CARD} is not the card that it was added with")
    try:
        files = {name: File(int(file["size"]), str(file["sha256"])) for name, file in row["files"].items()}
        found = from_json(AdapterCard, known)
        record = Record.from_json(_object(gates, GATES)) if gates else None
        added_at = str(row["added_at"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a field is missing or of a wrong kind ({error})") from None
    if bad := [name for name in files if not FILE.fullmatch(name)]:
        raise ValueError(f"{ENTRY} names {bad[0]!r}, which is no file of an adapter")
    return Entry(id, found, added_at, files, record, _object(scores, SCORES) if scores else None)


def _object(data: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise ValueError(f"{name} is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a JSON object")
    return value


def as_json(entry: Entry) -> dict[str, Any]:
    """All that is known of it, for ``show --json``."""
    row = dataclasses.asdict(entry)
    return {**row, "repo": entry.repo, "size": entry.size, "gates": entry.gates and entry.gates.as_json()}
