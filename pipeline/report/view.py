"""What the report shows, gathered from evaluations: plain values, no markup."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.report.people import People, people
from pipeline.types import Evaluation, Opinion, Role

ROLES: tuple[Role, ...] = ("own", "base", "frontier")


@dataclass(frozen=True)
class Cell:
    """The attempts of one role on one PR that count."""

    attempts: tuple[Evaluation, ...]

    @property
    def score(self) -> float | None:
        """Mean score as it counts: 0 for every exit but "submitted"; None for a failure of the harness."""
        if self.void:
            return None
        return sum(row.score if row.exit == "submitted" else 0.0 for row in self.attempts) / len(self.attempts)

    @property
    def recall(self) -> float | None:
        """Mean soft score beside a hard one; None where tests did not decide, or it was not computed."""
        found = [_recall(row) for row in self.attempts]
        known = [value for value in found if value is not None]
        return sum(known) / len(known) if known and len(known) == len(found) else None

    @property
    def void(self) -> bool:
        return any(row.exit == "error" for row in self.attempts)

    @property
    def usd(self) -> float | None:
        """Mean cost of an attempt; None when one of them is not known."""
        costs = [row.cost_usd for row in self.attempts if row.cost_usd is not None]
        return sum(costs) / len(costs) if len(costs) == len(self.attempts) else None

    @property
    def seconds(self) -> float:
        return sum(row.seconds for row in self.attempts) / len(self.attempts)

    @property
    def steps(self) -> float | None:
        """Mean turns; None where they were not recorded."""
        steps = [row.steps for row in self.attempts if row.steps]
        return sum(steps) / len(steps) if steps else None

    @property
    def exits(self) -> tuple[str, ...]:
        """Different exits, most frequent first."""
        return tuple(name for name, _ in Counter(row.exit for row in self.attempts).most_common())

    @property
    def scripted(self) -> bool:
        return any(row.scripted for row in self.attempts)

    @property
    def cheat_marks(self) -> tuple[str, ...]:
        return tuple(sorted({mark for row in self.attempts for mark in row.cheat_marks}))


@dataclass(frozen=True)
class PullView:
    """One row of the table."""

    repo: str
    number: int
    title: str
    at: str
    measure: str
    backtest: bool
    anchor: str
    cells: Mapping[Role, Cell | None]
    people: People = field(default_factory=People)
    """What people with write access say of the scores."""

    @property
    def sealed(self) -> bool:
        """Every attempt was recorded before any fix existed."""
        rows = [row for cell in self.cells.values() if cell for row in cell.attempts]
        return bool(rows) and all(map(_is_sealed, rows))

    @property
    def marks(self) -> tuple[str, ...]:
        """What a reader should know about this PR, as codes."""
        rows = [row for cell in self.cells.values() if cell for row in cell.attempts]
        found = {mark for row in rows for mark in row.marks} - {"sealed"}
        return (*(("sealed",) if self.sealed else ()), *sorted(found))

    @property
    def difference(self) -> float | None:
        """own minus frontier; None where one of them is missing or void."""
        own, frontier = self.cells["own"], self.cells["frontier"]
        if own is None or frontier is None or own.score is None or frontier.score is None:
            return None
        return own.score - frontier.score


@dataclass(frozen=True)
class RoleView:
    """One role over all its attempts."""

    role: Role
    models: tuple[str, ...]
    scripted: bool
    tool_calls: int
    malformed_calls: int
    seconds: float | None
    """Mean per attempt."""
    steps: float | None
    exits: Mapping[str, int]

    @property
    def valid_share(self) -> float | None:
        """Share of turns that were a valid tool call; None where none were recorded."""
        total = self.tool_calls + self.malformed_calls
        return self.tool_calls / total if total else None


def pull_views(evaluations: Iterable[Evaluation], opinions: Iterable[Opinion] = ()) -> list[PullView]:
    """One view per PR, newest result first; of several versions of a role the latest is shown."""
    said: dict[tuple[str, int], list[Opinion]] = {}
    for opinion in opinions:
        said.setdefault((opinion.repo, opinion.number), []).append(opinion)
    groups: dict[tuple[str, int], list[Evaluation]] = {}
    for row in evaluations:
        groups.setdefault((row.repo, row.number), []).append(row)
    views = [_pull_view(rows, people(said.get(pull, ()))) for pull, rows in groups.items()]
    return sorted(views, key=lambda view: (view.at, view.number), reverse=True)


def _pull_view(rows: Sequence[Evaluation], said: People) -> PullView:
    first = rows[0]
    slug = re.sub(r"[^A-Za-z0-9]+", "-", first.repo).strip("-").lower()
    return PullView(
        repo=first.repo,
        number=first.number,
        title=next((row.title for row in rows if row.title), ""),
        at=max(row.at for row in rows),
        measure=first.measure,
        backtest=any(row.backtest for row in rows),
        anchor=f"pr-{slug}-{first.number}",
        cells={role: _cell([row for row in rows if row.role == role]) for role in ROLES},
        people=said,
    )


def _cell(rows: list[Evaluation]) -> Cell | None:
    """The first delivery of the latest version, each attempt once, a retried failure replaced.

    Attempts that were sealed before the fix and those made after it never share a cell: the later ones are shown
    where the earlier are void, as they count then.
    """
    if not rows:
        return None
    ordered = sorted(rows, key=lambda row: row.at)
    version = _version(ordered[-1])
    same = [row for row in ordered if _version(row) == version]
    first = _is_sealed(same[0])
    groups = [[row for row in same if _is_sealed(row) == kind] for kind in (first, not first)]
    cells = [_first_delivery(group) for group in groups if group]
    return next((cell for cell in cells if not cell.void), cells[0])


def _first_delivery(same: list[Evaluation]) -> Cell:
    sound_at = next((row.at for row in same if row.exit != "error"), same[0].at)
    attempts: dict[int, Evaluation] = {}
    for row in same:
        known = attempts.get(row.attempt)
        if (known is None and row.at <= sound_at) or (known is not None and known.exit == "error"):
            attempts[row.attempt] = row
    return Cell(tuple(attempts[number] for number in sorted(attempts)))


def _is_sealed(row: Evaluation) -> bool:
    return row.sealed_at is not None or "sealed" in row.marks


def _recall(row: Evaluation) -> float | None:
    """The soft score beside a hard one; None where there is none."""
    found = row.recall if row.measure == "tests" else None
    return 0.0 if found is not None and row.exit != "submitted" else found


def _version(row: Evaluation) -> tuple[str | None, str]:
    return (row.adapter, "" if row.adapter else row.model)


def role_views(views: Iterable[PullView]) -> list[RoleView]:
    """The roles that took part, in the order own, base, frontier, over the attempts that the table shows."""
    shown = list(views)
    found = []
    for role in ROLES:
        rows = [row for view in shown if (cell := view.cells[role]) for row in cell.attempts]
        if rows:
            found.append(_role_view(role, rows))
    return found


def _role_view(role: Role, rows: Sequence[Evaluation]) -> RoleView:
    steps = [row.steps for row in rows if row.steps]
    return RoleView(
        role=role,
        models=tuple(dict.fromkeys(row.model for row in rows)),
        scripted=any(row.scripted for row in rows),
        tool_calls=sum(row.tool_calls for row in rows),
        malformed_calls=sum(row.malformed_calls for row in rows),
        seconds=sum(row.seconds for row in rows) / len(rows),
        steps=sum(steps) / len(steps) if steps else None,
        exits=Counter(row.exit for row in rows),
    )
