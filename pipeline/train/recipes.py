"""The settings of training that no key of the config changes."""

from __future__ import annotations

LORA_ALPHA_PER_RANK = 2
"""alpha = 2 * rank, so that a learning rate keeps its meaning when the rank changes."""

WARMUP_SHARE = 0.1
"""Part of the steps over which the learning rate rises; then it falls along a cosine."""

CHECKPOINT_STEPS = 10
"""Optimizer steps between checkpoints: what a killed run loses at most."""
