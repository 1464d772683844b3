"""Recipes: a file each, every value a setting of training; flags over config over recipe over defaults."""

from __future__ import annotations

import dataclasses
from importlib import resources
from pathlib import Path

import pytest

from pipeline.config import parse
from pipeline.errors import InputError
from pipeline.recipes import NAMES, recipe, with_recipe
from pipeline.settings import TrainConfig
from pipeline.trial import trial_config

every = pytest.mark.parametrize("name", NAMES)


@every
def test_each_file_is_a_train_section_and_says_what_it_is_for(name: str) -> None:
    found = recipe(name)
    assert found.about and "\n" not in found.about
    assert {"base", "method", "context_tokens", "accumulate"} <= found.settings.keys()
    applied = found.apply(TrainConfig())
    assert parse(f"train: {{recipe: {name}}}").train == applied, "what it says passes the config's own checks"
    assert applied.recipe == name


def test_the_names_are_the_files() -> None:
    files = {Path(file.name).stem for file in resources.files("pipeline.recipes").iterdir() if ".yml" in file.name}
    assert files == set(NAMES)


def test_the_references_hyper_parameters() -> None:
    """method.md section 3: allenai/SERA's axolotl configs, and its Unsloth script for one GPU."""
    full = recipe("sera-32b-full").apply(TrainConfig())
    assert (full.base, full.method, full.learning_rate, full.epochs) == ("Qwen/Qwen3-32B", "full", 1e-5, 3)
    assert (full.warmup, full.weight_decay, full.beta2) == (48, 0.01, 0.95)
    assert full.accumulate * full.gpus == 32 and full.context_tokens == 32768 and full.too_long == "drop"
    qlora = recipe("qlora-32b-80gb").apply(TrainConfig())
    assert (qlora.rank, qlora.lora_alpha, qlora.learning_rate) == (32, 128, 5e-5)
    assert all(recipe(name).apply(TrainConfig()).checkpointing == "offload" for name in NAMES if name != "trial")


@every
def test_one_step_sees_32_samples_as_the_references_does(name: str) -> None:
    config = recipe(name).apply(TrainConfig())
    assert config.accumulate * config.gpus == (1 if name == "trial" else 32)


def test_what_the_config_says_stands_over_its_recipe() -> None:
    config = parse("train: {recipe: qlora-32b-80gb, rank: 8, base: ./mine}").train
    assert (config.rank, config.base, config.learning_rate) == (8, "./mine", 5e-5)
    assert config.lora_alpha == 32, "alpha follows the rank, so that the learning rate keeps its meaning"
    assert with_recipe({"rank": 8}) == {"rank": 8}


def test_a_recipe_in_place_of_all_that_a_config_says() -> None:
    config = recipe("trial").apply(TrainConfig(rank=99, retrain_after_pulls=7))
    assert (config.rank, config.retrain_after_pulls) == (16, 7)


@pytest.mark.parametrize(
    ("name", "says"),
    [("lora-8b", "did you mean 'lora-8b-24gb'"), ("x", "choose one of lora-8b-24gb"), ("", "choose one of")],
)
def test_an_unknown_name(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        recipe(name)
    with pytest.raises(InputError, match=f"mine.yml: train.recipe: .*{says}"):
        parse(f"train: {{recipe: '{name}'}}", "mine.yml")


def test_the_trial_cycle_trains_by_the_trial_recipe() -> None:
    assert trial_config().train == recipe("trial").apply(TrainConfig())


def test_alpha_is_a_whole_number() -> None:
    assert dataclasses.replace(TrainConfig(), rank=3, alpha_per_rank=0.1).lora_alpha == 1
