"""Rule 10 of the self-check: a base model has one chat template, whichever of its files a program reads.

Two that differ are left behind by conversions and by trainers that write their own: transformers and
the server may each take another one, and a model is trained on prompts that it never gets to see.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import InputError

JINJA, JSON, TOKENIZER = "chat_template.jinja", "chat_template.json", "tokenizer_config.json"


def has_one_template(base: str) -> None:
    """Raises InputError naming two files of ``base`` (a folder, or a name in the hub's cache) that differ."""
    found = list(_templates(base))
    for path, text in found[1:]:
        if text != found[0][1]:
            raise InputError(
                f"{base}: rule 10 of docs/training.md: {found[0][0]} and the chat_template of {path} differ; "
                f"delete the one that the server is not to use"
            )


def _templates(base: str) -> Iterator[tuple[Path, str]]:
    """File and template; of a file with several named ones that which is used with tools."""
    if path := _file(base, JINJA):
        yield path, path.read_text(encoding="utf-8").rstrip("\n")
    for name in (JSON, TOKENIZER):
        path = _file(base, name)
        template = _of_json(path) if path else None
        if path and template:
            yield path, template.rstrip("\n")


def _of_json(path: Path) -> str | None:
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); fetch the base model again") from None
    held = value.get("chat_template") if isinstance(value, dict) else None
    if isinstance(held, list):
        named = {entry["name"]: entry["template"] for entry in held}
        held = named.get("tool_use") or named.get("default")
    return held if isinstance(held, str) else None


def _file(base: str, name: str) -> Path | None:
    if Path(base).is_dir():
        path = Path(base) / name
        return path if path.is_file() else None
    from transformers.utils.hub import cached_file

    found = cached_file(
        base, name, _raise_exceptions_for_missing_entries=False, _raise_exceptions_for_connection_errors=False
    )
    return Path(found) if found else None
