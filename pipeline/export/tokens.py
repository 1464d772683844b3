"""``tokens``: token ids and labels, to train on with TRL, axolotl or unsloth without their own templates and masks.

train.jsonl            input_ids, attention_mask, labels (-100: no loss); nothing else: axolotl takes no other columns
rows.jsonl             for each of its lines the sample that it is of, its tokens and those with loss
chat_template.jinja    what the samples were rendered with, which the server has to use
about.json             base model, stop tokens, longest sequence, hash of the template

Every sample is held to the self-check of training (docs/training.md) before it is written.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import InputError
from pipeline.train import base as bases
from pipeline.train import check
from pipeline.train.samples import conversation
from pipeline.train.tokens import Tokens, encode
from pipeline.types import LeftOut, Sample

NAME, ROWS, TEMPLATE, ABOUT = "train.jsonl", "rows.jsonl", "chat_template.jinja", "about.json"


@dataclass(frozen=True)
class Options:
    """For which model, and how long."""

    base: str | None = None
    """Model folder, a hub's name, or ``small``; needed for this format."""
    context_tokens: int = 32768
    too_long: Literal["drop", "cut"] = "drop"


class TokenIds:
    """Writes ``train.jsonl`` and what belongs to it."""

    def __init__(self, folder: Path, options: Options) -> None:
        """Raises InputError for a base without a chat template, or with two."""
        assert options.base, "checked before"
        self._options = options
        self._folder = folder
        self._template = bases.load_template(bases.resolve(options.base))
        self._file = (folder / NAME).open("w", encoding="utf-8")
        self._rows = (folder / ROWS).open("w", encoding="utf-8")
        self._longest = self._count = 0

    def add(self, sample: Sample) -> LeftOut | None:
        """Write the sample's sequences. Raises InputError where a rule of the self-check is broken."""
        line = {"id": sample.id, "messages": list(sample.messages), "tools": list(sample.tools)}
        found = conversation(line, f"sample {sample.id}")
        sequences = encode(self._template, found, self._options.context_tokens, self._options.too_long)
        if isinstance(sequences, LeftOut):
            return dataclasses.replace(sequences, stage="export")
        check.check(self._template, found, sequences)
        for tokens in sequences:
            self._file.write(json.dumps(row(tokens), separators=(",", ":")) + "\n")
            about = {"id": tokens.sample, "tokens": len(tokens.input_ids), "labelled": tokens.labelled}
            self._rows.write(json.dumps(about) + "\n")
            self._longest = max(self._longest, len(tokens.input_ids))
            self._count += 1
        return None

    def close(self) -> None:
        """Write template and about, and close the files."""
        self._file.close()
        self._rows.close()
        source = self._template.source
        (self._folder / TEMPLATE).write_text(source, encoding="utf-8")
        about = {
            "base": self._options.base,
            "chat_template_sha256": hashlib.sha256(source.encode()).hexdigest(),
            "stop_tokens": list(self._template.stops),
            "rows": self._count,
            "longest": self._longest,
            "context_tokens": self._options.context_tokens,
            "too_long": self._options.too_long,
        }
        (self._folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def row(tokens: Tokens) -> dict[str, list[int]]:
    """One line: as many labels as ids; every token is attended to."""
    ids = list(tokens.input_ids)
    return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": tokens.labels}


def check_options(options: Options) -> None:
    """Raises InputError for what cannot be written."""
    if not options.base:
        raise InputError("--format tokens: for which model? give the base with --base")
    if options.context_tokens < 1:
        raise InputError(f"--context-tokens: {options.context_tokens} is too small; give 1 or more")


def shown(options: Options) -> dict[str, Any]:
    """The options as the data card tells them."""
    return {
        "base": options.base,
        "context_tokens": options.context_tokens,
        "too_long": options.too_long,
    }
