"""What training leaves: an adapter's weights, or a whole model that any server takes as it is."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from transformers.utils import cached_file

from pipeline.train import card as cards
from pipeline.train import together
from pipeline.train.render import Template
from pipeline.train.sharded import adapter_weights
from pipeline.whole import on_disk

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""Taken from the base byte for byte: a tokenizer that is written anew may differ, and the server's prompts with it."""

ALSO = (*TOKENIZER, "vocab.json", "merges.txt", "tokenizer.model", "generation_config.json")


def save(model: Any, base: str, template: Template, out: Path, *, whole: bool, first: bool) -> None:
    """The trained ``model`` and its chat template in ``out``. Every process calls this; the ``first`` writes.

    ``whole`` is True where all weights were trained: a process may hold a share of them, and all
    give theirs.
    """
    if whole:
        model.save_pretrained(out, is_main_process=first)
    elif first:
        model.save_pretrained(out, state_dict=adapter_weights(model))
    if first:
        for name in ALSO if whole else ():
            _copy(base, name, out)
        (out / cards.TEMPLATE).write_text(template.source, encoding="utf-8")
        on_disk(out)  # before the card, which declares it whole
    together.wait()


def sha256(out: Path, *, whole: bool) -> str:
    """Identity of what was trained: the adapter's, or a hash over a whole model's weights, config and template."""
    if not whole:
        return cards.adapter_sha256(out)
    total = hashlib.sha256()
    for file in (*sorted(out.glob("model*.safetensors")), out / "config.json", out / cards.TEMPLATE):
        total.update(f"{file.name} {cards.file_sha256(file)}\n".encode())
    return total.hexdigest()


def _copy(base: str, name: str, out: Path) -> None:
    found = cached_file(base, name, _raise_exceptions_for_missing_entries=False)
    if found:
        shutil.copyfile(found, out / name)
