"""Python out of the box: an environment as of a date from the repository's own files, tests by pytest.

pytest runs unittest's tests too. The environment is made in three steps: wheels of the build backend
(uv, network, no code runs), the project's wheel by its own backend (sandbox, no network), wheels of
what it and its tests need (uv again). So no code of the repository ever runs outside of the sandbox.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile

from pipeline.evaluate.hard import overlay, wheel
from pipeline.evaluate.hard.fetched import digests, made
from pipeline.evaluate.hard.kit import Environment, LeftOutTask, Source
from pipeline.evaluate.hard.nouns import TestLimits, TestRun
from pipeline.evaluate.hard.placing import Placer
from pipeline.evaluate.hard.pytest_runs import run
from pipeline.evaluate.hard.recipe import Recipe, is_dependency_file, recipe
from pipeline.evaluate.hard.uv import Uv, without_culprits

RUNNER = ("pytest", "pytest-timeout")
_FORMAT = 3
"""Of what is kept; another number makes all environments anew."""


class PythonKit:
    """See the module. ``cache``: environments, by key; safe to share between processes."""

    name = "python"

    def __init__(self, cache: Path, uv: Uv) -> None:
        self._cache = cache.absolute()
        self._uv = uv

    def suits(self, paths: Collection[str]) -> bool:
        return any(path.endswith(".py") for path in paths)

    def runnable(self, paths: Sequence[str], tree: Collection[str]) -> tuple[str, ...]:
        names = (PurePosixPath(path) for path in paths if path in tree)
        return tuple(str(p) for p in names if p.suffix == ".py" and p.name not in ("conftest.py", "__init__.py"))

    def environment(self, source: Source, placer: Placer) -> Environment:
        files = {path: source.contents[path] for path in sorted(source.paths) if is_dependency_file(path)}
        as_of = week_end(source.as_of)
        uv = self._uv.version()
        parts = (_FORMAT, uv, self._uv.options, as_of, digests(files))
        key, place = made(self._cache, parts, lambda place: self._fill(place, files, as_of, source, placer))
        return Environment(key, (place / "venv",), place / "overlay" if (place / "overlay").is_dir() else None)

    def _fill(self, place: Path, files: dict[str, bytes], as_of: str, source: Source, placer: Placer) -> None:
        try:
            self._make(place, recipe(files), as_of, source, placer)
        except (ValueError, TypeError, KeyError, IndexError, BadZipFile) as error:  # packaging files are anybody's
            why = f"its packaging files cannot be read ({type(error).__name__}: {error})"
            raise LeftOutTask("environment_failed", why) from None

    def _make(self, place: Path, plan: Recipe, as_of: str, source: Source, placer: Placer) -> None:
        built = self._wheel(place, plan, as_of, source, placer) if plan.project else None
        self._uv.venv(place / "venv", plan.python)
        requires = plan.requires
        while requires:
            try:
                return self._install(place, as_of, built, requires, plan.extras)
            except LeftOutTask as error:
                # A list of development tools that cannot be had together must not cost us the tests.
                fewer = tuple(without_culprits(requires, error.detail))
                requires = fewer if len(fewer) < len(requires) else ()
        try:
            self._install(place, as_of, built, (), plan.extras)
        except LeftOutTask:
            self._install(place, as_of, built, (), ())

    def _install(
        self, place: Path, as_of: str, built: Path | None, requires: Sequence[str], extras: Sequence[str]
    ) -> None:
        own = [wheel.requirement(built, extras)] if built else []
        self._uv.install(place / "venv", as_of, [*RUNNER, *requires, *own])

    def _wheel(self, place: Path, plan: Recipe, as_of: str, source: Source, placer: Placer) -> Path:
        tools = place / "build"
        self._uv.venv(tools, plan.python)
        self._uv.install(tools, as_of, plan.build_requires)
        with placer.checkout(source.tree) as (checkout, tmp):
            builder = wheel.Builder(checkout, tmp, tools, plan, source.version)
            needs = builder.requires()
            if needs:
                self._uv.install(tools, as_of, [*plan.build_requires, *needs])
            built = builder.build(place)
            overlay.keep(checkout, source.paths, place / "overlay")
        shutil.rmtree(tools)
        return built

    def run(self, checkout: Path, tmp: Path, files: Sequence[str], where: Environment, limits: TestLimits) -> TestRun:
        if where.overlay:
            overlay.lay(where.overlay, checkout)
        return run(checkout, tmp, files, where.toolchains, limits)


def week_end(time: str) -> str:
    """Midnight after the Sunday of the week of ``time`` (ISO, UTC): PRs of one week share an environment."""
    day = datetime.datetime.fromisoformat(time).astimezone(datetime.UTC).date()
    return f"{day + datetime.timedelta(days=7 - day.weekday())}T00:00:00Z"
