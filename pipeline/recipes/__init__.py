"""Named recipes of training, a file each: settings that belong together for one base and one kind of machine.

A file holds ``about`` and keys of the config's ``train`` section. Order of precedence: flags of the
command, keys of the config, the recipe, the defaults of ``TrainConfig``.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from pipeline.errors import InputError
from pipeline.settings import TrainConfig

__all__ = ["NAMES", "Recipe", "recipe", "with_recipe"]

NAMES = ("lora-8b-24gb", "qlora-32b-80gb", "lora-32b-2x80gb", "sera-32b-full", "trial")
"""From the smallest machine to the largest, and the one that needs no GPU."""


@dataclass(frozen=True)
class Recipe:
    """One file of this folder."""

    name: str
    about: str
    """What it is for, in one line."""
    settings: Mapping[str, Any]
    """Keys of ``TrainConfig`` to values, as the file has them."""

    def apply(self, config: TrainConfig) -> TrainConfig:
        """``config`` with the recipe's values in place of its own."""
        return dataclasses.replace(config, recipe=self.name, **self.settings)


def recipe(name: str) -> Recipe:
    """The recipe called ``name``. Raises InputError naming the known ones."""
    import yaml  # costs 15 ms that --help need not pay

    if name not in NAMES:
        near = difflib.get_close_matches(str(name), NAMES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(NAMES)}"
        raise InputError(f"no recipe is called {name!r}; {hint}")
    values = yaml.safe_load(resources.files(__name__).joinpath(f"{name}.yml").read_text(encoding="utf-8"))
    return Recipe(name, values.pop("about"), values)


def with_recipe(section: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a ``train`` section, with those of its recipe where it says nothing. Raises InputError."""
    name = section.get("recipe")
    return dict(section) if name is None else {**recipe(name).settings, **section}
