"""``switchover recall``: how much of one patch another one reproduces."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipeline.errors import InputError
from pipeline.patch.recall import own, sera_counts
from pipeline.trees import DirectoryTree
from pipeline.types import Recall, to_json
from pipeline.verbs import emit, json_option, unused_config_option

STDIN = Path("-")


@click.command()
@click.argument("gold", type=click.Path(path_type=Path))
@click.argument("candidate", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    type=click.Choice(["own", "sera"]),
    default="own",
    show_default=True,
    help="own: per file, from parsed hunks. sera: the reference's, quirks included.",
)
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The tree that both patches apply to: two texts of one edit then score alike (metric own).",
)
@unused_config_option
@json_option
def command(gold: Path, candidate: Path, metric: str, base: Path | None, as_json: bool) -> None:
    """Measure how much of the patch GOLD the patch CANDIDATE reproduces.

    Both are unified diffs; one of them may be - for stdin. Prints one JSON object, with or
    without --json: recall (null when GOLD has no countable line), recall_all_files, precision,
    f1, gold_lines, matched_lines, candidate_lines, file_recall. All ratios are 0..1.

    The metric own counts source files in all but recall_all_files, and all text files where GOLD
    changes no source. The metric sera knows no files: recall_all_files is recall, file_recall null.

    \b
    Example:  switchover recall human.diff model.diff --base ./checkout
              git diff | switchover recall human.diff -
    """
    if gold == candidate == STDIN:
        raise InputError("recall: GOLD and CANDIDATE cannot both be stdin; give one of them as a file")
    tree = DirectoryTree(base) if base else None
    emit(to_json(_measure(_read(gold), _read(candidate), metric, tree)))


def _measure(gold: bytes, candidate: bytes, metric: str, tree: DirectoryTree | None) -> Recall:
    if metric == "sera":
        return sera_counts(gold.decode("utf-8", "surrogateescape"), candidate.decode("utf-8", "surrogateescape"))
    return own(gold, candidate, tree)


def _read(path: Path) -> bytes:
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a file that holds a unified diff") from None
