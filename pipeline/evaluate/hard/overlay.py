"""Files that a build leaves in the source tree and its tests need: version files, compiled modules."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection
from pathlib import Path

from pipeline.evaluate.hard.placing import put

_NOT_NEEDED = (".egg-info", "__pycache__", ".dist-info")
_MOST_FILES, _LARGEST = 2000, 64 * 2**20


def keep(checkout: Path, paths: Collection[str], into: Path) -> None:
    """Copy the regular files of ``checkout`` that are not in ``paths`` to ``into``; nothing when there are none.

    Nothing may run in the checkout any more. Folders named ``build`` at the top are left out.
    """
    left = _MOST_FILES
    for folder, folders, files in os.walk(checkout):
        here = Path(folder).relative_to(checkout)
        folders[:] = [name for name in folders if _is_needed(here / name)]
        for name in files:
            path = here / name
            status = (checkout / path).lstat()
            if path.as_posix() in paths or not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST or left == 0:
                continue
            left -= 1
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(checkout / path, into / path, follow_symlinks=False)


def _is_needed(folder: Path) -> bool:
    return not folder.name.endswith(_NOT_NEEDED) and folder.as_posix() not in ("build", ".git")


def lay(overlay: Path, checkout: Path) -> None:
    """Copy what is kept into a fresh ``checkout``, where it holds no such file and nothing stands in the way of it."""
    found = [path.relative_to(overlay) for path in sorted(overlay.rglob("*")) if path.is_file()]
    missing = [path for path in found if _is_free(checkout, path)]
    put(checkout, ((path.as_posix(), (overlay / path).read_bytes()) for path in missing))


def _is_free(checkout: Path, path: Path) -> bool:
    """Whether ``path`` may be put there: a patch can have made a link or a file of a folder on the way."""
    folders = [checkout / folder for folder in path.parents if folder.parts]
    ways = all(not folder.is_symlink() and (folder.is_dir() or not folder.exists()) for folder in folders)
    return ways and not os.path.lexists(checkout / path)
