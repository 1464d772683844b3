"""What differs between two adapters of a registry. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.adapters.entry import Entry

DATA = (
    "base", "samples_sha256", "trained_until", "trained_until_commit", "repos", "tools", "samples", "left_out",
    "sequences", "tokens", "labelled_tokens", "chat_template_sha256",
)  # fmt: skip
RUN = ("seed", "steps", "device", "seconds", "gpu_hours", "cost_usd", "made_at")
LOSS = ("first_loss", "loss")


def compare(one: Entry, other: Entry) -> dict[str, dict[str, tuple[Any, Any]]]:
    """What differs, by part (data, config, versions, run, loss, gates, scores) and name: the value of each."""
    parts = {
        "data": tuple(_chosen(entry, DATA) for entry in (one, other)),
        "config": tuple(dict(entry.card.config) for entry in (one, other)),
        "versions": tuple(dict(entry.card.versions) for entry in (one, other)),
        "run": tuple(_chosen(entry, RUN) for entry in (one, other)),
        "loss": tuple(_chosen(entry, LOSS) for entry in (one, other)),
        "gates": tuple(_gates(entry) for entry in (one, other)),
        "scores": tuple(dict(entry.scores or {}) for entry in (one, other)),
    }
    return {part: _differing(*both) for part, both in parts.items()}


def _chosen(entry: Entry, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(entry.card, name) for name in names}


def _gates(entry: Entry) -> dict[str, Any]:
    if entry.gates is None:
        return {}
    return {f"{gate.name}.{key}": value for gate in entry.gates.gates for key, value in gate.measured.items()} | {
        f"{gate.name}.passed": gate.passed for gate in entry.gates.gates
    }


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys([*one, *other])
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}
