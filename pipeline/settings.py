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
    most_source_lines: int = 500
    """Lines added and removed in source files beyond which a PR is too large for a task."""
    most_source_files: int = 15
    """The same in files."""


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
    token_ids: bool = False
    """Keep the token ids that the teacher's server generated, to train on them: for a teacher (on vLLM) that
    shares its tokenizer with ``train.base``. They double the size of the files."""


@dataclass(frozen=True)
class TrainConfig:
    recipe: str | None = None
    """Name of a recipe of ``pipeline.recipes``: its values stand where no key is given. None: the defaults here."""
    base: str = "Qwen/Qwen3-32B"
    """Path or name of the base model."""
    method: Literal["lora", "qlora", "full"] = "lora"
    """What is trained: an adapter on a bfloat16 base, an adapter on a base in 4 bits, or all weights."""
    rank: int = 64
    """Of the adapter; without meaning for ``full``."""
    alpha_per_rank: float = 2.0
    """LoRA's alpha over the rank: what the adapter's output is scaled by, so that a learning rate keeps its
    meaning when the rank changes."""
    context_tokens: int = 32768
    """Longest sample, in tokens of the base."""
    too_long: Literal["drop", "cut"] = "drop"
    """A longer sample is left out, or ends after the last turn of the assistant that fits whole."""
    retrain_after_pulls: int = 100
    retrain_every_days: int | None = None
    """Days after which a new adapter is due where anything was merged since. None: by pull requests alone."""
    learning_rate: float = 1e-4
    warmup: float = 0.1
    """Steps in which the learning rate rises: a share of all steps where below 1, else their number."""
    weight_decay: float = 0.01
    beta2: float = 0.999
    """AdamW's second beta; the first is 0.9."""
    epochs: float = 3.0
    accumulate: int = 8
    """Samples per optimizer step, on each GPU."""
    max_steps: int | None = None
    checkpointing: Literal["auto", "none", "recompute", "offload"] = "auto"
    """Activations are kept, made again in the backward pass, or that with each layer's input held in the
    host's memory; auto: recompute where ``context_tokens`` is above 8,192."""
    gpus: int = 1
    """Processes that train together, one a GPU."""
    sharding: Literal["auto", "none", "all"] = "auto"
    """With several processes: each holds the whole model (none), or its share of every layer (all, FSDP2);
    auto: all on GPUs, but none for ``qlora``, whose weights of 4 bits cannot be split."""

    @property
    def lora_alpha(self) -> int:
        """As PEFT takes it: a whole number, at least 1."""
        return max(1, round(self.alpha_per_rank * self.rank))


@dataclass(frozen=True)
class AdaptersConfig:
    """Where adapters are kept, and what a new one must pass before it takes the place of the last."""

    registry: str | None = None
    """A folder, or a URL that fsspec reaches (``s3://bucket/path``); None: ``registry`` in the cycle's folder."""
    held_out_share: float = 0.1
    """Share of the functions, 0 to below 1, whose samples are kept out of training for the gates."""
    gate_tasks: int = 8
    """Held-out tasks that own and base attempt before an adapter is promoted."""
    valid_calls_from: float = 0.5
    """Share of own's turns there that must be valid tool calls, 0..1."""


@dataclass(frozen=True)
class AttemptsConfig:
    """Attempts per task and role, fixed before the PR is run."""

    own: int = 2
    base: int = 1
    frontier: int = 1


@dataclass(frozen=True)
class AgentConfig:
    """An agent of somebody else's (Claude Code, Codex, a script) as a contender: ``--model frontier=command:NAME``."""

    command: str
    """A shell command, run in the checkout; ``{prompt_file}`` is replaced by the file that holds the task."""
    model: str = ""
    """Name in every table, and in ``prices``; "": the agent's own name in the config."""
    url: str | None = None
    """Base URL of the model API that it may reach, and nothing else; None: it reaches nothing."""
    style: Literal["anthropic", "openai"] = "anthropic"
    """How that API is spoken: which header carries the key, and which variables name the URL inside."""
    output: Literal["claude", "codex", "regex", "none"] = "none"
    """Where its tokens and cost stand: Claude Code's JSON, Codex's JSONL, ``patterns``, or nowhere."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """For ``regex``: tokens_in, tokens_out, tokens_cached, cost_usd to a pattern with one group; its last match
    counts."""
    toolchains: tuple[str, ...] = ()
    """Folders with its programs (``bin`` in each), shown read-only beside /usr."""
    memory_mb: int = 4096
    """Megabytes that it and its commands may use together."""


@dataclass(frozen=True)
class EvaluateConfig:
    own: EndpointConfig = field(default_factory=EndpointConfig)
    frontier: EndpointConfig = field(default_factory=EndpointConfig)
    attempts: AttemptsConfig = field(default_factory=AttemptsConfig)
    backtest_pulls: int = 120
    """Newest merged PRs held out of training for the first verdict."""
    limit_usd: float | None = 60.0
    limit_usd_per_month: float | None = None
    """Spend of a calendar month (UTC): of the folder, and of what the database took in. None: no limit."""
    memory_probe: bool = False
    """Ask each model for the patch without showing it the repository, and mark tasks that it knows by heart."""
    memorised_from: float = 0.5
    """Share of the human patch's added lines, 0..1, from which a task counts as known by heart."""
    judge: EndpointConfig = field(default_factory=EndpointConfig)
    """A model that compares own's patch with frontier's, blind; without a URL nobody is asked."""
    agents: Mapping[str, AgentConfig] = field(default_factory=dict)
    """Agents of others by name, for ``ROLE=command:NAME``."""
    measure: Literal["auto", "tests", "recall"] = "auto"
    """What counts: auto: tests where at least 70% of the tasks can be run, else recall; tests and recall: that
    one whatever the share. With recall no test is run at all."""
    test_command: str | None = None
    """Runs changed test files, in the sandbox, in place of what Switchover finds out by itself: ``{files}`` stands
    for them, ``{report}`` for where a JUnit XML report goes; without a report its exit status is the one test."""
    setup_command: str | None = None
    """Makes what ``test_command`` needs, once per content of the dependency files, outside of the sandbox, in a
    checkout of the merge commit: ``{environment}`` stands for a folder that the tests then see, ``bin`` on PATH."""
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
    usd_per_million_cache_write: float | None = None
    """Of prompt tokens written into a cache that charges for it (Anthropic's); None: as much as others."""

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
    adapters: AdaptersConfig = field(default_factory=AdaptersConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    decide: DecideConfig = field(default_factory=DecideConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By model name, or by ``name@YYYY-MM-DD`` from that day on; see ``pipeline.cost.price_at``."""
