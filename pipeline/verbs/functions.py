"""``switchover functions``: the functions of a source tree, and its other units."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from tqdm import tqdm

from pipeline.generate.functions import KINDS, LANGUAGES, kinds_of, scan
from pipeline.generate.functions.kinds import FUNCTIONS
from pipeline.generate.functions.other_kinds import counts_by_kind
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
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="K",
    help="Units of this kind instead (may be given again): "
    + "; ".join(f"{kind}, {what}" for kind, what in KINDS.items())
    + ".",
)
@unused_config_option
@click.option("--json", "as_json", is_flag=True, help="JSONL on stdout, as always.")
def command(path: Path, languages: tuple[str, ...], kinds: tuple[str, ...], as_json: bool) -> None:
    """List all functions under PATH, a source tree or one file.

    Prints one JSON object a line: path, name (Class.method), kind (function, method), language,
    start_line, end_line (1-based, inclusive). With --kind, or a --language that has no functions,
    units of other kinds: sections by their headings (Install > From source), blocks and modules.
    Files and units that cannot be read are counted by reason on stderr.

    \b
    Example:  switchover functions ./checkout --language python --language go
              switchover functions ./checkout --kind section --kind block
    """
    wanted = kinds or _kinds_of(languages)
    left_out: Counter[str] = Counter()
    found = 0
    for one in tqdm(scan(path, languages, wanted), unit=" files", disable=None):
        for function in one.functions:
            emit(to_json(function))
        found += len(one.functions)
        left_out.update(skipped.reason for skipped in one.left_out)
    if left_out:
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        log.info("left out: %s", counts)
    if not found:
        known = languages or [one for one in LANGUAGES if not set(wanted).isdisjoint(kinds_of([one]))]
        log.info("%s: no %s in %s%s", path, " or ".join(wanted), ", ".join(known), _others(path, wanted))


def _kinds_of(languages: Sequence[str]) -> Sequence[str]:
    """Functions; what ``languages`` have where none of them has any."""
    has = kinds_of(languages)
    return has if has and "function" not in has else FUNCTIONS


def _others(path: Path, wanted: Sequence[str]) -> str:
    others = {kind: count for kind, count in counts_by_kind(path).items() if count and kind not in wanted}
    return "".join(f"; --kind {kind} lists {count} or more" for kind, count in others.items())
