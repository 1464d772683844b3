"""The data card: what is in an export, how it was made, and what it may be used for (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from pipeline import __version__
from pipeline.export import schema
from pipeline.export.tally import STAGES, Tally

LICENCE = """\
The samples quote the code of the repositories named above: **their licences apply to it**, and to what is trained on
it as far as the law says so. The teacher's terms may restrict training other models on what it wrote. Nothing here is
public by default: the export was written to a disk, and nobody was asked whether it may be published. Before it leaves
your organization, look for secrets and personal data in it; generate drops trajectories in which it finds secrets, and
no detector finds all."""

MADE = """\
A teacher changed a function after a vague suspicion (rollout 1), judged its own change, described it as an issue, and
made it again from the description alone (rollout 2), at the same commit, in a sandbox without network or history.
What both changes share (recall) is the verification; no test was run. The method is SERA's (arXiv 2601.20789). Messages
are what the teacher's endpoint saw and said. Samples that training can read whole come first."""


def card(tally: Tally, options: Mapping[str, Any], files: Mapping[str, str]) -> str:
    """The card as Markdown. ``options`` are the export's own, ``files`` what each path of it holds."""
    parts = [
        f"# Trajectories of {_names(tally.by['repo'])}",
        _in_short(tally),
        "## Files",
        _table(("path", "holds"), files.items()),
        "## Where they come from",
        _origin(tally, options),
        "## How they were made",
        MADE,
        "## Counts",
        _stages(tally),
        *(_counts(title, tally.by[key]) for key, title in _COUNTED.items()),
        "### Left out",
        _table(
            ("stage", "thing", "reason", "count"),
            [(*key, count) for key, count in sorted(tally.left_out.items(), key=lambda item: (item[0][0], -item[1]))],
        ),
        "### Recall of rollout 2",
        _recall(tally),
        "## Tokens and cost",
        _spend(tally),
        "## Licence",
        LICENCE,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def head(columns: Mapping[str, schema.Type], data_files: str, rows: int, num_bytes: int, download_bytes: int) -> str:
    """The YAML block that the Hub and ``datasets.load_dataset`` read at the top of a README.md."""
    about = {
        "pretty_name": "Switchover trajectories",
        "license": "other",
        "license_name": "as-the-repositories",
        "task_categories": ["text-generation"],
        "tags": ["agent", "code", "tool-use", "trajectories"],
        "size_categories": [_size(rows)],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": data_files}]}],
        "dataset_info": {
            "features": schema.features(dict(columns)),
            "splits": [{"name": "train", "num_bytes": num_bytes, "num_examples": rows}],
            "download_size": download_bytes,
            "dataset_size": num_bytes,
        },
    }
    return f"---\n{yaml.safe_dump(about, sort_keys=False, allow_unicode=True)}---\n\n"


_COUNTED = {
    "rollout": "rollout (1: the change, 2: made again from its description)",
    "language": "language",
    "change_type": "change type",
    "repo": "repository",
    "teacher": "teacher",
}

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")


def _in_short(tally: Tally) -> str:
    first, second = tally.by["rollout"]["1"], tally.by["rollout"]["2"]
    return f"{tally.samples} samples: {first} changes and {second} made again from a description."


def _origin(tally: Tally, options: Mapping[str, Any]) -> str:
    rows = [
        *((f"base commit of {repo}", f"`{sha}` of {time}") for (repo, sha), time in sorted(tally.bases.items())),
        ("time cut-off", f"nothing newer than {max(tally.bases.values(), default='unknown')}"),
        ("teacher", _names(tally.by["teacher"])),
        ("selection", _names(tally.recipes) or "unknown (no summary.json beside the samples)"),
        ("config hash", ", ".join(f"`{sha}`" for sha in sorted(tally.configs))),
        ("runs of generate", ", ".join(sorted({f"seed {seed}, shard {shard}" for *_, seed, shard in tally.runs}))),
        ("export", ", ".join(f"{key} {value}" for key, value in options.items() if value is not None)),
        ("made by", f"Switchover {__version__}"),
    ]
    return _table(("what", "value"), rows)


def _stages(tally: Tally) -> str:
    if not tally.stages:
        return ""
    rows = [("functions in the code", sum(tally.functions.values()))]
    rows += [(stage, tally.stages[stage]) for stage in STAGES]
    return _table(("stage", "count"), [*rows, ("exported", tally.samples)])


def _counts(title: str, counter: Counter[str]) -> str:
    rows = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return _table((title, "samples"), rows) if rows else ""


def _recall(tally: Tally) -> str:
    names = [f"{tenth / 10:.1f} to below {(tenth + 1) / 10:.1f}" for tenth in range(10)] + ["1.0"]
    return _table(
        ("recall", "all rollouts 2 of the sources", "exported"),
        zip(names, tally.all_tenths, tally.recall_tenths, strict=True),
    )


def _spend(tally: Tally) -> str:
    paid = tally.paid
    all_of = {key: f"{paid[key]:,.0f}" for key in ("tokens_in", "tokens_cached", "tokens_out") if key in paid}
    rows = [
        ("tokens in", all_of.get("tokens_in", "unknown"), f"{tally.tokens_in:,}"),
        ("of these cached", all_of.get("tokens_cached", "unknown"), "not kept per sample"),
        ("tokens out", all_of.get("tokens_out", "unknown"), f"{tally.tokens_out:,}"),
        ("US dollars", _usd(paid.get("cost_usd")), _usd(tally.cost_usd)),
    ]
    return _table(("what", "all that the sources used", "the exported rollouts alone"), rows)


def _usd(amount: float | None) -> str:
    return "no price known" if amount is None else f"{amount:,.4f}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    rule = f"|{'---|' * len(header)}"
    return "\n".join([f"| {' | '.join(header)} |", rule, *lines]) if lines else ""
