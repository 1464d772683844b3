"""How much memory a training takes on each GPU, and how long it lasts: arithmetic, before anything is loaded (pure).

What a layer keeps for its backward pass was counted on real layers (docs/gpu-plans.md, tests/train/test_plan.py);
nothing else here was measured on a GPU. All sizes are bytes, GB are 10^9 bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.settings import TrainConfig
from pipeline.train.shape import Shape

HEAD_CHUNK = 256
"""Labelled positions whose logits are in memory at once (``pipeline.train.head``)."""

LONG = 8192
"""``checkpointing: auto`` makes activations again above this context."""

LABELLED = 0.25
"""Share of tokens that reach the head; 15 to 25% in agents' trajectories."""

_NF4 = 4.127 / 8
"""Bytes per weight in nf4 with double quantization."""

_TRAINED = 16
"""Bytes per trained parameter: float32 weight and gradient, and Adam's two moments."""

_CUDA = 800e6
"""What CUDA, its libraries and NCCL hold before anything is loaded."""

_FRAGMENTS = 0.1
"""Share of all but the weights that is lost between allocations."""

_SLACK = 0.9
"""A plan that is this much too high still refuses what is plainly too small, and nothing else."""


@dataclass(frozen=True)
class Memory:
    """Bytes on each GPU at the highest point; ``host`` is the machine's own memory."""

    weights: int
    """Of the base, its shard alone where several GPUs share it; with full training without them."""
    trained: int
    """Trained parameters, gradients and optimizer: a shard of all weights, or the adapter, which is never split."""
    gathered: int
    """Whole layers that are gathered from the shards to be computed with; 0 on one GPU."""
    checkpoints: int
    """Inputs of all layers, for making the rest again."""
    layer: int
    """One layer made again and taken back; without checkpointing, all layers."""
    head: int
    """Logits of a chunk of labelled positions. It and ``layer`` are never there at once: the larger counts."""
    overhead: int
    host: int
    """Inputs of all layers where they are held there, for all GPUs together."""

    @property
    def total(self) -> int:
        peak = max(self.layer, self.head)
        return self.weights + self.trained + self.gathered + self.checkpoints + peak + self.overhead


@dataclass(frozen=True)
class Device:
    """What is trained on."""

    name: str
    bytes: int
    """Memory of one."""
    tflops: float
    """Dense bfloat16, in 10^12 operations a second, of one."""
    count: int
    """How many are at hand."""
    utilization: float = 0.4
    """Share of ``tflops`` that training reaches."""


@dataclass(frozen=True)
class Work:
    """What is read in one epoch."""

    samples: int
    tokens: int
    longest: int
    """Tokens of the longest sample that is read."""
    squares: int
    """Sum of the squared lengths, which attention goes with."""


@dataclass(frozen=True)
class Duration:
    steps: int
    tokens: int
    """In all steps."""
    flop: float
    seconds: float


