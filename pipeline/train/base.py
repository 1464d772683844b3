"""Loading the base model: a folder, a hub's name, or ``small``; with errors that say what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.config import cache_dir
from pipeline.errors import InputError
from pipeline.settings import SMALL
from pipeline.train.one_template import has_one_template
from pipeline.train.render import Template
from pipeline.train.small_model import small_model


def resolve(base: str) -> str:
    """``base`` as transformers takes it: ``small`` becomes the folder of the converted model.

    Raises InputError when it looks like a path and is none of a model.
    """
    if base == SMALL:
        return str(small_model(cache_dir()))
    path = Path(base)
    if path.is_dir() and not (path / "config.json").is_file():
        raise InputError(f"{base}: a folder without config.json; give a model's folder or a model hub's name")
    if not path.is_dir() and (path.exists() or base.startswith((".", "/", "~")) or base.count("/") != 1):
        raise InputError(f"{base}: no such model folder; give one, a model hub's OWNER/NAME, or {SMALL!r}")
    return base


def load_template(base: str) -> Template:
    """The tokenizer of the resolved ``base`` with its chat template. Raises InputError where it has none, or two."""
    from transformers import AutoTokenizer, GenerationConfig

    tokenizer = _load(AutoTokenizer, base)
    has_one_template(base)
    try:
        stops = GenerationConfig.from_pretrained(base).eos_token_id
    except OSError:  # an optional file
        stops = None
    return Template(tokenizer, [stops] if isinstance(stops, int) else stops or ())


def load_model(base: str, **options: Any) -> Any:
    """The resolved ``base`` as a causal language model (see ``precision``). Raises InputError when it is none.

    ``options`` are those of transformers' ``from_pretrained``, ``dtype`` among them.
    """
    from transformers import AutoModelForCausalLM

    from pipeline.train.precision import fastest

    return _load(AutoModelForCausalLM, base, **{"dtype": fastest(), **options})


def _load(kind: Any, base: str, **options: Any) -> Any:
    from transformers.utils import logging

    logging.disable_progress_bar()  # it draws on stderr even where that is no terminal
    try:
        return kind.from_pretrained(base, **options)
    except (OSError, ValueError, KeyError) as error:
        why = " ".join(str(error).split())[:200]
        raise InputError(
            f"{base}: cannot be loaded as a base model ({why}); give a model folder or a hub's name"
        ) from None
