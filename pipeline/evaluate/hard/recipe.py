"""What a Python project's own files say of its environment: dependencies of its tests, build backend (pure).

Read from the files' text alone; nothing is executed. Requirements that name a path, a URL or another
repository are left out: they could not be had as of a date.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name

GROUPS = ("test", "tests", "testing", "dev")
EXTRAS = ("test", "tests", "testing", "dev", "full")
"""Names under which projects keep what their tests need."""

_REQUIREMENT_FILES = re.compile(
    r"(requirements([-_./](dev|tests?|testing|develop|development|ci))?"
    r"|(dev|tests?|testing)[-_]requirements|requirements[-_]?(dev|tests?))\.(txt|in)",
    re.IGNORECASE,
)
_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*\s*(\[[\w\s,.-]*\])?\s*([<>=!~(;].*)?")
_OWN = re.compile(r"(?:-e|--editable)?\s*=?\s*\.?/?\.?(?:\[(?P<extras>[\w\s,.-]*)\])?")


@dataclass(frozen=True)
class Recipe:
    """How to make the environment of one commit."""

    project: bool
    """Whether there is a project to install."""
    backend: str
    """``module:object`` of PEP 517."""
    backend_path: tuple[str, ...]
    build_requires: tuple[str, ...]
    requires: tuple[str, ...]
    """Of groups and requirements files: what the tests need beside the project's own dependencies."""
    extras: tuple[str, ...]
    """Of the project, where it turns out to have them."""
    python: str | None
    """``requires-python``; None when it is not told."""


def is_dependency_file(path: str) -> bool:
    """Whether an environment is a function of the content of ``path``."""
    pure = PurePosixPath(path)
    if path in _PROJECT_FILES or (len(pure.parts) == 1 and pure.suffix == ".lock"):
        return True
    return _is_requirement_file(pure) or path in ("hatch.toml", "pdm.toml")


def _is_requirement_file(path: PurePosixPath) -> bool:
    near = len(path.parts) == 1 or (len(path.parts) == 2 and path.parts[0] in ("requirements", "tests", "test"))
    inside = len(path.parts) == 2 and path.parts[0] == "requirements"
    named = str(path) if inside else path.name
    return near and (bool(_REQUIREMENT_FILES.fullmatch(named)) or (inside and path.suffix in (".txt", ".in")))


def recipe(files: Mapping[str, bytes]) -> Recipe:
    """The recipe from the dependency files of a commit, by path. Raises ValueError for a broken pyproject.toml."""
    pyproject = _toml(files.get("pyproject.toml", b""))
    build = _table(pyproject, "build-system")
    requires, extras = list(_groups(pyproject)), list(_own_extras(pyproject))
    if not requires and not extras:
        requires, extras = _from_requirements(files)
    return Recipe(
        project=any(name in files for name in _PROJECT_FILES) and _has_project(files, pyproject),
        backend=str(build.get("build-backend") or "setuptools.build_meta:__legacy__"),
        backend_path=tuple(map(str, build.get("backend-path") or ())),
        build_requires=tuple(plain(build.get("requires") or ("setuptools", "wheel"))),
        requires=tuple(dict.fromkeys(requires)),
        extras=tuple(dict.fromkeys((*extras, *EXTRAS))),
        python=_python(pyproject),
    )


def plain(requirements: Iterable[Any]) -> Iterator[str]:
    """Those that name a package of an index; comments, hashes, URLs and options are dropped."""
    for line in requirements:
        text = re.sub(r"\s+--hash=\S+", "", re.sub(r"(^|\s)#.*", "", str(line))).strip().rstrip("\\").strip()
        if _REQUIREMENT.fullmatch(text):
            yield text


def _toml(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"pyproject.toml: {error}") from None


def _table(table: Mapping[str, Any], *names: str) -> dict[str, Any]:
    found: Any = table
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _has_project(files: Mapping[str, bytes], pyproject: Mapping[str, Any]) -> bool:
    """A pyproject.toml may hold nothing but a linter's settings."""
    named = "project" in pyproject or "build-system" in pyproject or _table(pyproject, "tool", "poetry")
    return bool(named) or "setup.py" in files or b"[metadata]" in files.get("setup.cfg", b"")


def _python(pyproject: Mapping[str, Any]) -> str | None:
    text = _table(pyproject, "project").get("requires-python")
    return text if isinstance(text, str) and re.fullmatch(r"[\w\s.,<>=!~*]+", text) else None


def _groups(pyproject: Mapping[str, Any]) -> Iterator[str]:
    groups: dict[str, Any] = {
        canonicalize_name(name): value for name, value in _table(pyproject, "dependency-groups").items()
    }
    for name in GROUPS:
        yield from plain(_group(groups, name, set()))
    for names in (("tool", "pdm", "dev-dependencies"), ("tool", "hatch", "envs")):
        for name, value in _table(pyproject, *names).items():
            listed = value.get("dependencies", []) if isinstance(value, dict) else value
            if name in (*GROUPS, "default") and isinstance(listed, list):
                yield from plain(listed)
    yield from plain(_list(_table(pyproject, "tool", "uv").get("dev-dependencies")))
    poetry = _table(pyproject, "tool", "poetry")
    old = [_table(poetry, "dev-dependencies")]
    for table in [*old, *(_table(poetry, "group", name, "dependencies") for name in GROUPS)]:
        yield from plain(name for name in table if name != "python")  # its version language is its own


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _group(groups: Mapping[str, Any], name: str, seen: set[str]) -> Iterator[Any]:
    if name in seen:
        return
    seen.add(name)
    for entry in _list(groups.get(name)):
        if isinstance(entry, dict):
            yield from _group(groups, canonicalize_name(str(entry.get("include-group", ""))), seen)
        else:
            yield entry


def _own_extras(pyproject: Mapping[str, Any]) -> Iterator[str]:
    """Extras that the tests need, as far as pyproject.toml tells; setup.py's are known once it is built."""
    known = {canonicalize_name(name) for name in _table(pyproject, "project", "optional-dependencies")}
    yield from (name for name in EXTRAS if name in known)


def _from_requirements(files: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
    requires: list[str] = []
    extras: list[str] = []
    for path in sorted(path for path in files if _is_requirement_file(PurePosixPath(path))):
        for line in files[path].decode("utf-8", "replace").replace("\\\n", " ").splitlines():
            own = _OWN.fullmatch(line.partition("#")[0].strip())
            if own:
                extras += [extra.strip() for extra in (own["extras"] or "").split(",") if extra.strip()]
        requires += plain(files[path].decode("utf-8", "replace").replace("\\\n", " ").splitlines())
    return requires, extras
