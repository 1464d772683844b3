"""What a project's files say of its environment (pure)."""

from __future__ import annotations

import pytest

from pipeline.evaluate.hard.guarded import is_guarded
from pipeline.evaluate.hard.python import week_end
from pipeline.evaluate.hard.recipe import EXTRAS, is_dependency_file, plain, recipe

PYPROJECT = b"""
[build-system]
requires = ["flit_core>=3.11,<4"]
build-backend = "flit_core.buildapi"
[project]
name = "x"
requires-python = ">=3.10"
[project.optional-dependencies]
Tests = ["pytest"]
socks = ["socksio"]
[dependency-groups]
tests = ["pytest", "coverage[toml]>=7; python_version<'3.12'", {include-group = "Typing_Stuff"}]
typing-stuff = ["mypy", {include-group = "tests"}]
docs = ["sphinx"]
dev = ["x @ git+https://example.org/x", "../neighbour", "-e .", "tox"]
"""


def test_groups_with_what_they_include_and_without_what_has_no_date() -> None:
    found = recipe({"pyproject.toml": PYPROJECT})
    assert found.requires == ("pytest", "coverage[toml]>=7; python_version<'3.12'", "mypy", "tox")
    assert (found.project, found.backend, found.build_requires) == (True, "flit_core.buildapi", ("flit_core>=3.11,<4",))
    assert (found.python, set(found.extras)) == (">=3.10", set(EXTRAS))


def test_old_projects_have_requirements_files_and_a_setup_py() -> None:
    files = {
        "setup.py": b"from setuptools import setup; setup()",
        "requirements.txt": b"-e .[cli,http2]\nchardet==5.2.0 # why\ntrio==0.31 \\\n  --hash=sha256:00\n-r other.txt\n",
        "requirements/testing.txt": b"mypy\n",
    }
    found = recipe(files)
    assert found.requires == ("chardet==5.2.0", "trio==0.31", "mypy")
    assert found.extras[:2] == ("cli", "http2")
    assert found.backend == "setuptools.build_meta:__legacy__"
    assert (found.build_requires, found.python) == (("setuptools", "wheel"), None)


@pytest.mark.parametrize(
    ("text", "requires"),
    [
        (b'[tool.poetry.group.dev.dependencies]\npytest = "^8"\n', ("pytest",)),
        (b'[tool.poetry.dev-dependencies]\nblack = "*"\n', ("black",)),
        (b'[tool.uv]\ndev-dependencies = ["pytest>=8"]\n', ("pytest>=8",)),
        (b'[tool.hatch.envs.default]\ndependencies = ["pytest"]\n', ("pytest",)),
        (b'[tool.pdm.dev-dependencies]\ntest = ["pytest"]\n', ("pytest",)),
        (b'[dependency-groups]\ntests = "pytest"\n', ()),
        (b"[dependency-groups]\ntests = [{include-group = 3}]\n", ()),
    ],
)
def test_other_tools(text: bytes, requires: tuple[str, ...]) -> None:
    assert recipe({"pyproject.toml": text}).requires == requires


def test_settings_of_tools_alone_make_no_project() -> None:
    assert not recipe({"pyproject.toml": b"[tool.ruff]\nline-length = 3\n"}).project
    assert not recipe({}).project


def test_a_broken_file_is_told() -> None:
    with pytest.raises(ValueError, match=r"pyproject\.toml"):
        recipe({"pyproject.toml": b"[x"})


@pytest.mark.parametrize("line", ["x @ file:///etc", "./x", "-r x", "git+https://h/x", "--index-url=http://h", ""])
def test_nothing_that_names_a_place_is_asked_of_an_index(line: str) -> None:
    assert list(plain([line])) == []


@pytest.mark.parametrize(
    "path", ["pyproject.toml", "uv.lock", "setup.cfg", "requirements-dev.txt", "requirements/a.txt"]
)
def test_dependency_files(path: str) -> None:
    assert is_dependency_file(path)
    assert not is_dependency_file(f"docs/sub/{path}")


def test_a_week_has_one_environment() -> None:
    days = {week_end(f"2026-08-{day:02d}T23:59:59Z") for day in range(17, 24)}
    assert days == {"2026-08-24T00:00:00Z"}
    assert week_end("2026-08-24T00:00:00Z") == "2026-08-31T00:00:00Z"


@pytest.mark.parametrize(
    "path",
    ["tests/test_a.py", "tests/data/x.bin", "tests/README.md", "conftest.py", "src/pkg/conftest.py", "pyproject.toml",
     "sub/pytest.ini", "setup.cfg", "tox.ini", "sitecustomize.py", "src/usercustomize/__init__.py", "package.json",
     "Cargo.toml", ".cargo/config.toml", "go.mod", "a_test.go", "vitest.config.ts", ".mocharc.yml"],
)  # fmt: skip
def test_a_candidate_has_no_say_in(path: str) -> None:
    assert is_guarded(path)


@pytest.mark.parametrize("path", ["src/pkg/a.py", "README.md", "src/click/testing.py", "docs/index.md", "main.go", "x"])
def test_the_rest_is_the_candidates(path: str) -> None:
    assert not is_guarded(path)
