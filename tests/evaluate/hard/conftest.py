"""A small history with real tests, graded in the real sandbox with the Python that runs this."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.evaluate.hard import Grader, TestLimits, TestRun
from pipeline.evaluate.hard.kit import Environment, Kit, Source
from pipeline.evaluate.hard.placing import Placer
from pipeline.evaluate.hard.pytest_runs import run
from pipeline.evaluate.hard.python import PythonKit
from pipeline.evaluate.hard.uv import Uv
from pipeline.types import Task
from tests.evaluate.tasks import task
from tests.history import Builder

BROKEN = "def double(n):\n    return n + n + 1\n\n\ndef half(n):\n    return n // 2\n"
MENDED = BROKEN.replace(" + 1", "")
TESTS = """import unittest

import pytest
from calc import double, half


def test_double():
    assert double(4) == 8


@pytest.mark.parametrize("n", [0, 2])
def test_half(n):
    assert half(2 * n) == n


class TestUnits(unittest.TestCase):
    def test_zero(self):
        self.assertEqual(double(0), 0)

    def test_half(self):
        self.assertEqual(half(9), 4)

    @unittest.skip("not here")
    def test_skipped(self):
        self.fail()
"""
F2P = ("tests/test_calc.py::TestUnits::test_zero", "tests/test_calc.py::test_double")
P2P = (
    "tests/test_calc.py::TestUnits::test_half",
    "tests/test_calc.py::test_half[0]",
    "tests/test_calc.py::test_half[2]",
)


RUNNER = ("pytest", "pytest-timeout", "pluggy", "iniconfig", "packaging", "pygments")
"""What runs the tests and nothing else: other plugins of this environment would double the time to start."""


def small_environment(folder: Path) -> Path:
    """A virtual environment of this Python with copies of ``RUNNER`` as they are installed here."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--copies", str(folder)], check=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    for name in RUNNER:
        for file in importlib.metadata.distribution(name).files or []:
            if ".." not in file.parts and Path(str(file.locate())).is_file():
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(str(file.locate()), site / file)
    return folder


class OwnPython(PythonKit):
    """The Python kit with an environment that is made of what is here: nothing is fetched."""

    name = "own"
    runs = 0

    def __init__(self, folder: Path) -> None:
        super().__init__(Path("/nowhere"), Uv(Path("/nowhere")))
        self.folder = small_environment(folder)

    def environment(self, source: Source, placer: Placer) -> Environment:
        return Environment("own", (self.folder,))

    def run(self, checkout: Path, tmp: Path, files: Sequence[str], where: Environment, limits: TestLimits) -> TestRun:
        self.runs += 1
        return run(checkout, tmp, files, where.toolchains, limits)

    def suits(self, paths: Collection[str]) -> bool:
        return any(path.endswith(".py") for path in paths)


@dataclass(frozen=True)
class Case:
    clone: Path
    base: str
    merge: str
    task: Task

    def patch(self, files: dict[str, str | None]) -> bytes:
        """What changing ``files`` at the base gives."""
        builder = Builder.__new__(Builder)
        builder.path, builder.clock, builder.heads = self.clone, 1_800_000_000, {"try": self.base}
        sha = builder.commit(files, "try", branch="try")
        words = ["git", "-C", str(self.clone), "diff", "--binary", self.base, sha]
        return subprocess.run(words, capture_output=True, check=True).stdout


def case_of(path: Path, before: dict[str, str], after: dict[str, str | None], **changed: object) -> Case:
    """A history of two commits, and the task of the second."""
    builder = Builder(path)
    base = builder.commit(dict(before), "start")
    merge = builder.commit(dict(after), "mend (#7)")
    tests = tuple(name for name in after if "test" in name)
    values = {"base_sha": base, "merge_sha": merge, "test_files": tests, "files": ("calc.py",), **changed}
    return Case(path, base, merge, task(7, **values))


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    before = {
        "calc.py": BROKEN,
        "tests/__init__.py": "",
        "tests/test_calc.py": "from calc import half\n\n\ndef test_half():\n    assert half(2) == 1\n",
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--strict-markers"\n',
    }
    return case_of(tmp_path_factory.mktemp("hard") / "repo", before, {"calc.py": MENDED, "tests/test_calc.py": TESTS})


MakeGrader = Callable[[Case], Grader]


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> OwnPython:
    return OwnPython(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture(scope="session")
def graded(case: Case, kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Grader:
    """A grader over ``case`` that has proven its task."""
    folder = tmp_path_factory.mktemp("grader")
    grader = Grader(case.clone, folder / "cache", [kit], scratch=folder / "scratch")
    assert grader.proof(case.task).left_out is None, grader.proof(case.task)
    return grader
