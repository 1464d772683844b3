"""What is asked of GitHub's GraphQL API: one file per query, checked against GitHub's schema in the tests."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_USED = re.compile(r"\.\.\.(\w+)")


@cache
def query(name: str) -> str:
    """The text of ``name.graphql`` with the fragments that it uses, and those that they use."""
    return "\n".join([_read(name), *(_read(_file(used)) for used in _fragments(_read(name)))])


def names() -> list[str]:
    """Every query, by name."""
    return sorted(path.stem for path in _FOLDER.glob("*.graphql") if not path.stem.endswith("_fields"))


def _fragments(text: str) -> list[str]:
    found: list[str] = []
    waiting = _USED.findall(text)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += _USED.findall(_read(_file(name)))
    return found


def _file(fragment: str) -> str:
    """``PullFields`` lies in ``pull_fields.graphql``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", fragment).lower()


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.graphql").read_text(encoding="utf-8")
