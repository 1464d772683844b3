"""A registry in a folder, and one at a URL."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from pipeline.adapters import Registry, open_registry


@pytest.fixture(params=["folder", "memory"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    """Empty; the same behaviour is expected of both."""
    return open_registry(tmp_path / "registry" if request.param == "folder" else f"memory://{uuid.uuid4().hex}/deep")


@pytest.fixture
def folder_registry(tmp_path: Path) -> Registry:
    """Empty, in a folder."""
    return open_registry(tmp_path / "registry")
