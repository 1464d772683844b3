"""A real sandbox for all tests here. Where it cannot run these tests fail: that is a finding."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.rollout.sandbox import Limits, Ran, Sandbox

PYTHON = os.path.realpath(sys.executable)

Run = Callable[..., Ran]


def made_by_pytest(tmp_path: Path) -> list[Path]:
    """The folders above ``tmp_path`` that another user must be let through to reach it."""
    return [folder for folder in tmp_path.parents if folder.is_relative_to(tempfile.gettempdir())][:-1]


@pytest.fixture(scope="session")
def box() -> Sandbox:
    return Sandbox(Limits(seconds=30), toolchains=[Path(sys.base_prefix)])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(box: Sandbox, checkout: Path) -> Run:
    """Runs a bash script in the sandbox; keyword arguments are limits."""

    def run(script: str, **limits: float) -> Ran:
        return box.run(["bash", "-c", script], checkout, limits=Limits(**{"seconds": 30, **limits}))  # type: ignore[arg-type]

    return run


@pytest.fixture
def python(box: Sandbox, checkout: Path) -> Run:
    """Runs a Python program in the sandbox; keyword arguments are limits."""

    def run(program: str, **limits: float) -> Ran:
        words = [PYTHON, "-I", "-S", "-c", program]
        return box.run(words, checkout, limits=Limits(**{"seconds": 30, **limits}))  # type: ignore[arg-type]

    return run
