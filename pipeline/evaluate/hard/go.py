"""Go: modules fetched by ``go mod download`` (no code runs), tests by ``go test -json`` in the sandbox."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from pipeline.evaluate.hard import reports
from pipeline.evaluate.hard.box import REPORT, ran_in, report_in
from pipeline.evaluate.hard.fetched import digests, fetch, made
from pipeline.evaluate.hard.kit import Environment, LeftOutTask, Source
from pipeline.evaluate.hard.nouns import TestLimits, TestRun
from pipeline.evaluate.hard.placing import Placer

_FILES = ("go.mod", "go.sum")


class GoKit:
    """The module cache is pinned by go.sum, so that no date is needed."""

    name = "go"

    def __init__(self, cache: Path) -> None:
        self._cache = cache.absolute()

    def suits(self, paths: Collection[str]) -> bool:
        return any(path.endswith("_test.go") for path in paths)

    def runnable(self, paths: Sequence[str], tree: Collection[str]) -> tuple[str, ...]:
        folders = (str(PurePosixPath(path).parent) for path in paths if path in tree and path.endswith("_test.go"))
        return tuple(dict.fromkeys("./" if folder == "." else f"./{folder}" for folder in folders))

    def environment(self, source: Source, placer: Placer) -> Environment:
        program = shutil.which("go")
        if program is None:
            raise LeftOutTask("no_toolchain", "go is not on PATH")
        files = {path: source.contents[path] for path in _FILES if path in source.paths}
        if "go.mod" not in files:
            raise LeftOutTask("environment_failed", "the repository has no go.mod at its top")
        key, place = made(self._cache, digests(files), lambda place: self._make(place, files, program))
        return Environment(key, (place / "modules", Path(program).resolve().parent.parent))

    def _make(self, place: Path, files: dict[str, bytes], program: str) -> None:
        (place / "modules").mkdir()
        for name, content in files.items():
            (place / name).write_bytes(content)
        places = {"GOMODCACHE": str(place / "modules"), "GOTOOLCHAIN": "local", "GOCACHE": str(place / "built")}
        fetch([program, "mod", "download"], place, {**places, "GOPATH": str(place)})

    def run(self, checkout: Path, tmp: Path, files: Sequence[str], where: Environment, limits: TestLimits) -> TestRun:
        modules, root = where.toolchains
        places = {"GOMODCACHE": str(modules), "GOCACHE": "/tmp/built", "GOPATH": "/tmp/go", "GOROOT": str(root)}  # noqa: S108
        offline = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOSUMDB": "off"}
        words = f"go test -json -count=1 -timeout {limits.seconds:g}s {shlex.join(files)} > {REPORT}"
        ran = ran_in(checkout, tmp, ["bash", "-c", words], where.toolchains, limits, {**places, **offline})
        return TestRun(
            outcomes=reports.go(report_in(tmp)),
            complete=ran.stopped_for is None and ran.exit_code in (0, 1),
            timed_out=ran.stopped_for == "time",
            seconds=ran.seconds,
            said=ran.output.decode("utf-8", "replace")[-2000:],
        )
