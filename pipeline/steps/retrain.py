"""A new adapter from samples that are there: held out, trained, gated, registered, and promoted where it has passed.

out/samples/   what it is trained on, and what was held out for the gates
out/adapter/   the adapter, with its card and gates.json
out/gates/     rollouts of the gates

What ``cycle`` does between generating and evaluating, for a job of its own. The same call goes on after a kill.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline import jsonl, prices
from pipeline.adapters import Entry
from pipeline.adapters.entry import SHORT, identity
from pipeline.adapters.registry import objection_to
from pipeline.config import Config
from pipeline.errors import InputError, RunError
from pipeline.folders import held
from pipeline.gates.record import Record
from pipeline.generate.base import open_base
from pipeline.steps.lock import alone
from pipeline.steps.server import Server
from pipeline.steps.shelf import Shelf
from pipeline.train import train
from pipeline.train.card import NAME as CARD
from pipeline.train.held_out import split
from pipeline.types import to_json

State = Literal["promoted", "kept", "none"]
"""The new one stands for own now; the last one stays; there is none yet."""


@dataclass(frozen=True)
class Asked:
    """What a retraining is given."""

    samples: Path
    repo: Path
    """A clone that has the samples' commits."""
    out: Path
    seed: int = 0


@dataclass(frozen=True)
class Retrained:
    """What came of it."""

    entry: Entry
    """The new adapter, as the registry has it."""
    gates: Record
    current: Entry | None
    """The one that is promoted for the repository now."""
    repo: str
    """``owner/name``."""
    registry: str
    path: Path
    """Folder of the new one."""

    @property
    def state(self) -> State:
        """What is promoted now."""
        if self.current is None:
            return "none"
        return "promoted" if self.current.id == self.entry.id else "kept"

    @property
    def why(self) -> str | None:
        """Why the new one is not promoted, in one line; None where it is."""
        if self.state == "promoted":
            return None
        return objection_to(self.entry) or "somebody has promoted another one since"

    def as_json(self) -> dict[str, Any]:
        """One object: where everything is, the card's facts, and what the gates found."""
        current = self.current.id if self.current else None
        return {
            "state": self.state,
            "why": self.why,
            "adapter": self.entry.id,
            "current": current,
            "repo": self.repo,
            "registry": self.registry,
            "path": str(self.path),
            "card": to_json(self.entry.card),
            "gates": self.gates.as_json(),
        }

    def sentence(self) -> str:
        """One line for a person."""
        short = self.entry.id[:SHORT]
        if self.state == "promoted":
            return f"{short} has passed its gates and is promoted for {self.repo}: {self.path}"
        stays = f"{self.current.id[:SHORT]} stays" if self.current else "none is promoted yet"
        return f"{short} is not promoted ({self.why}); {stays}: {self.path}"


def retrain(asked: Asked, config: Config) -> Retrained:
    """Do it; ``config.adapters.registry`` must name the registry.

    Raises InputError for what cannot be used and while another retraining of the repository runs; RunError
    when there is no sample, or when disk, memory or the model server give out.
    """
    if not config.adapters.registry:
        raise InputError("no registry: name its folder or URL with --registry, or as adapters.registry in the config")
    if not asked.samples.is_file():
        raise InputError(f"{asked.samples}: no such file; make one with 'switchover generate'")
    # Absolute, because git, the sandbox and the model server run in folders of their own.
    out, repo = asked.out.absolute(), open_base(asked.repo, None)
    shelf = Shelf(config, repo.name, out)
    adapter = out / "adapter"
    with held(out, "retrain"), alone(shelf.lock, repo.name, out), Server(config, out) as server:
        trained_on, held_out = split(
            asked.samples, out / "samples", share=config.adapters.held_out_share, seed=asked.seed
        )
        if not any(True for _ in jsonl.read(trained_on)):
            raise RunError(f"{asked.samples}: holds no sample, so nothing can be trained; see left_out.jsonl beside it")
        base = config.train.base
        train(trained_on, base, adapter, config=config.train, seed=asked.seed, price=prices.current(config, base))
        gates = shelf.gate(adapter, held_out, repo.repo, out / "gates", server, asked.seed)
        shelf.settle(adapter, gates)
    registry = shelf.registry
    entry = registry.find(identity(json.loads((adapter / CARD).read_bytes())))
    return Retrained(entry, gates, registry.promoted(repo.name), repo.name, registry.url, adapter)


def with_registry(config: Config, registry: str | None) -> Config:
    """``config`` with the registry of a flag in place of its own, where one is given."""
    if not registry:
        return config
    return dataclasses.replace(config, adapters=dataclasses.replace(config.adapters, registry=registry))
