"""Installed copies of the repository's own code among the programs that every sandbox shows.

A machine that runs Switchover may well have the very project installed (click, requests, an npm
tool), in a version that holds the fix. What is found here is hidden from the agent, and reading
it is marked. Covered: Python packages and modules (also vendored ones and wheels kept for venv),
node modules, Go and Rust sources that distributions ship. Not covered: copies under another name,
code compiled into programs.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_NEVER = frozenset(
    {"src", "lib", "test", "tests", "testing", "docs", "doc", "example", "examples", "benchmarks", "scripts", "tools"}
    | {"setup", "conftest", "utils", "common", "core", "main", "app", "config", "types", "build", "bin", "pkg", "cmd"}
    | {"internal", "server", "client", "api", "cli", "models", "version", "noxfile", "tasks"}
)
"""Names that say nothing about whose code it is."""

_LEAST = 3
"""Characters of a name that is looked for."""

_PLACES = (
    "lib/python3*/site-packages",
    "lib/python3*/dist-packages",
    "lib/python3",
    "lib/python3/dist-packages",
    "local/lib/python3*/dist-packages",
    "local/lib/python3*/site-packages",
    "lib/python3*/site-packages/*/_vendor",
    "lib/python3/dist-packages/*/_vendor",
    "local/lib/python3*/*-packages/*/_vendor",
    "lib/python3*/ensurepip/_bundled",
    "share/python-wheels",
    "lib/node_modules",
    "local/lib/node_modules",
    "share/nodejs",
    "share/cargo/registry",
    "share/gocode/src/*/*",
)
"""Below a prefix such as /usr; each holds packages by name."""


def names_of(tree: Mapping[str, bytes], repo: str) -> frozenset[str]:
    """What the project of a source tree may be installed as, in lower case with ``_`` for ``-`` and ``.``.

    ``repo``: ``owner/name``. From that name, from the packaging files at the top, and from the
    packages and modules at the top or in ``src`` and ``lib``.
    """
    found = {repo.rpartition("/")[2], *_declared(tree), *_packages(tree)}
    return frozenset(name for raw in found if len(name := normal(raw)) >= _LEAST and name not in _NEVER)


def normal(name: str) -> str:
    """A package's name as it is compared: ``typing-extensions`` is ``typing_extensions``."""
    return re.sub(r"[-_.]+", "_", name).lower()


def _declared(tree: Mapping[str, bytes]) -> Iterator[str]:
    for path, tables in (("pyproject.toml", ("project", "tool.poetry")), ("Cargo.toml", ("package",))):
        data = _toml(tree.get(path, b""))
        for table in tables:
            section = data
            for key in table.split("."):
                section = section.get(key) if isinstance(section, dict) else None
            if isinstance(section, dict) and isinstance(section.get("name"), str):
                yield section["name"]
    try:
        package = json.loads(tree.get("package.json", b"{}"))
    except ValueError:
        return
    if isinstance(package, dict) and isinstance(package.get("name"), str):
        yield package["name"].rpartition("/")[2]


def _toml(content: bytes) -> dict[str, object] | object:
    try:
        return tomllib.loads(content.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        return {}


def _packages(tree: Iterable[str]) -> Iterator[str]:
    for path in tree:
        parts = path.split("/")
        rest = parts[1:] if parts[0] in ("src", "lib") else parts
        if len(rest) == 2 and rest[1] == "__init__.py":
            yield rest[0]
        elif len(rest) == 1 and rest[0].endswith(".py") and len(parts) > 1:
            yield rest[0].removesuffix(".py")


def installed(names: frozenset[str], prefixes: Iterable[Path] = (Path("/usr"),)) -> tuple[Path, ...]:
    """Files and folders below ``prefixes`` that are, or belong to, an installed project of these names."""
    found: set[Path] = set()
    for prefix in prefixes:
        for place in _PLACES:
            for folder in prefix.glob(place):
                if folder.is_dir():
                    found.update(entry for entry in folder.iterdir() if _is_of(entry, names))
    real = {entry for entry in found if not entry.is_symlink()}
    return tuple(sorted(entry for entry in real if real.isdisjoint(entry.parents)))


_SUFFIX = re.compile(r"[-_][0-9][^/]*$|\.(dist-info|egg-info|egg|py|pth|so)$|\.cpython-[^/]*$")


def _is_of(entry: Path, names: frozenset[str]) -> bool:
    name = entry.name.removeprefix("golang-").removesuffix("-stubs")
    while (shorter := _SUFFIX.sub("", name)) != name:
        name = shorter
    return normal(name) in names
