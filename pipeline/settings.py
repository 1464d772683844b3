"""The settings: one frozen dataclass per section of the config, with defaults and units.

Pure values, so that pure modules may take them; ``pipeline.config`` reads them from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.errors import InputError

SCRIPTED = "scripted"
"""Stands for an endpoint: the scripted model, started for the length of a run."""

SMALL = "small"
"""Stands for a base model: the small real one that trains and runs on a CPU."""


@dataclass(frozen=True)
class EndpointConfig:
    """An OpenAI-compatible endpoint."""

    url: str | None = None
    """Base URL with ``/v1``; ``scripted`` for the scripted model; None until configured."""
    model: str | None = None
    """Name that the endpoint serves it under."""
    knowledge_until: str | None = None
    """Date (YYYY-MM-DD) up to which the vendor says the model has read the public web."""


@dataclass(frozen=True)
class CollectConfig:
    since: str | None = None
    """Date (YYYY-MM-DD): older merged PRs are not collected. None: all."""
    skip_paths: tuple[str, ...] = ()
    """Globs (``vendor/**``): a PR that changes only such files is left out."""
    skip_labels: tuple[str, ...] = ("no-train",)
    skip_authors: tuple[str, ...] = ("*[bot]",)
    redact: bool = True
    """Replace secrets and personal data in texts before they are stored (docs/redaction.md)."""


@dataclass(frozen=True)
class ChangeTypeConfig:
    """A kind of change of the team's own, beside those that come with Switchover."""

    id: str
    """snake_case; recorded in every sample."""
    topic: str
    """Fits "a problem with ..."."""
    signs: str
    """Fits "What we see: ..."."""
    kind: Literal["function", "section", "block", "module"] = "function"
    """What it is asked of."""


@dataclass(frozen=True)
class WeightsConfig:
    """What is drawn more often than the rest. All 0 and empty: everything alike."""

    recent: float = 0.0
    """How much more often code is drawn that changed lately: 1 doubles the chance of what changed last."""
    often: float = 0.0
    """The same for what changed often."""
    paths: Mapping[str, float] = field(default_factory=dict)
    """Glob to factor (``src/billing/**: 3``; 0 never draws it); a path has the product of all that match."""


@dataclass(frozen=True)
class GenerateConfig:
    teacher: EndpointConfig = field(default_factory=EndpointConfig)
    kinds: tuple[Literal["function", "section", "block", "module"], ...] = ("function",)
    """What is drawn: function (methods too), section (of a document), block (SQL, HCL, YAML, shell), module (VHDL)."""
    change_types: tuple[ChangeTypeConfig, ...] = ()
    """The team's own, beside the built-in ones."""
    weights: WeightsConfig = field(default_factory=WeightsConfig)
    selection: Literal["sera-2026"] = "sera-2026"
    """Recipe of filters that samples pass."""
    samples: int = 4000
    """Functions to attempt; each gives at most two samples (rollouts 1 and 2)."""
    keep_recall_from: float = 0.5
    """Rollout 2 is kept from this recall on, 0..1."""
    concurrency: int = 64
    """Rollouts at once."""
    limit_usd: float | None = None
    """Spend of a whole folder, earlier calls included."""
    limit_usd_per_rollout: float | None = None
    limit_tokens_per_rollout: int | None = None
    """Tokens in and out, summed over the turns of one rollout."""
    step_limit: int = 115
    """Turns of the model in one rollout (the reference's number)."""
    time_limit_seconds: int = 1800
    """Wall clock of one rollout."""
    context_tokens: int = 32768
    max_output_tokens: int = 4096
    """Per turn."""
    temperature: float | None = None
    """Sampling temperature, 0 for greedy; None: the server's default."""
    tools: Literal["bash", "editor"] = "bash"
    """Tool set: bash, or editor (bash and a file editor)."""
    prompt: Literal["mini", "compact"] = "mini"
    """Instructions: mini-swe-agent's own, or a short form for small models."""


@dataclass(frozen=True)
class TrainConfig:
    base: str = "Qwen/Qwen3-32B"
    """Path or name of the base model."""
    rank: int = 64
    context_tokens: int = 32768
    retrain_after_pulls: int = 100
    learning_rate: float = 1e-4
    epochs: float = 3.0
    accumulate: int = 8
    """Samples per optimizer step."""
    max_steps: int | None = None


@dataclass(frozen=True)
class AttemptsConfig:
    """Attempts per task and role, fixed before the PR is run."""

    own: int = 2
    base: int = 1
    frontier: int = 1


@dataclass(frozen=True)
class EvaluateConfig:
    own: EndpointConfig = field(default_factory=EndpointConfig)
    frontier: EndpointConfig = field(default_factory=EndpointConfig)
    attempts: AttemptsConfig = field(default_factory=AttemptsConfig)
    backtest_pulls: int = 120
    """Newest merged PRs held out of training for the first verdict."""
    limit_usd: float | None = 60.0
    test_command: str | None = None
    step_limit: int = 50
    time_limit_seconds: int = 1800
    context_tokens: int = 32768
    max_output_tokens: int = 4096
    """Per turn."""
    concurrency: int = 8
    temperature: float | None = None
    """As in ``generate``; the same for all roles."""
    tools: Literal["bash", "editor"] = "bash"
    """As in ``generate``: an adapter is compared in the tool set that it was trained in."""
    prompt: Literal["mini", "compact"] = "mini"


@dataclass(frozen=True)
class DecideConfig:
    margin: float = 0.05
    """Non-inferiority margin in score points, 0..1."""
    error_chance: float = 0.05
    """Chance of any false flag in the whole life of the repository, 0..1."""
    value_of_solved_pull_usd: float | None = None


@dataclass(frozen=True)
class ServeConfig:
    route: str = "frontier"
    """Who serves the team now: own, frontier, or canary=SHARE."""
    engine: Literal["vllm", "transformers"] = "vllm"
    """What ``cycle`` serves own and base with: vLLM, or a small server of ours where vLLM does not run."""


@dataclass(frozen=True)
class ReportConfig:
    comment: Literal["every_pull", "weekly", "never"] = "every_pull"


@dataclass(frozen=True)
class Price:
    """What a model costs; tokens or GPU hours. None: unknown."""

    usd_per_million_in: float | None = None
    usd_per_million_cached: float | None = None
    """None: cached prompt tokens cost as much as others."""
    usd_per_million_out: float | None = None
    gpu_usd_per_hour: float | None = None
    """Price of the hardware while it serves. A rollout pays for its measured seconds, divided by
    the rollouts that share the machine (``evaluate.concurrency``)."""
    gpu_idle_share: float = 0.0
    """Share of the paid hours in which the hardware waits for work, 0 to below 1; work pays for it."""

    def __post_init__(self) -> None:
        if not 0 <= self.gpu_idle_share < 1:
            raise InputError(
                f"prices: gpu_idle_share {self.gpu_idle_share} is not from 0 to below 1; "
                "it is the share of paid hours without work, so half of them are 0.5"
            )


@dataclass(frozen=True)
class Config:
    collect: CollectConfig = field(default_factory=CollectConfig)
    generate: GenerateConfig = field(default_factory=GenerateConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    decide: DecideConfig = field(default_factory=DecideConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By model name, or by ``name@YYYY-MM-DD`` from that day on; see ``pipeline.cost.price_at``."""