def memory(shape: Shape, config: TrainConfig, longest: int | None = None) -> Memory:
    """What ``config`` takes for sequences of up to ``longest`` tokens (None: the whole context)."""
    tokens = min(config.context_tokens, longest or config.context_tokens)
    way = checkpointing(config)
    inputs = shape.layers * tokens * shape.hidden * 2
    kept = 2 * tokens * shape.hidden * 2 if way == "offload" else inputs
    saved, passing = _layer(shape, config, tokens)
    layer = passing + (shape.layers if way == "none" else 1) * saved
    head = HEAD_CHUNK * shape.vocab * 16 + tokens * shape.hidden * 6
    weights, trained = _weights(shape, config), trained_parameters(shape, config) * _TRAINED
    shards = config.gpus if is_sharded(config) else 1
    own = trained // shards if config.method == "full" else trained
    gathered = _gathered(shape, config) if shards > 1 else 0
    checkpoints = 0 if way == "none" else min(kept, inputs)
    overhead = _CUDA + _FRAGMENTS * (own + gathered + checkpoints + max(layer, head))
    host = inputs * config.gpus if way == "offload" else 0
    return Memory(weights // shards, own, gathered, checkpoints, layer, head, math.ceil(overhead), host)


def checkpointing(config: TrainConfig) -> str:
    """none, recompute or offload."""
    if config.checkpointing != "auto":
        return config.checkpointing
    return "recompute" if config.context_tokens > LONG else "none"


def is_sharded(config: TrainConfig) -> bool:
    """Whether several GPUs share one model; weights of 4 bits cannot be split."""
    return config.gpus > 1 and (config.sharding == "all" or (config.sharding == "auto" and config.method != "qlora"))


def trained_parameters(shape: Shape, config: TrainConfig) -> int:
    """Of the adapter, or all."""
    return shape.parameters if config.method == "full" else shape.adapter_parameters(config.rank)


def duration(shape: Shape, config: TrainConfig, work: Work, device: Device) -> Duration:
    """How long ``config`` takes for ``work`` on ``config.gpus`` of ``device``."""
    steps = math.ceil(config.epochs * math.ceil(work.samples / (config.accumulate * config.gpus)))
    share = 1.0 if config.max_steps is None else config.max_steps / max(1, steps)
    again = 0 if checkpointing(config) == "none" else 1
    weighed = shape.layers * shape.layer_parameters + LABELLED * shape.vocab * shape.hidden
    # Forward 2 per weight, and 2 more where it is made again; backward 2 for the inputs, and 2 for weights that train.
    dense = weighed * (2 + 2 + 2 * again + (2 if config.method == "full" else 0)) * work.tokens
    # Causal: half of 4 per pair and query; the backward pass of a fused kernel costs 2.5 times the forward one.
    attention = shape.layers * 2 * shape.query * work.squares * (1 + 2.5 + again)
    flop = (dense + attention) * config.epochs * share
    slower = 1.25 if config.method == "qlora" else 1.0  # weights are unpacked at every use
    seconds = flop * slower / (device.tflops * 1e12 * device.utilization * config.gpus)
    return Duration(
        steps if config.max_steps is None else config.max_steps,
        round(work.tokens * config.epochs * share),
        flop,
        seconds,
    )


def work_of(lengths: Sequence[int], config: TrainConfig) -> Work:
    """One epoch over samples of these many tokens; longer ones than the context are dropped, or cut to it."""
    limit = config.context_tokens
    read = [min(n, limit) for n in lengths if n <= limit or config.too_long == "cut"]
    return Work(len(read), sum(read), max(read, default=0), sum(n * n for n in read))


def is_plainly_too_small(needed: Memory, device: Device) -> bool:
    """Whether ``device`` cannot hold it even if the plan is a tenth too high."""
    return needed.total * _SLACK > device.bytes


def _weights(shape: Shape, config: TrainConfig) -> int:
    if config.method == "full":
        return 0  # counted with what is trained
    per_weight = _NF4 if config.method == "qlora" else 2
    return math.ceil(shape.layers * shape.layer_parameters * per_weight + shape.vocab_parameters * 2)


def _gathered(shape: Shape, config: TrainConfig) -> int:
    """The layer at work and the next one, embedding and head; their gradients where all weights train."""
    gradients = shape.layer_parameters * 4 if config.method == "full" else 0
    return 2 * shape.layer_parameters * 2 + shape.vocab_parameters * 2 + gradients


def _layer(shape: Shape, config: TrainConfig, tokens: int) -> tuple[int, int]:
    """(bytes that one layer keeps for its backward pass, bytes that pass through beside them).

    Kept per token, counted on Qwen3's layer under autocast to bfloat16: gate, up, their activation and
    product; both norms' inputs in float32 and what the linear parts read; queries and keys in float32
    (their norms) and bfloat16, values, the attention's output. An adapter keeps its own copy of what
    each linear part reads, and what its first matrix makes of it.
    """
    h, f, q, kv = shape.hidden, shape.ffn, shape.query, shape.key_value
    if config.method == "full":
        kept = 8 * f + 22 * h + 10 * q + 8 * kv
    else:
        kept = 8 * f + 18 * h + 10 * q + 8 * kv + 14 * config.rank
    return tokens * kept, tokens * 6 * f  # passing: gradients of product, gate and up
