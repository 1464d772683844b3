"""What a language has to bring so that its tests can be run: one file each behind this interface."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.evaluate.hard.nouns import TestLimits, TestRun
from pipeline.evaluate.hard.placing import Placer

REPO = Path("/repo")
"""Where every build and every test sees the checkout, so that what a build writes down stays true."""


class LeftOutTask(Exception):
    """The task cannot be scored by tests: a reason code and one line for a person."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Source:
    """The commit that an environment is built for."""

    merge_sha: str
    tree: str
    """Sha of the merge's own tree."""
    paths: frozenset[str]
    contents: Mapping[str, bytes]
    """By path, read when asked."""
    as_of: str
    """ISO time in UTC: no package that is newer is used."""
    version: str
    """Of the newest tag before it, ``0`` without one; for builds that ask git for their version."""


@dataclass(frozen=True)
class Environment:
    """What tests run in: built once, kept, shown read-only."""

    key: str
    """Hash of all that it is a function of."""
    toolchains: tuple[Path, ...] = ()
    overlay: Path | None = None
    """Files that the build left in the source tree (a version file, a compiled module); None without any."""


class Kit(Protocol):
    """A language's way to test. Raises LeftOutTask wherever a method cannot do its part."""

    name: str

    def suits(self, paths: Collection[str]) -> bool:
        """Whether a tree with these files is tested this way."""
        ...

    def runnable(self, paths: Sequence[str], tree: Collection[str]) -> tuple[str, ...]:
        """Of changed test files, those that exist in ``tree`` and are run; may name packages instead of files."""
        ...

    def environment(self, source: Source, placer: Placer) -> Environment:
        """The environment as of ``source.as_of``, from the cache where it is there."""
        ...

    def run(self, checkout: Path, tmp: Path, files: Sequence[str], where: Environment, limits: TestLimits) -> TestRun:
        """Run the tests of ``files`` in the sandbox; the checkout is used up by it."""
        ...
