"""Which measure counts in a folder of evaluations, fixed before its first row: the one owner of that choice.

A measure that is picked after the scores are known can be picked for its answer. So the share of
tasks whose tests can be run decides, once, and what was decided is kept beside the rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline import whole
from pipeline.errors import InputError
from pipeline.evaluate.hard.nouns import Proof
from pipeline.types import Measure, from_json, to_json

FILE = "measure.json"

TESTS_FROM = 0.7
"""Share of the tasks that must be provable for tests to be the measure, 0..1."""


@dataclass(frozen=True)
class Primary:
    """The measure of a folder, and what it was decided on."""

    measure: Measure
    asked: Literal["auto", "tests", "recall"]
    """``evaluate.measure`` of the config at that time."""
    tasks: int
    """Tasks that were looked at; 0 when none had to be."""
    provable: int
    """Those of them whose tests can be run: fail-to-pass proven."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """The others, by reason code."""

    @property
    def share(self) -> float | None:
        """``provable`` of ``tasks``, 0..1; None without tasks."""
        return self.provable / self.tasks if self.tasks else None


def primary(proofs: Sequence[Proof], asked: Literal["auto", "tests", "recall"]) -> Primary:
    """The measure that ``proofs``, one for each task, and the config make; pure."""
    left_out = Counter(proof.left_out for proof in proofs if proof.left_out is not None)
    provable = len(proofs) - left_out.total()
    enough = bool(proofs) and provable >= TESTS_FROM * len(proofs)
    by_share: Measure = "tests" if enough else "recall"
    return Primary(by_share if asked == "auto" else asked, asked, len(proofs), provable, dict(left_out))


def fixed(out: Path, begun: bool, decide: Callable[[], Primary]) -> Primary:
    """The measure of the folder ``out``: as it was fixed there, else what ``decide`` gives, kept from now on.

    ``begun``: the folder holds rows already; without a record they are of a version that knew recall alone.
    Raises InputError for a record that cannot be read.
    """
    path = out / FILE
    if path.exists():
        return _read(path)
    made = Primary("recall", "recall", 0, 0) if begun else decide()
    whole.write(path, json.dumps({**to_json(made), "share": made.share}).encode() + b"\n")
    return made


def _read(path: Path) -> Primary:
    try:
        found = from_json(Primary, json.loads(path.read_text(encoding="utf-8")))
        if found.measure not in ("tests", "recall"):
            raise ValueError(f"measure is {found.measure!r}")
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: is not the record of a measure ({error}); evaluate into a new --out") from None
    return found
