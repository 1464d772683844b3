from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline import demo


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> demo.Demo:
    """The demo, built once; tests only read it."""
    return demo.build(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def copy(built: demo.Demo, folder: Path) -> demo.Demo:
    """One that a test may harm."""
    shutil.copytree(built.repo.parent, folder)
    return demo.Demo(folder / built.repo.name, folder / built.payloads.name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"
