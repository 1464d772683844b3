"""What a folder of ``cycle``, ``generate`` or ``evaluate`` holds: done, waiting, left out, spent."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline.collect import tasks as tasks_in
from pipeline.errors import InputError
from pipeline.gates.record import read_record
from pipeline.generate.journal import JOURNAL
from pipeline.generate.progress import standing
from pipeline.jsonl import lines, parse, read_as
from pipeline.settings import CollectConfig
from pipeline.store import Store
from pipeline.train.progress import read_progress


def status(out: Path) -> dict[str, Any]:
    """One entry per step that has left something in ``out``. Raises InputError when none has.

    Counts are of rows; ``left_out`` maps reason codes to counts; ``spent_usd`` is None where no
    row has a price.
    """
    if not out.is_dir():
        raise InputError(f"{out}: {'not a' if out.exists() else 'no such'} folder; name the --out folder of a cycle")
    newest = max((out / "epochs").glob("*/"), default=out)
    found = {
        "collect": _collected(out / "switchover.db"),
        "epoch": _chosen(_json(newest / "epoch.json"), ("number", "trigger", "why", "planned_at", "base_sha")),
        "generate": _rollouts(newest / "generate") or _rollouts(out),
        "train": _trained(newest / "adapter") or _trained(out),
        "gate": _gated(newest / "adapter"),
        "evaluate": _evaluated(out / "evaluate") or _evaluated(out),
        "decide": _chosen(
            _json(out / "verdict.json"), ("state", "reasons", "n", "void", "mean_difference", "low", "high")
        ),
    }
    present = {step: entry for step, entry in found.items() if entry}
    if not present:
        raise InputError(f"{out}: nothing of a cycle is here; name the --out folder of a cycle, generate or evaluate")
    return present


def _collected(db: Path) -> dict[str, Any] | None:
    if not db.exists():
        return None
    with Store.open(db, must_exist=True) as store:
        tasks = list(tasks_in(store, CollectConfig()))
        reasons = Counter(row.reason for row in store.left_out())
        return {
            "repos": list(store.repos()),
            "pulls": sum(1 for _ in store.pulls()),
            "left_out": dict(reasons),
            "tasks": sum(task.left_out is None for task in tasks),
            "tasks_left_out": dict(Counter(task.left_out for task in tasks if task.left_out)),
        }


def _rollouts(folder: Path) -> dict[str, Any] | None:
    now = standing.read(folder)
    if now is None and not (folder / "samples.jsonl").exists() and not (folder / "summary.json").exists():
        return None
    samples = sum(1 for _ in lines(folder / "samples.jsonl"))
    questions = [cost for cost in read_as(folder / JOURNAL, lambda row: row["cost_usd"]) if cost is not None]
    return {**_spend(folder, questions), "samples": samples, **({"progress": now} if now else {})}


def _spend(folder: Path, others: Sequence[float] = ()) -> dict[str, Any]:
    """``others``: dollars of what was paid beside the rollouts."""
    rollouts = [_exit_and_cost(folder / "rollouts.jsonl", *line) for line in lines(folder / "rollouts.jsonl")]
    exits = Counter(exit for exit, _ in rollouts)
    known = [*(cost for _, cost in rollouts if cost is not None), *others]
    reasons = Counter(read_as(folder / "left_out.jsonl", lambda row: row["reason"]))
    return {
        "rollouts": sum(exits.values()),
        "exits": dict(exits),
        "left_out": dict(reasons),
        "spent_usd": round(sum(known), 6) if known else None,
    }


class _Rollout(msgspec.Struct):
    """What is counted of a line; the messages are skipped over, so that gigabytes take seconds."""

    exit: str
    cost_usd: float | None


_ROLLOUT = msgspec.json.Decoder(_Rollout)


def _exit_and_cost(path: Path, number: int, line: bytes) -> tuple[str, float | None]:
    try:
        row = _ROLLOUT.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):  # damaged, or only for json to read: it says which
        whole = parse(path, number, line)
        try:
            return whole["exit"], whole["cost_usd"]
        except KeyError as error:
            raise InputError(
                f"{path}: row {number}: field {error} is missing; mend or remove it, or use another folder"
            ) from None
    return row.exit, row.cost_usd


def _evaluated(folder: Path) -> dict[str, Any] | None:
    if not (folder / "evaluations.jsonl").exists():
        return None
    rows = list(read_as(folder / "evaluations.jsonl", lambda row: (row["task_id"], row["role"])))
    return {
        **_spend(folder),
        "pulls": len({task for task, _ in rows}),
        "evaluations": dict(Counter(role for _, role in rows)),
    }


def _trained(adapter: Path) -> dict[str, Any] | None:
    """The card of a finished training; of another how far it is, since when, and when it will be done."""
    card = _json(adapter / "switchover.json")
    if card is not None:
        return _chosen(card, ("base", "trained_until", "samples_sha256", "steps", "loss", "cost_usd"))
    now = read_progress(adapter)
    return None if now is None else dataclasses.asdict(now)


def _gated(adapter: Path) -> dict[str, Any] | None:
    """What the newest adapter's gates found; ``objection``: why it was not promoted, None when it has passed."""
    record = read_record(adapter)
    if record is None:
        return None
    passed = [gate.name for gate in record.gates if gate.passed]
    return {"passed": passed, "failed": [gate.name for gate in record.failed], "objection": record.objection()}


def _chosen(row: dict[str, Any] | None, keys: tuple[str, ...]) -> dict[str, Any] | None:
    return None if row is None else {key: row[key] for key in keys if key in row}


def _json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); run the step that writes it again") from None
    return value if isinstance(value, dict) else None
