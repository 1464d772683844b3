"""Finding the function that a task is about, by searching through the tools."""

from __future__ import annotations

import re
import shlex
from collections.abc import Generator
from dataclasses import dataclass

from pipeline.rollout.scripted.hands import Call, bash
from pipeline.rollout.scripted.languages import defines, defines_owner, language_of
from pipeline.rollout.scripted.task import Task

Search = Generator[tuple[str, Call], str, "list[Place]"]
"""Yields (thought, call), is sent what the call printed, returns places, the likeliest first."""

MOST = 3
"""Places that are worth a look."""

_WORDS = r"\b(def|func|fun|fn|function|class|module|struct|impl|void|int|public|private|static|const)\b"
_DULL = frozenset(
    """about after also and any because been before being both but call called calls can change code could does each
    error even every file for from function have here how instead into issue just like make may more must need only
    other problem return returns should some such than that the their them then there these they this those use used
    uses using value very was what when where which while will with without work would you your""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Place:
    """The definition of a function."""

    path: str
    name: str
    line: int
    """1-based line of the definition."""


def locate(task: Task) -> Search:
    """Look in the named file, then for the named things in all files, then for the words of the text."""
    if task.path is not None:
        found = yield from _in_file(task.path, task.names)
        if found:
            return found
    names = [part for name in task.names for part in reversed(_parts(name)[-2:])]
    if names:
        found = yield from _plainly(names, task)
        if found:
            return found
        found = yield from _in_all(list(dict.fromkeys(names)), task, "-nwE", f"I look for {names[0]} in all files.")
        if found:
            return found
    words = [word for word in dict.fromkeys(re.findall(r"[a-z]{4,}", task.text.lower())) if word not in _DULL]
    return (yield from _in_all(words[:12], task, "-niE", "I look for definitions that share words with the task."))


def _in_file(path: str, names: tuple[str, ...]) -> Search:
    for name in names[:3]:
        parts = _parts(name)
        pattern = "|".join(re.escape(part) for part in dict.fromkeys(parts[-2:]))
        shown = yield f"I look for `{name}` in {path}.", bash(f"grep -nwE {shlex.quote(pattern)} {shlex.quote(path)}")
        line = _definition(path, parts, shown)
        if line is not None:
            return [Place(path, parts[-1], line)]
    return []


def _definition(path: str, parts: list[str], shown: str) -> int | None:
    """Line of the last part's definition, inside of its owner where that is defined above."""
    language, owned, found = language_of(path), len(parts) < 2, None
    for row in shown.splitlines():
        number, _, line = row.partition(":")
        if language is None or not number.isdigit():
            continue
        if len(parts) > 1 and defines_owner(parts[-2], line):
            owned, found = True, None
        elif defines(language, parts[-1], line) and (
            found is None or (not owned and parts[-2:-1] and parts[-2] in line)
        ):
            found = int(number)
    return found


def _plainly(names: list[str], task: Task) -> Search:
    """By a short search that finds most definitions: a small model can learn to write it."""
    pattern = f"(def|fn|func|function) ({'|'.join(re.escape(name) for name in dict.fromkeys(names[:2]))})"
    shown = yield f"I look for `{names[0]}`.", bash(f"git grep -nwE {shlex.quote(pattern)}")
    return _places(shown, names, task)


def _in_all(names: list[str], task: Task, flags: str, thought: str) -> Search:
    if not names:
        return []
    pattern = f"{_WORDS}.*({'|'.join(re.escape(name) for name in names)})"
    command = f"git grep {flags} {shlex.quote(pattern)} | grep -vE '(^|/)tests?/' | head -n 40"
    shown = yield thought, bash(command)
    return _places(shown, names, task)


def _places(shown: str, names: list[str], task: Task) -> list[Place]:
    rows = [(found[1], int(found[2]), found[3]) for found in re.finditer(r"^([^:\n]+):(\d+):(.*)$", shown, re.M)]
    owners = {path for path, _, line in rows for name in task.names for part in _parts(name)[:-1]
              if defines_owner(part, line)}  # fmt: skip
    places = [place for row in rows if (place := _place(*row))]
    return sorted(places, key=lambda place: -_score(place, names, task, place.path in owners))[:MOST]


def _place(path: str, number: int, line: str) -> Place | None:
    language = language_of(path)
    if language is None or line.rstrip().endswith("..."):  # a stub
        return None
    for name in dict.fromkeys(re.findall(r"[A-Za-z_$][\w$]*", line)):
        if defines(language, name, line) and name not in ("if", "for", "while", "switch", "function", "def"):
            return Place(path, name, number)
    return None


def _score(place: Place, names: list[str], task: Task, has_owner: bool) -> int:
    """How well a place fits: what the task names first counts most; examples are rarely meant."""
    text = f"{place.path} {place.name}".lower()
    fit = sum(3 for name in names if name.lower() in text)
    fit += sum(20 - index for index, name in enumerate(names[:8]) if name == place.name)
    fit += 10 * has_owner + 5 * (task.path == place.path)
    return fit - 30 * bool(re.search(r"(^|/)(testing|examples?|docs?)/|test_|_test\.|\.test\.|conftest", place.path))


def _parts(name: str) -> list[str]:
    return re.split(r"\.|::|#", name)
