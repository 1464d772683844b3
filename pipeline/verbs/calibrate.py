"""``switchover calibrate --db FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.verbs import config_option, emit, json_option

if TYPE_CHECKING:
    from pipeline.evaluate.calibrate import Calibration


@click.command()
@click.option("--db", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Database of collect.")
@click.option("--limit", type=click.IntRange(1), help="Grade at most N rivals, those of the newest merges first.")
@config_option
@json_option
def command(db: Path, limit: int | None, config_path: Path | None, as_json: bool) -> None:
    """Measure how well line recall predicts tests, on rejected rivals of your own merged pull requests.

    A rival is an unmerged pull request that names the same issue. The clone must hold their heads:
    git fetch origin '+refs/pull/*/head:refs/pull/*/head', then collect without --limit. Each rival's
    source is put on the merged one's base with the merged tests, and run.

    \b
    Example:
      switchover calibrate --db so.db
      switchover calibrate --db so.db --limit 50 --json
    """
    import tempfile

    from pipeline import collect, config
    from pipeline.evaluate.calibrate import calibrate
    from pipeline.evaluate.hard import grader
    from pipeline.evaluate.request import collected_repository
    from pipeline.store import Store
    from pipeline.types import to_json

    repo, clone = collected_repository(db)
    settings = config.load(config_path, clone)
    with Store.open(db, must_exist=True) as store:
        pulls, tasks = list(store.pulls(repo)), list(collect.tasks(store, settings.collect, repo))
    with tempfile.TemporaryDirectory(prefix="switchover-calibrate-") as scratch:
        judge = grader(clone, settings.evaluate, scratch=Path(scratch))
        found = calibrate(clone, judge, pulls, tasks, limit)
    emit(to_json(found)) if as_json else click.echo("\n".join(_lines(found)))


def _lines(found: Calibration) -> list[str]:
    both = found.soft_and_hard
    lines = [f"{found.rivals} rivals of {found.tasks} merged pull requests of {found.repo}: {_counts(found.outcomes)}"]
    if found.left_out:
        lines.append(f"not scored by tests: {_counts(found.left_out)}")
    if both.n == 0:
        return [*lines, "no rival was run, so nothing can be said; are refs/pull/*/head in the clone?"]
    auc = "not known (one kind only)" if both.auc is None else f"{both.auc:.2f}"
    lines.append(f"{both.resolved} of {both.n} resolve their issue; AUC of recall {auc} (0.5 is a coin)")
    lines.append("recall from   accepted   of them resolved   share of all resolved")
    for row in both.thresholds:
        share = "-" if row.share_of_resolved is None else f"{row.share_of_resolved:.2f}"
        lines.append(f"{row.recall:11.2f} {row.accepted:10d} {row.resolved:18d} {share:>23}")
    return lines


def _counts(counts: object) -> str:
    assert isinstance(counts, dict)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
