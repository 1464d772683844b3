"""A private ``.git`` for a folder of the user's own: the real one never enters the sandbox writable.

What a command writes into ``.git`` would be executed by the user's next ``git status`` (hooks,
fsmonitor, filters); what stands in ``.git/config`` is often a token. So commands get a copy of
branches and index with an empty config, the real objects read-only beside it, and what they do
to the copy ends with them. A ``.git`` file (worktree, submodule) is shown read-only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from pipeline import git
from pipeline.rollout.sandbox.identity import Identity
from pipeline.rollout.sandbox.staging import Bind

_OBJECTS = Path("/run/objects")
_COPIED = ("HEAD", "index", "packed-refs", "shallow", "refs", "reftable")


def private(checkout: Path, seen: Path, scratch: Path, who: Identity) -> list[Bind]:
    """What to mount over ``.git`` of the checkout that the command sees at ``seen``; nothing where there is none.

    ``scratch``: a folder to make.
    """
    real, place = checkout / ".git", seen / ".git"
    if real.is_symlink() or not real.exists():
        return []
    if real.is_file():
        return [Bind(real, place)]
    scratch.mkdir()
    for name in _COPIED:
        with contextlib.suppress(FileNotFoundError):
            _copy(real / name, scratch / name)
    (scratch / "config").write_text(_config(real))
    (scratch / "objects" / "info").mkdir(parents=True)
    (scratch / "objects" / "pack").mkdir()
    (scratch / "objects" / "info" / "alternates").write_text(f"{_OBJECTS}\n")
    if who.changes:
        _give(scratch, who)
    return [Bind(scratch, place, writable=True), Bind(real / "objects", _OBJECTS, lend=True)]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target, follow_symlinks=False)


def _config(real: Path) -> str:
    """Only what git needs to understand the rest; no remote, no credential, no program."""
    lines = ["[core]", "\tcheckStat = minimal", "\ttrustctime = false"]
    with contextlib.suppress(git.GitError):
        keys = "^(core.repositoryformatversion|extensions.(objectformat|refstorage))$"
        found = git.git(real, "config", "--file", str(real / "config"), "--no-includes", "--get-regexp", keys)
        for line in found.decode().splitlines():
            key, _, value = line.partition(" ")
            section, name = key.split(".", 1)
            lines += [f"[{section}]", f"\t{name} = {value}"]
    return "\n".join(lines) + "\n"


def _give(top: Path, who: Identity) -> None:
    for folder, _, files in os.walk(top):
        for name in (".", *files):
            os.chown(Path(folder, name), who.uid, who.gid, follow_symlinks=False)
