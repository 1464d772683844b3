"""Folders of ours that live as long as one command."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.rollout.claim import temporary as scratch
from pipeline.rollout.sandbox.identity import identity

__all__ = ["owned", "scratch"]


def owned(folder: Path) -> Path:
    """``folder``, made, and given to the sandbox's user."""
    folder.mkdir()
    who = identity()
    if who.changes:
        os.chown(folder, who.uid, who.gid)
    return folder
