"""The grader as the config asks for it."""

from __future__ import annotations

from pathlib import Path

from pipeline import config as configuration
from pipeline.evaluate.hard.command import CommandKit
from pipeline.evaluate.hard.go import GoKit
from pipeline.evaluate.hard.grader import Grader
from pipeline.evaluate.hard.javascript import JavaScriptKit
from pipeline.evaluate.hard.kit import Kit
from pipeline.evaluate.hard.python import PythonKit
from pipeline.evaluate.hard.rust import RustKit
from pipeline.evaluate.hard.uv import Uv
from pipeline.settings import EvaluateConfig


def grader(clone: Path, settings: EvaluateConfig, *, scratch: Path, cache: Path | None = None) -> Grader:
    """A grader over ``clone``; ``cache``: environments and proofs (None: the user's cache folder).

    Raises InputError for a command in ``settings`` with a placeholder that has no meaning.
    """
    kept = (cache or configuration.cache_dir() / "hard").absolute()
    return Grader(clone, kept, _kits(kept, settings), scratch=scratch)


def _kits(cache: Path, settings: EvaluateConfig) -> list[Kit]:
    if settings.test_command:
        return [CommandKit(cache / "command", settings.test_command, settings.setup_command)]
    return [
        PythonKit(cache / "python", Uv(cache)),
        GoKit(cache / "go"),
        RustKit(cache / "rust"),
        JavaScriptKit(cache / "javascript"),
    ]
