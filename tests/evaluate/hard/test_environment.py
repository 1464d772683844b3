"""Environments by uv, offline: wheels are made of what is installed here."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import subprocess
import zipfile
from pathlib import Path

import pytest

from pipeline.collect.gold import gold_patch
from pipeline.errors import RunError
from pipeline.evaluate.hard import Grader
from pipeline.evaluate.hard.python import PythonKit
from pipeline.evaluate.hard.uv import Uv
from tests.evaluate.hard.conftest import BROKEN, MENDED, RUNNER, case_of

PYPROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "calc-made-here"
dynamic = ["version"]
dependencies = ["iniconfig"]
[tool.setuptools]
py-modules = ["calc"]
[tool.setuptools.dynamic]
version = {attr = "calc.__version__"}
"""
SETUP = """import os, pathlib, socket
from setuptools import setup
pathlib.Path("_made.py").write_text(f"secret = {os.environ.get('SWITCHOVER_OWN_KEY')!r}")
try:
    socket.create_connection(("127.0.0.1", 1), 1)
except OSError as error:
    print("no network", error)
setup()
"""
TESTS = """import importlib.metadata, pathlib, iniconfig, calc


def test_double():
    assert calc.double(4) == 8


def test_installed():
    assert importlib.metadata.version("calc-made-here") == "1.5"
    assert pathlib.Path("_made.py").read_text() == "secret = None"
    assert calc.__file__ == "/repo/calc.py"
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels to install from in place of an index."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in (*RUNNER, "setuptools"):
        found = importlib.metadata.distribution(name)
        files = [file for file in found.files or [] if ".." not in file.parts and "__pycache__" not in file.parts]
        record = next(str(file) for file in files if file.name == "RECORD")
        with zipfile.ZipFile(folder / f"{found.name.replace('-', '_')}-{found.version}-py3-none-any.whl", "w") as wheel:
            lines = []
            for file in files:
                if str(file) != record and file.locate().is_file():
                    content = Path(str(file.locate())).read_bytes()
                    wheel.writestr(str(file), content)
                    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                    lines.append(f"{file},sha256={digest},{len(content)}\n")
            wheel.writestr(record, "".join([*lines, f"{record},,\n"]))
    return folder


def offline(cache: Path, wheels: Path) -> PythonKit:
    return PythonKit(cache / "python", Uv(cache, ("--no-index", "--find-links", str(wheels), "--offline")))


def test_an_environment_from_the_repositorys_own_files(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHOVER_OWN_KEY", "secret-of-ours")
    version = '__version__ = "1.5"\n'
    before = {"calc.py": version + BROKEN, "pyproject.toml": PYPROJECT, "setup.py": SETUP, ".gitignore": "_made.py\n"}
    case = case_of(tmp_path / "repo", before, {"calc.py": version + MENDED, "tests/test_calc.py": TESTS})
    cache = tmp_path / "cache"
    grader = Grader(case.clone, cache, [offline(cache, wheels)], scratch=tmp_path / "scratch")
    proof = grader.proof(case.task)
    assert (proof.left_out, proof.language) == (None, "python"), proof
    assert proof.fail_to_pass == ("tests/test_calc.py::test_double",)
    assert proof.pass_to_pass == ("tests/test_calc.py::test_installed",)
    assert grader.grade(case.task, gold_patch(case.clone, case.task)).score == 1.0
    assert grader.grade(case.task, b"").score == 0.0
    made = cache / "python" / proof.environment
    assert (made / "overlay" / "_made.py").read_text() == "secret = None"
    assert not (tmp_path / "repo" / "_made.py").exists()


def test_an_environment_that_cannot_be_had_is_a_reason_and_is_not_tried_twice(wheels: Path, tmp_path: Path) -> None:
    pyproject = PYPROJECT.replace("iniconfig", "not-in-any-index")
    before = {"calc.py": f"__version__ = '1'\n{BROKEN}", "pyproject.toml": pyproject}
    case = case_of(tmp_path / "repo", before, {"calc.py": "__version__ = '1'\n", "tests/test_calc.py": ""})
    cache = tmp_path / "cache"
    grader = Grader(case.clone, cache, [offline(cache, wheels)], scratch=tmp_path / "scratch")
    proof = grader.proof(case.task)
    assert proof.left_out == "environment_failed" and "not-in-any-index" in proof.detail, proof
    (kept,) = (cache / "proofs").iterdir()
    kept.unlink()
    (failed,) = (cache / "python").glob("*/failed.json")
    before_it = failed.stat().st_mtime_ns
    assert grader.proof(case.task) == proof
    assert failed.stat().st_mtime_ns == before_it


def test_an_index_out_of_reach_is_our_failure_and_is_tried_again(tmp_path: Path) -> None:
    case = case_of(tmp_path / "repo", {"calc.py": BROKEN}, {"calc.py": MENDED, "tests/test_a.py": ""})
    cache = tmp_path / "cache"
    uv = Uv(cache, ("--index-url", "http://127.0.0.1:9/simple"))
    grader = Grader(case.clone, cache, [PythonKit(cache / "python", uv)], scratch=tmp_path / "scratch")
    with pytest.raises(RunError, match="out of reach"):
        grader.proof(case.task)
    assert not (cache / "proofs").exists() and not list((cache / "python").glob("*/ready"))


def test_no_secret_is_in_the_environment_of_what_fetches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline import config

    monkeypatch.setenv("SWITCHOVER_OWN_KEY", "k")
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://user:word@example.org/simple")
    monkeypatch.setenv("UV_INDEX", "https://example.org/simple")
    made = config.build_environment(tmp_path)
    assert made["HOME"] == str(tmp_path) and made["UV_INDEX"] == "https://example.org/simple"
    assert set(made) & {"SWITCHOVER_OWN_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "UV_DEFAULT_INDEX"} == set()
    shown = subprocess.run(["env"], env=made, capture_output=True, text=True, check=True).stdout
    assert "word" not in shown
