"""``switchover functions``: the functions of a source tree."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import click
from tqdm import tqdm

from pipeline.generate.functions import LANGUAGES, scan
from pipeline.types import to_json
from pipeline.verbs import emit, unused_config_option

log = logging.getLogger(__name__)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--language",
    "languages",
    multiple=True,
    metavar="L",
    help=f"Only this language (may be given again): {', '.join(LANGUAGES)}.",
)
@unused_config_option
@click.option("--json", "as_json", is_flag=True, help="JSONL on stdout, as always.")
def command(path: Path, languages: tuple[str, ...], as_json: bool) -> None:
    """List all functions under PATH, a source tree or one file.

    Prints one JSON object a line: path, name (Class.method), kind (function, method), language,
    start_line, end_line (1-based, inclusive). Files and functions that cannot be read are counted
    by reason on stderr.

    \b
    Example:  switchover functions ./checkout --language python --language go
    """
    left_out: Counter[str] = Counter()
    found = 0
    for one in tqdm(scan(path, languages), unit=" files", disable=None):
        for function in one.functions:
            emit(to_json(function))
        found += len(one.functions)
        left_out.update(skipped.reason for skipped in one.left_out)
    if left_out:
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        log.info("left out: %s", counts)
    if not found:
        log.info("%s: no function in %s", path, ", ".join(languages or LANGUAGES))
