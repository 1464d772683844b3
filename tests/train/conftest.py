"""What the training tests share: the tiny model, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.tiny import make_model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny model."""
    return make_model(tmp_path_factory.mktemp("tiny"))
