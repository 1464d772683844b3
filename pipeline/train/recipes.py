"""What training takes from a recipe: ``TrainConfig`` holds its values; no key of the config changes these."""

from __future__ import annotations

from pipeline.recipes import NAMES, Recipe, recipe

__all__ = ["CHECKPOINT_STEPS", "NAMES", "Recipe", "recipe"]

CHECKPOINT_STEPS = 10
"""Optimizer steps between checkpoints: what a killed run loses at most."""
