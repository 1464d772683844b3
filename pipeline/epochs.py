"""Which adapter is due: at which commit it is trained, and which pull requests it may be asked.

An epoch is one adapter's life. The first is a backtest: trained before the newest merged pull
requests, so that a verdict need not wait for months. The next ones are trained at the newest
merge, once enough pull requests have been merged since, and judged on what comes after.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline import whole
from pipeline.errors import InputError
from pipeline.triggers import Trigger
from pipeline.types import Task


@dataclass(frozen=True)
class Epoch:
    """One adapter, finished or to be made."""

    number: int
    """1-based."""
    base_sha: str
    """The commit whose code it is trained on."""
    fresh_after: str
    """Merge time (ISO, UTC); only later pull requests are put to it. "" means all."""
    newest_pull_at: str
    """Merge time of the newest task when the epoch was planned: retraining counts from here."""
    backtest: bool
    trigger: str = ""
    """Why it is due: see ``pipeline.triggers``; "" in records of before."""
    why: str = ""
    """The same for a person."""
    planned_at: str = ""
    """When it was planned (ISO, UTC); "" in records of before."""


def due(
    epochs: Sequence[Epoch],
    tasks: Sequence[Task],
    trigger: Callable[[int], Trigger | None],
    *,
    held_out: int,
    now: str = "",
) -> Epoch:
    """The epoch to work on now: the last one, or a new one when it is time.

    ``tasks``: newest merged first, left-out ones included. ``held_out``: usable tasks that the
    backtest keeps out of training, 1 or more. ``trigger``: from how many usable tasks were merged since the
    last epoch was planned, why a new one is due, or None. Raises InputError when there is no usable task.
    """
    usable = [task for task in tasks if task.left_out is None]
    if not usable:
        raise InputError("no merged pull request can be used as a task")
    newest = usable[0].merged_at
    if not epochs:
        oldest = usable[:held_out][-1]
        older = [task.merged_at for task in tasks if task.merged_at < oldest.merged_at]
        why = "there is no adapter yet"
        return Epoch(1, oldest.base_sha, older[0] if older else "", newest, True, "first", why, now)
    last = epochs[-1]
    fired = trigger(sum(task.merged_at > last.newest_pull_at for task in usable))
    if fired is None:
        return last
    return Epoch(last.number + 1, usable[0].merge_sha, newest, newest, False, fired.name, fired.why, now)


def fresh(epoch: Epoch, tasks: Sequence[Task]) -> list[Task]:
    """The tasks that may be put to the epoch's adapter, newest first, left-out ones included."""
    return [task for task in tasks if task.merged_at > epoch.fresh_after]


def folder(out: Path, epoch: Epoch) -> Path:
    """Where the epoch's samples and adapter are."""
    return out / "epochs" / f"{epoch.number:03d}"


def planned(out: Path) -> list[Epoch]:
    """The epochs that were planned in ``out``, in order. Raises InputError for a broken record."""
    epochs = []
    for path in sorted((out / "epochs").glob("*/epoch.json")):
        try:
            epochs.append(Epoch(**json.loads(path.read_text())))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}: not an epoch ({error}); remove its folder to plan it anew") from None
    return epochs


def record(out: Path, epoch: Epoch) -> Path:
    """Write the epoch down, whole or not at all, before its work starts; returns its folder."""
    place = folder(out, epoch)
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "epoch.json").exists():
        whole.write(place / "epoch.json", json.dumps(asdict(epoch), indent=2).encode() + b"\n")
    return place
