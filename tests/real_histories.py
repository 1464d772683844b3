"""Real public histories out of Debian's golang-github-go-git-go-git-fixtures-dev.

The package holds git packs as gzip, base64, in Go raw strings of one 65 MB source file. Only
the packs of these four repositories are taken out; no network is needed.
"""

from __future__ import annotations

import base64
import gzip
import mmap
import subprocess
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "golang-github-go-git-go-git-fixtures-dev"
DATA = Path("/usr/share/gocode/src/github.com/go-git/go-git-fixtures/data.go")


@dataclass(frozen=True)
class Real:
    """A repository in the package, and what is known of it."""

    name: str
    pack: str
    head: str
    commits: int
    pulls: int
    tasks: int
    unverified: int = 0


HISTORIES = (
    Real(
        "spinnaker/spinnaker",
        "f2e0a8889a746f7600e07d2246a2e29a72f696be",
        "06ce06d0fc49646c4de733c45b7788aabad98a6f",
        commits=906,
        pulls=406,
        tasks=248,
        unverified=8,
    ),
    Real(
        "src-d/go-git",
        "3559b3b47e695b33b0913237a4df3357e739831c",
        "e8788ad9165781196e917292d6055cba1d78664e",
        commits=247,
        pulls=43,
        tasks=30,
    ),
    Real(
        "tyba/storable",
        "0d3d824fb5c930e7e7e1f0f399f2976847d31fd3",
        "426503ae00f7d6ea45dd6b9d1a6a067767d3491d",
        commits=120,
        pulls=17,
        tasks=13,
    ),
    Real(
        "jamesob/desk",
        "4ec6344877f494690fc800aceaf2ca0e86786acb",
        "d2313db6e7ca7bac79b819d767b2a1449abb0a5d",
        commits=144,
        pulls=32,
        tasks=24,
    ),
)


def unpack(real: Real, path: Path) -> Path:
    """A clone of ``real`` at ``path``, with the remote that it had."""
    subprocess.run(["git", "init", "-q", "-b", "master", str(path)], check=True)
    packs = path / ".git" / "objects" / "pack"
    with DATA.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as source:
        for ending in ("pack", "idx"):
            name = f"pack-{real.pack}.{ending}"
            (packs / name).write_bytes(_file(source, f"/data/{name}"))
    (path / ".git" / "refs" / "heads" / "master").write_text(f"{real.head}\n")
    url = f"https://github.com/{real.name}.git"
    subprocess.run(["git", "-C", str(path), "remote", "add", "origin", url], check=True)
    return path


def _file(source: mmap.mmap, name: str) -> bytes:
    entry = source.find(f'"{name}": '.encode())
    assert entry >= 0, f"{name} is not in {DATA}"
    start = source.find(b"`", entry) + 1
    return gzip.decompress(base64.b64decode(source[start : source.find(b"`", start)]))
