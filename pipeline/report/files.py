"""Writing the report's files: the one module of this package that does I/O."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import whole
from pipeline.decide import Options, judge, trace
from pipeline.errors import InputError
from pipeline.report.comment import comment, pull_view_of
from pipeline.report.evidence import fingerprint, written
from pipeline.report.markdown import markdown
from pipeline.report.page import Basis, page
from pipeline.report.transition import judged, versions
from pipeline.report.view import PullView, pull_views
from pipeline.settings import DecideConfig, Price
from pipeline.types import Evaluation, Opinion, Rollout, to_json

Verdict = dict[str, Any]

RECORDS = ("verdict.json", "transition.json")
"""What the page links to."""


def write_report(
    out: Path,
    evaluations: Sequence[Evaluation],
    verdict: Verdict | None = None,
    *,
    title: str,
    rollouts: Sequence[Rollout] = (),
    settings: DecideConfig | None = None,
    options: Options | None = None,
    prices: Mapping[str, Price] | None = None,
    trained_until: Mapping[str, str] | None = None,
    pr: int | None = None,
    opinions: Sequence[Opinion] = (),
    agreement: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write report.html, report.md, comment.md, verdict.json and transition.json; the paths, in that order.

    ``verdict``: what ``judge`` gave for these evaluations, None to judge here. ``rollouts`` lend
    steps and patches to evaluations that lack them. ``prices``: the config's table, for the record.
    ``trained_until``: by adapter, the time of the newest code that it was trained on, where known.
    ``opinions``: what people say of the scores. ``agreement``: of soft with hard scores, where both are known.
    ``pr``: the PR that comment.md is about, None: the newest; without any evaluation there is no
    comment.md. Raises InputError for an unknown ``pr`` and an unusable ``out``.
    """
    rows = _completed(evaluations, rollouts)
    views = pull_views(rows, opinions)
    view = chosen(views, pr)
    settings = settings or DecideConfig(margin=verdict["margin"] if verdict else DecideConfig.margin)
    verdict = verdict or judge(rows, settings, options)
    lines = list(trace(rows, settings, options))
    sha256 = fingerprint(evaluations)
    options = options or Options()
    record = judged(evaluations, settings=settings, options=options, prices=prices)
    basis = Basis(settings, options, trained_until or {}, record["changes"], RECORDS, agreement)
    files = {
        "report.html": page(rows, verdict, lines, title=title, sha256=sha256, basis=basis, opinions=opinions),
        "report.md": markdown(rows, verdict, lines, title=title, opinions=opinions),
        "comment.md": comment(view, verdict) if view else None,
        "verdict.json": _record(verdict, sha256, settings, options, opinions),
        "transition.json": written(record),
    }
    return [_write(out / name, text) for name, text in files.items() if text is not None]


def chosen(views: Sequence[PullView], pr: int | None) -> PullView | None:
    """The PR that the comment is about. Raises InputError naming the known ones for an unknown ``pr``."""
    if pr is None:
        return views[0] if views else None
    view = pull_view_of(views, pr)
    if view is None:
        numbers = sorted({view.number for view in views})
        known = ", ".join(map(str, numbers[-20:])) or "none"
        more = f" and {len(numbers) - 20} older" if len(numbers) > 20 else ""
        raise InputError(f"--pr: no evaluation of pull request {pr}; known: {known}{more}")
    return view


def _record(
    verdict: Verdict, sha256: str, settings: DecideConfig, options: Options, opinions: Sequence[Opinion]
) -> str:
    """The verdict with what it was made from: enough to check it by hand."""
    extra = {
        "evaluations_sha256": sha256,
        "settings": to_json(settings),
        "options": to_json(options),
        "people": {word: sum(said.verdict == word for said in opinions) for word in ("fair", "unfair")},
        "versions": versions(),
    }
    return json.dumps({**verdict, **extra}, indent=2) + "\n"


def _completed(evaluations: Sequence[Evaluation], rollouts: Sequence[Rollout]) -> list[Evaluation]:
    known = {rollout.id: rollout for rollout in rollouts}
    return [_with_rollout(row, known.get(row.rollout_id)) for row in evaluations]


def _with_rollout(row: Evaluation, rollout: Rollout | None) -> Evaluation:
    if rollout is None:
        return row
    return dataclasses.replace(row, steps=row.steps or rollout.steps, patch=row.patch or rollout.patch)


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.write(path, text.encode(errors="replace"))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another --out") from None
    return path
