"""``export``: from folders of generate to one folder with what was asked for."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

from pipeline.errors import InputError
from pipeline.export import card, hermes, schema, tokens
from pipeline.export.atif import Atif
from pipeline.export.chat import Chat
from pipeline.export.choose import Mix, choose
from pipeline.export.hermes import Hermes
from pipeline.export.mini import Mini
from pipeline.export.parquet import Parquet, arrow
from pipeline.export.place import MARK, place
from pipeline.export.rollouts import records
from pipeline.export.samples import Entry, entries, load
from pipeline.export.sources import Source, opened
from pipeline.export.tally import Tally
from pipeline.types import LeftOut, Sample, to_json

log = logging.getLogger(__name__)
T = TypeVar("T")

HOLDS = {
    "chat": "OpenAI messages and tools with where each sample comes from, as JSON lines",
    "hermes": "text with <tool_call>, as SERA's training recipes read it",
    "datasets": "the same as chat, as parquet for datasets.load_dataset",
    "tokens": "token ids and labels for one base model, for TRL, axolotl and unsloth",
    "atif": "Harbor's trajectory format (ATIF), one file a rollout",
    "mini": "mini-swe-agent's trajectory format, one folder a rollout",
}
FORMATS = tuple(HOLDS)
OF_SAMPLES, OF_ROLLOUTS = ("chat", "hermes", "datasets", "tokens"), ("atif", "mini")


@dataclass(frozen=True)
class Options:
    """What is exported, and how."""

    formats: Sequence[str]
    mix: Mix = field(default_factory=Mix)
    hermes: hermes.Options = field(default_factory=hermes.Options)
    tokens: tokens.Options = field(default_factory=tokens.Options)
    all_rollouts: bool = False
    """``atif`` and ``mini`` get every rollout, kept or not."""
    force: bool = False
    """Replace a folder that is no export."""


@dataclass(frozen=True)
class Exported:
    """What an export holds: its ``export.json``."""

    samples: int
    first: int
    """Of these, rollouts 1."""
    second: int
    rollouts: int
    """Files of ``atif`` and of ``mini``, each; 0 when neither was asked for."""
    sources: int
    repos: Sequence[str]
    bytes: dict[str, int]
    """Format to bytes on disk."""
    left_out: dict[str, int]
    """Reason code to count, of what this export left out."""


class _Writer(Protocol):
    def add(self, sample: Sample) -> LeftOut | None: ...
    def close(self) -> None: ...


def export(paths: Sequence[Path], out: Path, options: Options) -> Exported:
    """Write the samples at ``paths`` (folders of generate, files of samples) into the folder ``out``.

    ``out`` is replaced at one stroke when all is written. Raises InputError for sources, folders
    and options that cannot be used.
    """
    _check(options)
    with opened(paths) as sources, place(out, [source.samples for source in sources], options.force) as folder:
        found = (entry for index, source in enumerate(sources) for entry in entries(index, source))
        chosen, left_out = choose(_shown(found, "read", "sample"), options.mix)
        if not chosen and not options.all_rollouts:
            raise InputError(f"{paths[0]}: no sample to export; see left_out.jsonl beside it for the reasons")
        run = _Run(folder, options, sources, chosen, left_out)
        run.write_samples()
        run.write_rollouts()
        return run.finish()


def _check(options: Options) -> None:
    if options.all_rollouts and not set(options.formats) & set(OF_ROLLOUTS):
        raise InputError("--all: only atif and mini hold rollouts that were not kept; add --format atif or mini")
    if "datasets" in options.formats:
        arrow()
    if "tokens" in options.formats:
        tokens.check_options(options.tokens)


class _Run:
    """One export under way."""

    def __init__(
        self, folder: Path, options: Options, sources: list[Source], chosen: list[Entry], left_out: list[LeftOut]
    ) -> None:
        self._folder, self._options, self._sources, self._chosen = folder, options, sources, chosen
        self._left_out = left_out
        self._with_reasoning = any(entry.has_reasoning for entry in chosen)
        self._rollouts = 0
        self._rows: Counter[str] = Counter()
        self._tally = Tally()
        self._parquet: Parquet | None = None

    def write_samples(self) -> None:
        """The formats that hold samples, in one pass over them."""
        with contextlib.ExitStack() as stack:
            writers = {name: self._writer(name) for name in OF_SAMPLES if name in self._options.formats}
            for writer in writers.values():
                stack.callback(writer.close)
            for entry in _shown(self._chosen, "export", "sample"):
                sample = load(entry, self._sources)
                self._tally.add(sample)
                for name, writer in writers.items():
                    unfit = writer.add(sample)
                    self._rows[name] += unfit is None
                    if unfit is not None:
                        self._left_out.append(dataclasses.replace(unfit, detail=f"{name}: {unfit.detail}"))

    def write_rollouts(self) -> None:
        """The formats that hold one rollout a file."""
        makers: dict[str, Callable[[Path], Atif | Mini]] = {"atif": Atif, "mini": Mini}
        writers = [makers[name](self._made(name)) for name in OF_ROLLOUTS if name in self._options.formats]
        if not writers:
            return
        for record in _shown(records(self._chosen, self._sources, self._options.all_rollouts), "export", "rollout"):
            self._rollouts += 1
            for writer in writers:
                writer.add(record)

    def finish(self) -> Exported:
        """The cards, left_out.jsonl and export.json."""
        for source in self._sources:
            self._tally.add_source(source.summary, source.left_out())
        for row in self._left_out:
            self._tally.add_left_out(row)
        _write_lines(self._folder / "left_out.jsonl", (to_json(row) for row in self._left_out))
        self._write_cards()
        exported = Exported(
            samples=len(self._chosen),
            first=self._tally.by["rollout"]["1"],
            second=self._tally.by["rollout"]["2"],
            rollouts=self._rollouts,
            sources=len(self._sources),
            repos=sorted(self._tally.by["repo"]),
            bytes={name: _size(self._folder / name) for name in self._options.formats},
            left_out=dict(sorted(Counter(row.reason for row in self._left_out).items())),
        )
        (self._folder / MARK).write_text(json.dumps(to_json(exported), indent=1) + "\n", encoding="utf-8")
        return exported

    def _writer(self, name: str) -> _Writer:
        folder = self._made(name)
        if name == "hermes":
            return Hermes(folder, self._options.hermes)
        if name == "tokens":
            return tokens.TokenIds(folder, self._options.tokens)
        if name == "chat":
            return Chat(folder, self._with_reasoning)
        self._parquet = Parquet(folder, self._with_reasoning)
        return self._parquet

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder

    def _write_cards(self) -> None:
        mix, options = self._options.mix, self._options
        drawn = mix.first is not None or mix.second is not None
        shown = {"formats": " ".join(options.formats), "first": mix.first, "second": mix.second}
        shown |= {"seed": mix.seed if drawn else None}
        if "hermes" in options.formats:
            shown |= {"think": options.hermes.think, "add_think": "yes" if options.hermes.add_think else None}
        if "tokens" in options.formats:
            shown |= tokens.shown(options.tokens)
        text = card.card(self._tally, shown, {f"{name}/": HOLDS[name] for name in options.formats})
        (self._folder / "card.md").write_text(text, encoding="utf-8")
        for name in ("chat", "datasets"):
            if name in options.formats:
                (self._folder / name / "README.md").write_text(self._head(name) + text, encoding="utf-8")

    def _head(self, name: str) -> str:
        on_disk = _size(self._folder / name)
        head = functools.partial(card.head, rows=self._rows[name], download_bytes=on_disk)
        if name == "chat":
            return head(schema.columns(self._with_reasoning, ["json"]), "train.jsonl", num_bytes=on_disk)
        assert self._parquet is not None
        return head(self._parquet.columns, "data/train-*.parquet", num_bytes=self._parquet.total_bytes)


def _shown(items: Iterable[T], what: str, unit: str) -> Iterable[T]:
    """``items`` with a progress bar on stderr, where that is a terminal."""
    bar: Iterable[T] = tqdm(items, desc=what, unit=f" {unit}s", disable=None)
    return bar


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
