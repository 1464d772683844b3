"""The adapter's card, ``switchover.json``: where an adapter came from and what it may be judged on.

It is the last file that training writes, so a folder with a card holds a finished adapter.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import whole
from pipeline.errors import InputError, RunError
from pipeline.types import from_json

log = logging.getLogger(__name__)

NAME = "switchover.json"
WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"
TEMPLATE = "chat_template.jinja"
PROBE = "probe.json"


@dataclass(frozen=True)
class AdapterCard:
    """What is known of a finished adapter. Times are ISO 8601 in UTC with ``Z``."""

    trained_until: str | None
    """Time of the newest code that any sample came from; None when no sample says."""
    trained_until_commit: str | None
    """The commit of that code."""
    made_at: str
    base: str
    """Path or name of the base model, as it was given."""
    samples_sha256: str
    """Of the samples file's bytes."""
    sha256: str
    """Identity of the adapter: its weights, its settings and its chat template."""
    chat_template_sha256: str
    tools: tuple[str, ...]
    """Names of the tools that the samples use; the adapter is compared with these alone."""
    config: Mapping[str, Any]
    """The ``train`` section that was used."""
    versions: Mapping[str, str]
    seed: int
    device: str
    """cpu, or the name of the GPU."""
    samples: int
    """Samples trained on."""
    left_out: Mapping[str, int]
    """Samples not trained on, by reason code."""
    sequences: int
    """Token sequences that the samples made; more than ``samples`` where a template rewrites history."""
    steps: int
    """Optimizer steps."""
    tokens: int
    """Tokens read in all steps together, prompts included."""
    labelled_tokens: int
    """Tokens with loss in one pass over the samples."""
    loss: float | None
    """Mean loss per labelled token, in nats, over the last quarter of the steps."""
    first_loss: float | None
    """The same at the first step."""
    seconds: float
    """Wall clock of training, all resumed parts together."""
    gpu_hours: float
    """GPUs times wall-clock hours; 0.0 when trained on a CPU."""
    cost_usd: float | None
    """At the configured price of an hour; None without one."""
    repos: tuple[str, ...] = ()
    """Repositories that the samples come from; () when they do not say."""
    stale: Mapping[str, str] | None = None
    """When (``at``) and why (``why``) what it was trained on was purged; None: it was not."""


def read_card(adapter: Path) -> AdapterCard:
    """The card in folder ``adapter``; one that is stale is warned of.

    Raises InputError when there is none or it cannot be read.
    """
    path = adapter / NAME
    try:
        card = from_json(AdapterCard, json.loads(path.read_text(encoding="utf-8")))
        _warn_of_stale(adapter, card)
        return card
    except FileNotFoundError:
        raise InputError(f"{path}: not there, so {adapter} is no finished adapter; run 'switchover train'") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not an adapter's card ({error}); train the adapter again") from None


def _warn_of_stale(adapter: Path, card: AdapterCard) -> None:
    if card.stale:
        at, why = (str(card.stale.get(key, "unknown")) for key in ("at", "why"))
        log.warning("%s: stale since %s: %s; its weights may still tell of it: train another", adapter, at[:10], why)


def write_card(adapter: Path, card: AdapterCard) -> None:
    """Write the card whole or not at all. Raises RunError when the disk refuses."""
    write_json(adapter / NAME, dataclasses.asdict(card))


def write_json(path: Path, value: Any) -> None:
    """``value`` at ``path``, by rename, so that a reader sees the old file or the new one."""
    try:
        whole.write(path, json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise RunError(
            f"{path}: cannot be written ({error.strerror}); free space, then run the same command again"
        ) from None


def adapter_sha256(adapter: Path) -> str:
    """Identity of the adapter in folder ``adapter``: a hash over its weights, settings and template."""
    total = hashlib.sha256()
    for name in (WEIGHTS, SETTINGS, TEMPLATE):
        total.update(f"{name} {file_sha256(adapter / name)}\n".encode())
    return total.hexdigest()


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
