"""A throw-away git directory in which a patch is made: trusted objects in, nothing of the checkout executed.

git never looks at the checkout. It gets blobs that we wrote and names that we checked; so no
config, attribute, hook, filter or ignore file of the agent's can say anything to it.
Covered: environment from scratch, own config, own index, attributes switched off, no fetching.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, RunError
from pipeline.rollout.claim import temporary

PLAIN, EXECUTABLE, LINK, GITLINK = "100644", "100755", "120000", "160000"
"""The modes that git knows: file, program, symbolic link, submodule."""

_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "none",
}

_CONFIG = """[core]
	repositoryformatversion = {version}
	bare = true
	fsmonitor = false
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	autocrlf = false
	fileMode = true
	symlinks = true
	quotePath = true
	protectNTFS = true
	protectHFS = true
[submodule]
	recurse = false
[diff]
	ignoreSubmodules = all
[protocol]
	allow = never
"""

_ATTRIBUTES = "* !filter !diff !merge !ident !text !eol !working-tree-encoding !whitespace !conflict-marker-size\n"
"""In info/attributes this outranks every .gitattributes."""

_DIFF = (
    *("diff", "--cached", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames"),
    *("--diff-algorithm=myers", "--unified=3", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/"),
)


@dataclass(frozen=True)
class Entry:
    """A file as a git tree holds it."""

    mode: str
    oid: str
    size: int
    """Bytes; 0 for a submodule."""


class Bench:
    """git over a throw-away directory; made by ``bench``."""

    def __init__(self, program: str, folder: Path, algorithm: str) -> None:
        self._program = program
        self._folder = folder
        self._algorithm = algorithm
        self.base = ""
        """Full sha of the base commit."""

    def git(self, *words: str, input: bytes = b"", index: str = "index", work_tree: Path | None = None) -> bytes:
        """stdout of git. Raises RunError with its last line when it fails."""
        environment = {**_ENVIRONMENT, "GIT_DIR": str(self._folder), "GIT_INDEX_FILE": str(self._folder / index)}
        if work_tree:
            environment["GIT_WORK_TREE"] = str(work_tree)
        place = work_tree or self._folder
        ran = subprocess.run(
            [self._program, *words], input=input, env=environment, cwd=place, capture_output=True, check=False
        )
        if ran.returncode not in ((0, 1) if words[0] == "check-ignore" else (0,)):
            said = ran.stderr.decode("utf-8", "replace").strip().splitlines() or [f"status {ran.returncode}"]
            raise RunError(f"patch: git {words[0]} failed: {said[-1]}; check the git directory with 'git fsck'")
        return ran.stdout

    def tree(self) -> dict[bytes, Entry]:
        """The files of the base commit by path."""
        listing = self.git("ls-tree", "-r", "-z", "-l", "--full-tree", self.base)
        return dict(_entry(line) for line in listing.split(b"\0") if line)

    def oid(self, content: bytes) -> str:
        """Name of ``content`` as a blob."""
        return hashlib.new(self._algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()

    def write(self, content: bytes) -> str:
        """Store ``content`` as a blob and give its name."""
        oid = self.oid(content)
        place = self._folder / "objects" / oid[:2] / oid[2:]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(zlib.compress(b"blob %d\0" % len(content) + content, 1))
        return oid

    def contents(self, oids: Iterable[str]) -> list[bytes]:
        """The blobs of these names, in order."""
        wanted = list(oids)
        if not wanted:
            return []
        answer = self.git("cat-file", "--batch", "--buffer", input="".join(f"{oid}\n" for oid in wanted).encode())
        found, at = [], 0
        for _ in wanted:
            end = answer.index(b"\n", at)
            length = int(answer[at:end].split()[2])
            found.append(answer[end + 1 : end + 1 + length])
            at = end + length + 2
        return found

    def patch(self, changed: Mapping[bytes, Entry], deleted: Iterable[bytes]) -> bytes:
        """The patch from the base to the base with these changes, tried out before it is given.

        Raises RunError when it would not lead from one to the other.
        """
        deleted = list(deleted)
        if not changed and not deleted:
            return b""
        absent = "0" * len(self.base)
        # Deletions first: a file may have become a folder.
        lines = [b"0 %s\t%s" % (absent.encode(), path) for path in deleted]
        lines += [f"{entry.mode} {entry.oid}\t".encode() + path for path, entry in changed.items()]
        self.git("read-tree", self.base)
        self.git("update-index", "-z", "--index-info", input=b"".join(line + b"\0" for line in lines))
        patch = self.git(*_DIFF, self.base, "--")
        self._try_out(patch)
        return patch

    def _try_out(self, patch: bytes) -> None:
        self.git("read-tree", self.base, index="trial")
        self.git("apply", "--cached", "--binary", "--whitespace=nowarn", "-", input=patch, index="trial")
        if self.git("write-tree", "--missing-ok", index="trial") != self.git("write-tree", "--missing-ok"):
            raise RunError("patch: applied to the base it does not give the checkout's files; please report this")

    def ignored(self, paths: Iterable[bytes], rules: Mapping[bytes, bytes]) -> set[bytes]:
        """Those of ``paths`` that ignore files hide; ``rules``: contents of the ignore files by path."""
        # "./": a name that starts with a colon would be read as an instruction.
        listed = b"".join(b"./" + path + b"\0" for path in paths)
        if not listed or not rules:
            return set()
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            top = Path(folder)
            for path, content in rules.items():
                place = top / path.decode("utf-8", "surrogateescape")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            found = self.git("check-ignore", "--no-index", "-z", "--stdin", input=listed, work_tree=top)
        return {path.removeprefix(b"./") for path in found.split(b"\0")} - {b""}


def _entry(line: bytes) -> tuple[bytes, Entry]:
    about, path = line.split(b"\t", 1)
    mode, kind, oid, size = about.decode().split()
    if kind == "blob" and mode != LINK:  # trees made long ago hold 100664 and the like
        mode = EXECUTABLE if int(mode, 8) & 0o100 else PLAIN
    return path, Entry(mode, oid, 0 if size == "-" else int(size))


@contextlib.contextmanager
def bench(git_dir: Path, base: str) -> Iterator[Bench]:
    """A bench over the objects of ``git_dir``, on which ``base`` stands; deleted at the end.

    Raises InputError when ``git_dir`` is no git directory or holds no commit ``base``.
    """
    objects = _objects(git_dir)
    algorithm = _algorithm(git_dir)
    program = shutil.which("git")
    if not program:
        raise RunError("git: no such program on PATH; install git 2.39 or newer")
    with temporary() as folder:
        _furnish(folder, objects, algorithm)
        made = Bench(program, folder, algorithm)
        try:
            made.base = made.git("rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}").decode().strip()
        except RunError:
            raise InputError(f"{git_dir}: holds no commit {base}; give the full sha of one that it holds") from None
        yield made


def _furnish(folder: Path, objects: Path, algorithm: str) -> None:
    for part in ("objects/info", "objects/pack", "refs/heads", "info"):
        (folder / part).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    config = _CONFIG.format(version=0 if algorithm == "sha1" else 1)
    (folder / "config").write_text(
        config if algorithm == "sha1" else f"{config}[extensions]\n\tobjectFormat = sha256\n"
    )
    (folder / "objects" / "info" / "alternates").write_bytes(bytes(objects) + b"\n")
    (folder / "info" / "attributes").write_text(_ATTRIBUTES)


def _common(git_dir: Path) -> Path:
    """``git_dir`` itself; for that of a linked worktree the one that holds the objects."""
    with contextlib.suppress(OSError):
        return (git_dir / (git_dir / "commondir").read_text().strip()).resolve()
    return git_dir


def _objects(git_dir: Path) -> Path:
    objects = _common(git_dir).absolute() / "objects"
    if not objects.is_dir():
        raise InputError(f"{git_dir}: is no git directory; give a bare repository or the .git of a trusted clone")
    if "\n" in str(objects) or str(objects).startswith('"'):
        raise InputError(f"{git_dir}: git cannot refer to a path with this name; rename it")
    return objects


def _algorithm(git_dir: Path) -> str:
    config = _common(git_dir) / "config"
    text = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
    return "sha256" if re.search(r"^\s*objectformat\s*=\s*sha256", text, re.IGNORECASE | re.MULTILINE) else "sha1"
