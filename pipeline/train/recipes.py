"""Named settings for training, and the ones that no key of the config changes."""

from __future__ import annotations

from pipeline.settings import TrainConfig

LORA_ALPHA_PER_RANK = 2
"""alpha = 2 * rank, so that a learning rate keeps its meaning when the rank changes."""

WARMUP_SHARE = 0.1
"""Part of the steps over which the learning rate rises; then it falls along a cosine."""

CHECKPOINT_STEPS = 10
"""Optimizer steps between checkpoints: what a killed run loses at most."""

RECIPES: dict[str, TrainConfig] = {
    "default": TrainConfig(),
    "demo-cpu": TrainConfig(
        base="small", rank=16, context_tokens=1536, learning_rate=3e-3, epochs=1.0, accumulate=1, max_steps=9
    ),
}
"""By name; measured ones carry their numbers in docs/training.md."""
