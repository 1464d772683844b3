"""What the gates of an adapter found: ``gates.json`` beside its card."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.train.card import write_json

NAME = "gates.json"

EXPECTED = ("held_out_loss", "general_skill", "takes_effect", "valid_calls")
"""All gates, in the order in which they are run: the cheap ones first."""


@dataclass(frozen=True)
class GateResult:
    """What one gate found."""

    name: str
    passed: bool
    measured: Mapping[str, float | int | None]
    """What was measured, by name; None: it could not be."""
    bar: str
    """What it had to reach, in words with numbers."""
    why: str
    """One line for a person."""


@dataclass(frozen=True)
class Record:
    """All gates of one adapter."""

    adapter: str
    """The card's sha256: weights, settings, template."""
    at: str
    """ISO 8601 in UTC."""
    held_out_sha256: str | None
    """Of the file of samples that were held out; None without one."""
    last: str | None
    """sha256 of the adapter that it was compared with; None: there was none."""
    gates: tuple[GateResult, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Gates that were not run."""
        run = {gate.name for gate in self.gates}
        return tuple(name for name in EXPECTED if name not in run)

    @property
    def failed(self) -> tuple[GateResult, ...]:
        """Gates that were not passed."""
        return tuple(gate for gate in self.gates if not gate.passed)

    @property
    def passed(self) -> bool:
        """Whether all gates were run and passed."""
        return not self.failed and not self.missing

    def objection(self) -> str | None:
        """Why the adapter must not be promoted, in one line; None when nothing speaks against it."""
        said = [f"{gate.name} failed ({gate.why})" for gate in self.failed]
        said += [f"{name} was not run" for name in self.missing]
        return "; ".join(said) or None

    def as_json(self) -> dict[str, Any]:
        """The record as a JSON object."""
        return {**dataclasses.asdict(self), "passed": self.passed, "missing": list(self.missing)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Record:
        """What ``as_json`` gave ``row`` for. Raises KeyError or TypeError naming what is missing."""
        gates = tuple(
            GateResult(*(gate[field.name] for field in dataclasses.fields(GateResult))) for gate in row["gates"]
        )
        return cls(row["adapter"], row["at"], row["held_out_sha256"], row["last"], gates)


def read_record(adapter: Path) -> Record | None:
    """The gates of the adapter in folder ``adapter``; None where none were run. Raises InputError for a broken one."""
    path = adapter / NAME
    try:
        return Record.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not the record of gates ({error}); delete it and run the gates again") from None


def write_record(adapter: Path, record: Record) -> None:
    """Write ``gates.json``, whole or not at all. Raises RunError."""
    write_json(adapter / NAME, record.as_json())


def merged(before: Sequence[GateResult], now: Sequence[GateResult]) -> tuple[GateResult, ...]:
    """The newest result of each gate, in the order of ``EXPECTED``."""
    newest = {gate.name: gate for gate in (*before, *now)}
    return tuple(newest[name] for name in EXPECTED if name in newest)
