"""What a run of ``switchover-retrain.yml`` says of the adapter it made: its card and its gates, checked and kept.

The weights themselves stay where the runner has them; here are only the facts that are shown.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bot.intake.reasons import Refused
from bot.intake.times import is_time
from pipeline.gates.record import NAME as GATES
from pipeline.gates.record import Record
from pipeline.report.inert import inline
from pipeline.store import Store
from pipeline.train.card import NAME as CARD
from pipeline.train.card import AdapterCard

FILES = (CARD, GATES)
MOST_BYTES = 1 << 20
MOST_GATES = 20

_SHA256 = re.compile(r"[0-9a-f]{64}")
T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """One adapter."""

    card: AdapterCard
    gates: Record | None
    """None where none were run."""

    @property
    def passed(self) -> bool:
        """Whether all gates were run and passed."""
        return self.gates is not None and self.gates.passed


def read(files: dict[str, Path], repo: str) -> Found:
    """From the files of an artifact, by name. Raises Refused."""
    if CARD not in files:
        raise Refused("missing_file", CARD)
    card = _decoded(files[CARD], AdapterCard)
    until = (card.trained_until or "").replace("+00:00", "Z")
    if not _SHA256.fullmatch(card.sha256) or (until and not is_time(until)):
        raise Refused("wrong_schema", f"{CARD}: sha256 or trained_until is not what it should be")
    if any(other.casefold() != repo.casefold() for other in card.repos):
        raise Refused("wrong_repository", f"{CARD}: trained on {', '.join(card.repos)[:100]}, not on {repo}")
    gates = _decoded(files[GATES], Record) if GATES in files else None
    if gates and (gates.adapter != card.sha256 or len(gates.gates) > MOST_GATES):
        raise Refused("wrong_schema", f"{GATES}: of another adapter, or too many gates")
    return Found(card, gates)


def _decoded(path: Path, kind: type[T]) -> T:
    if path.stat().st_size > MOST_BYTES:
        raise Refused("too_large", f"{path.name} has {path.stat().st_size:,} bytes")
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("wrong_schema", f"{path.name}: {str(error)[:200]}") from None


def add(store: Store, repo: str, found: Found, run: int) -> None:
    """Save it, inside the caller's transaction; the same again changes nothing."""
    store.refuse_forgotten(repo)
    row: dict[str, Any] = {
        "repo": repo,
        "sha256": found.card.sha256,
        "run": run,
        "trained_until": found.card.trained_until or "",
        "passed": int(found.passed),
        "card": json.dumps(msgspec.to_builtins(found.card)),
        "gates": json.dumps(found.gates.as_json() if found.gates else {}),
        "taken_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    names = ", ".join(row)
    changes = ", ".join(f"{name} = excluded.{name}" for name in ("passed", "gates", "run", "taken_at"))
    store.db.execute(
        f"INSERT INTO adapters ({names}) VALUES ({', '.join('?' * len(row))})"  # noqa: S608
        f" ON CONFLICT (repo, sha256) DO UPDATE SET {changes} WHERE adapters.gates <> excluded.gates",
        list(row.values()),
    )


def news(found: Found) -> str:
    """What is said of it in an issue, in Markdown."""
    name = f"**Switchover: adapter `{found.card.sha256[:12]}` is registered"
    until = (
        f" It is trained on {inline(found.card.base, 80)} with code up to {found.card.trained_until or 'no known day'}."
    )
    if found.gates is None:
        return f"{name}; its gates were not run.**{until}\n"
    if found.passed:
        return f"{name}; it has passed all gates.**{until}\n\n{_table(found.gates)}\n"
    return f"{name}; it has not passed its gates and is not promoted.**{until}\n\n{_table(found.gates)}\n"


def _table(gates: Record) -> str:
    rows = [
        f"| `{inline(g.name, 40)}` | {'passed' if g.passed else 'failed'} | {inline(g.why, 200)} |" for g in gates.gates
    ]
    rows += [f"| `{name}` | not run | |" for name in gates.missing]
    return "\n".join(["| gate | | |", "|---|---|---|", *rows])
