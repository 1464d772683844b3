"""Of the pull requests that were found: which the config wants, and all of it into the database at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tqdm import tqdm

from pipeline.collect.assemble import Assembler
from pipeline.collect.clone import Clone
from pipeline.collect.filters import day, unwanted
from pipeline.collect.found import Found, merged_at
from pipeline.collect.mine import Mined
from pipeline.config import CollectConfig
from pipeline.store import Store
from pipeline.types import Issue, LeftOut, Pull

CHUNK = 500
"""Pull requests whose files are read together: few git calls, and ``--limit`` need not read all."""


@dataclass(frozen=True)
class Collected:
    """What one run of ``collect`` found. Running it again gives the same numbers."""

    pulls: int
    issues: int
    left_out: dict[str, int]
    """Reason code to count."""
    repo: str
    redacted: dict[str, int] = field(default_factory=dict)
    """Kind of secret to how many were replaced in texts."""
    note: str = ""
    """Why nothing was found and what to do; "" when something was."""


def since_day(config: CollectConfig, since: str | None) -> CollectConfig:
    """``config`` with ``since``, where given, in place of its own. Raises InputError for what is no date."""
    if since:
        return replace(config, since=day(since, "--since"))
    return replace(config, since=day(config.since, "collect.since")) if config.since else config


def select(
    mined: Mined, assembler: Assembler, config: CollectConfig, limit: int | None
) -> tuple[list[Pull], list[LeftOut]]:
    """The pulls that the config and ``limit`` keep, newest merged first, and why not the others."""
    late, early = _by_time(mined, config.since or "")
    kept: list[Pull] = []
    unused = [LeftOut("collect", "pull", str(row.number), "before_since", f"before {config.since}") for row in early]
    with tqdm(total=len(late), unit="pull", desc="collect", disable=None) as bar:
        for start in range(0, len(late), CHUNK):
            rows = late[start : start + CHUNK]
            for row, pull in zip(rows, assembler.pulls(rows), strict=True):
                bar.update()
                if isinstance(pull, LeftOut):
                    unused.append(pull)
                elif reason := unwanted(pull, config, row.branch):
                    unused.append(LeftOut("collect", "pull", str(pull.number), *reason))
                elif limit is None or len(kept) < limit:
                    kept.append(pull)
            if limit is not None and len(kept) >= limit:
                break
    return kept, unused


def _by_time(mined: Mined, since: str) -> tuple[list[Found], list[Found]]:
    """Merged from ``since`` on, and before: of the latter no file needs to be read."""
    late = [row for row in mined.found if merged_at(row, mined.graph) >= since]
    return late, list(mined.found[len(late) :])


def save(
    clone: Clone,
    store: Store,
    assembler: Assembler,
    mined: Mined,
    pulls: Sequence[Pull],
    unused: Sequence[LeftOut],
    issues: Sequence[Issue],
) -> Collected:
    """All in one transaction: a killed run leaves what was there before. Raises RunError."""
    gone = [*mined.left_out, *unused]
    with store.atomic():
        store.save_repo(clone.name, clone.path)
        store.forget_left_out(clone.name, "collect")
        store.save_pulls(pulls)
        store.forget_pulls(clone.name, _no_longer_wanted(gone))
        store.save_issues(issues)
        kept = store.merge_shas(clone.name)
        purged = [LeftOut("collect", "pull", str(p.number), "forgotten") for p in pulls if p.number not in kept]
        store.save_left_out(clone.name, (row for row in gone if not (row.id.isdigit() and int(row.id) in kept)))
    counts = dict(Counter(row.reason for row in [*gone, *purged]).most_common())
    return Collected(len(pulls) - len(purged), len(issues), counts, clone.name, dict(assembler.redacted))


def _no_longer_wanted(gone: Sequence[LeftOut]) -> Iterator[int]:
    """What an earlier run kept and the config now refuses. A later ``--since`` narrows only the run."""
    return (int(row.id) for row in gone if row.id.isdigit() and row.reason != "before_since")
