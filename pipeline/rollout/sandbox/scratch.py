"""Folders of ours that live as long as one command."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.rollout import hostile
from pipeline.rollout.sandbox.identity import identity


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A new folder that nobody else can enter; deleted afterwards whatever a command made of it."""
    folder = Path(tempfile.mkdtemp(prefix="switchover-")).resolve()
    try:
        yield folder
    finally:
        hostile.remove(folder)


def owned(folder: Path) -> Path:
    """``folder``, made, and given to the sandbox's user."""
    folder.mkdir()
    who = identity()
    if who.changes:
        os.chown(folder, who.uid, who.gid)
    return folder
