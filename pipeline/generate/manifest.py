"""``run.json``: the arguments that a folder was begun with, so that another run is not mixed into it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from pipeline import whole
from pipeline.errors import InputError
from pipeline.settings import WeightsConfig
from pipeline.types import from_json

NAME = "run.json"
_NAMES = {"base_sha": "--base", "texts": "change types and prompts"}
"""What a person calls a field; others go by their name."""


@dataclass(frozen=True)
class Manifest:
    """What must not change between two calls on one folder; only ``samples`` may grow."""

    repo: str
    base_sha: str
    seed: int
    shard: str
    teacher: str
    tools: str
    prompt: str
    texts: str
    """Hash of change types, the team's own included, and prompts."""
    step_limit: int
    time_limit_seconds: int
    context_tokens: int
    max_output_tokens: int
    samples: int
    kinds: tuple[str, ...] = ("function",)
    weights: str = ""
    """Compact JSON of ``generate.weights``; "" where nothing is singled out."""
    limit_usd_per_rollout: float | None = None
    limit_tokens_per_rollout: int | None = None

    @property
    def sha256(self) -> str:
        """Identity of the configuration, without how much of it is made.

        Newer fields count only where they say something, so that older folders keep theirs.
        """
        silent = {f.name for f in fields(self) if getattr(self, f.name) == f.default}
        values = {key: value for key, value in asdict(self).items() if key not in {"samples", "shard", *silent}}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def weights_text(config: WeightsConfig) -> str:
    """``config`` in the form that the manifest holds."""
    return "" if config == WeightsConfig() else json.dumps(asdict(config), sort_keys=True, separators=(",", ":"))


def settle(out: Path, wanted: Manifest) -> None:
    """Write ``wanted`` into a new folder, or see that it goes with what the folder was begun with.

    A folder in which no rollout was made is as good as new: a mistyped model must not claim it.
    Raises InputError naming the first argument that differs, and what to do.
    """
    path, rollouts = out / NAME, out / "rollouts.jsonl"
    if rollouts.exists() and rollouts.stat().st_size > 0:
        if not path.exists():
            raise InputError(
                f"{out}: holds rollouts.jsonl but no {NAME}, so it is not generate's; choose another --out"
            )
        _compare(out, _read(path), wanted)
    replace_lines(path, [json.dumps(asdict(wanted), indent=1)])


def _read(path: Path) -> Manifest:
    try:
        return from_json(Manifest, json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); choose another --out, or restore the file") from None


def _compare(out: Path, begun: Manifest, wanted: Manifest) -> None:
    values = asdict(replace(begun, samples=wanted.samples))
    for key in sorted(values, key=lambda key: key == "texts"):  # what a person gave, before what follows from it
        value, now = values[key], asdict(wanted)[key]
        if now != value:
            name = _NAMES.get(key, key)
            raise InputError(
                f"{out}: was begun with {name} {value} and this command has {now}; give the same {name}, "
                "or another --out"
            )
    if wanted.samples < begun.samples:
        raise InputError(
            f"{out}: was begun for {begun.samples} samples and this command asks for {wanted.samples}; "
            f"give {begun.samples} or more, or another --out"
        )


def replace_lines(path: Path, lines: Iterable[str]) -> None:
    """``lines`` are the file ``path`` from now on; one that holds them already is left alone."""
    with whole.replacing(path) as file:
        file.writelines(line.encode(errors="surrogatepass") + b"\n" for line in lines)
