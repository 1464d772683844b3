"""Finished adapters without a model: the files, the card that fits them, and gates that were passed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from pipeline.gates.record import EXPECTED, GateResult, Record, write_record
from pipeline.train.card import SETTINGS, TEMPLATE, WEIGHTS, AdapterCard, adapter_sha256, write_card

REPO = "o/n"


def adapter(folder: Path, weights: bytes = b"w" * 4096, **changes: Any) -> Path:
    """An adapter in ``folder`` with these weights; ``changes`` to its card."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(weights)
    (folder / SETTINGS).write_text('{"r": 4}')
    (folder / TEMPLATE).write_text("{{ messages }}")
    values: dict[str, Any] = {
        "trained_until": "2026-03-01T00:00:00Z",
        "trained_until_commit": "a" * 40,
        "made_at": "2026-03-02T00:00:00Z",
        "base": "small",
        "samples_sha256": "5" * 64,
        "sha256": adapter_sha256(folder),
        "chat_template_sha256": "c" * 64,
        "tools": ("bash",),
        "config": {"rank": 4, "epochs": 3.0},
        "versions": {"torch": "2.13.0"},
        "seed": 0,
        "device": "cpu",
        "samples": 9,
        "left_out": {},
        "sequences": 9,
        "steps": 12,
        "tokens": 1000,
        "labelled_tokens": 200,
        "loss": 0.5,
        "first_loss": 2.0,
        "seconds": 3.0,
        "gpu_hours": 0.0,
        "cost_usd": 0.25,
        "repos": (REPO,),
    }
    write_card(folder, AdapterCard(**{**values, **changes}))
    return folder


def gated(folder: Path, failing: str | None = None, **changes: Any) -> Path:
    """As ``adapter``, with its gates run: all passed but ``failing``."""
    from pipeline.train.card import read_card

    adapter(folder, **changes)
    results = tuple(GateResult(name, name != failing, {"own": 0.9}, "a bar", f"{name} measured") for name in EXPECTED)
    write_record(folder, Record(read_card(folder).sha256, "2026-03-02T00:00:00Z", "4" * 64, None, results))
    return folder


def changed(folder: Path, **changes: Any) -> None:
    """Other values on the card of an adapter that is there."""
    from pipeline.train.card import read_card

    write_card(folder, dataclasses.replace(read_card(folder), **changes))
