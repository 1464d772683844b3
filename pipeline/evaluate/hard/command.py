"""``evaluate.test_command`` and ``evaluate.setup_command``: any language, as its people run it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluate.hard import overlay, reports
from pipeline.evaluate.hard.box import REPORT, ran_in, report_in
from pipeline.evaluate.hard.fetched import digests, fetch, made
from pipeline.evaluate.hard.guarded import is_guarded
from pipeline.evaluate.hard.kit import Environment, Source
from pipeline.evaluate.hard.nouns import Outcome, TestLimits, TestRun
from pipeline.evaluate.hard.placing import Placer
from pipeline.evaluate.hard.recipe import is_dependency_file
from pipeline.patch.classes import kind_of

WHOLE = "test_command"
"""Name of the one test that a command without a report is."""


class CommandKit:
    """See ``settings.EvaluateConfig``. The set-up command runs as the caller, outside of the sandbox."""

    name = "command"

    def __init__(self, cache: Path, test: str, setup: str | None) -> None:
        self.settings = (test, setup)
        self._cache, self._test, self._setup = cache.absolute(), test, setup
        for text, known in ((test, ("files", "report", "environment")), (setup or "", ("environment",))):
            _filled(text, dict.fromkeys(known, ""))

    def suits(self, paths: Collection[str]) -> bool:
        return True

    def runnable(self, paths: Sequence[str], tree: Collection[str]) -> tuple[str, ...]:
        return tuple(path for path in paths if path in tree and kind_of(path) == "test")

    def environment(self, source: Source, placer: Placer) -> Environment:
        if self._setup is None:
            return Environment("")
        names = (path for path in source.paths if is_dependency_file(path) or _is_settings(path))
        files = digests({path: source.contents[path] for path in names})
        key, place = made(self._cache, (self._setup, files), lambda place: self._make(place, source, placer))
        kept = place / "overlay"
        return Environment(key, (place / "environment",), kept if kept.is_dir() else None)

    def _make(self, place: Path, source: Source, placer: Placer) -> None:
        (place / "environment").mkdir()
        words = _filled(self._setup or "", {"environment": shlex.quote(str(place / "environment"))})
        with placer.checkout(source.tree) as (checkout, _):
            fetch(["bash", "-c", words], checkout, {"HOME": str(place)})
            overlay.keep(checkout, source.paths, place / "overlay")

    def run(self, checkout: Path, tmp: Path, files: Sequence[str], where: Environment, limits: TestLimits) -> TestRun:
        if where.overlay:
            overlay.lay(where.overlay, checkout)
        values = {"files": shlex.join(files), "report": REPORT}
        values |= {"environment": shlex.quote(str(where.toolchains[0]))} if where.toolchains else {}
        words = _filled(self._test, values)
        ran = ran_in(checkout, tmp, ["bash", "-c", words], where.toolchains, limits, {})
        whole: dict[str, Outcome] = {WHOLE: "passed" if ran.exit_code == 0 else "failed"}
        return TestRun(
            outcomes=reports.junit(report_in(tmp)) if "{report}" in self._test else whole,
            complete=ran.stopped_for is None,
            timed_out=ran.stopped_for == "time",
            seconds=ran.seconds,
            said=ran.output.decode("utf-8", "replace")[-2000:],
        )


def _is_settings(path: str) -> bool:
    return is_guarded(path) and kind_of(path) != "test"


def _filled(text: str, values: dict[str, str]) -> str:
    """``text`` with its placeholders filled. Other braces are the shell's own."""
    for name in ("files", "report", "environment"):
        if f"{{{name}}}" in text and name not in values:
            raise InputError(
                f"evaluate: {{{name}}} has no meaning here; test_command takes {{files}}, {{report}} and, with a "
                "setup_command, {environment}; setup_command takes {environment} alone"
            )
        text = text.replace(f"{{{name}}}", values.get(name, ""))
    return text
