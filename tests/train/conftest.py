"""What the training tests share: the tiny model, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.tiny import make_model, row, samples_file


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny model."""
    return make_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 24 samples; tests only read it."""
    return samples_file(tmp_path_factory.mktemp("samples") / "samples.jsonl", *(row(f"s{i}") for i in range(24)))
