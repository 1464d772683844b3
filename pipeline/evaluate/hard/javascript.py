"""JavaScript and TypeScript: packages by ``npm ci --ignore-scripts`` (no code runs), tests by the project's runner.

Known runners: vitest, jest, mocha, and Node's own. No package's install script runs, so packages
that build themselves on installing are not there in full.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pipeline.evaluate.hard import reports
from pipeline.evaluate.hard.box import REPORT, ran_in, report_in
from pipeline.evaluate.hard.fetched import digests, fetch, made
from pipeline.evaluate.hard.kit import Environment, LeftOutTask, Source
from pipeline.evaluate.hard.nouns import TestLimits, TestRun
from pipeline.evaluate.hard.placing import Placer
from pipeline.rollout import hostile

_FILES = ("package.json", "package-lock.json", "npm-shrinkwrap.json")
_SUFFIXES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")
_RUNNERS = {
    "vitest": f"node_modules/.bin/vitest run --reporter=junit --outputFile={REPORT}",
    "jest": f"node_modules/.bin/jest --ci --json --outputFile={REPORT} --runTestsByPath",
    "mocha": f"node_modules/.bin/mocha --reporter xunit --reporter-option output={REPORT}",
    "node": f"node --test --test-reporter=junit --test-reporter-destination={REPORT}",
}


class JavaScriptKit:
    """A lock file pins every package, so that no date is needed; without one only Node's own runner works."""

    name = "javascript"

    def __init__(self, cache: Path) -> None:
        self._cache = cache.absolute()

    def suits(self, paths: Collection[str]) -> bool:
        return any(path.endswith(_SUFFIXES) for path in paths)

    def runnable(self, paths: Sequence[str], tree: Collection[str]) -> tuple[str, ...]:
        return tuple(p for p in paths if p in tree and p.endswith(_SUFFIXES) and not p.endswith(".d.ts"))

    def environment(self, source: Source, placer: Placer) -> Environment:
        node = shutil.which("node")
        if node is None:
            raise LeftOutTask("no_toolchain", "node is not on PATH")
        files = {path: source.contents[path] for path in _FILES if path in source.paths}
        key, place = made(self._cache, digests(files), lambda place: self._make(place, files))
        return Environment(key, (place, Path(node).resolve().parent.parent))

    def _make(self, place: Path, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (place / name).write_bytes(content)
        package = _package(files.get("package.json", b"{}"))
        needs = any(package.get(key) for key in ("dependencies", "devDependencies"))
        if needs and len(files) < 2:
            raise LeftOutTask("environment_failed", "the repository has no npm lock file to fetch its packages by")
        if needs:
            npm = shutil.which("npm") or "npm"
            fetch([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", f"--cache={place / '.npm'}"], place, {})
            shutil.rmtree(place / ".npm", ignore_errors=True)
        (place / "runner").write_text(_runner(package))

    def run(self, checkout: Path, tmp: Path, files: Sequence[str], where: Environment, limits: TestLimits) -> TestRun:
        place = where.toolchains[0]
        runner = (place / "runner").read_text()
        if (place / "node_modules").is_dir():
            hostile.remove(checkout / "node_modules")  # the repository's own, or what a patch has put there
            (checkout / "node_modules").symlink_to(place / "node_modules")
        words = f"{_RUNNERS[runner]} {shlex.join(files)}"
        ran = ran_in(checkout, tmp, ["bash", "-c", words], where.toolchains, limits, {"CI": "true"})
        read = reports.jest if runner == "jest" else reports.junit
        return TestRun(
            outcomes=read(report_in(tmp)),
            complete=ran.stopped_for is None,
            timed_out=ran.stopped_for == "time",
            seconds=ran.seconds,
            said=ran.output.decode("utf-8", "replace")[-2000:],
        )


def _package(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise LeftOutTask("environment_failed", f"package.json: {error}") from None
    return value if isinstance(value, dict) else {}


def _runner(package: dict[str, Any]) -> str:
    needs = {**(package.get("dependencies") or {}), **(package.get("devDependencies") or {})}
    script = str((package.get("scripts") or {}).get("test", ""))
    named = [name for name in ("vitest", "jest", "mocha") if name in needs and name in script]
    return (named or [name for name in ("vitest", "jest", "mocha") if name in needs] or ["node"])[0]
