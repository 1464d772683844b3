"""Each kind of edit on real text, played through real commands in a real repository."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from pipeline.rollout.scripted.agent import ABSTAIN
from tests.scripted.player import diff, play, repository

PYTHON = '''\
import os


class Shelf:
    def put(self, book, where=None):
        """Put a book."""
        self.books[where] = book

    def scan(self, rows):
        """Scan rows."""
        res = []
        for row in rows:
            res.append(row * 7)
        return res

    def check(self, size):
        """Check a size."""
        if size < 0:
            raise ValueError("bad size")

    def bare(self):
        return os.sep

    def nothing(self):
        """Nothing."""
        self.n = 0
'''


def added(folder: Path) -> list[str]:
    return [line[1:] for line in diff(folder).splitlines() if line.startswith("+") and not line.startswith("+++")]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return repository(tmp_path, {"lib/shelf.py": PYTHON})


@pytest.mark.parametrize(
    ("name", "symptom", "expected"),
    [
        ("put", "accepts a missing `book`", "        if book is None:"),
        ("scan", "is called with an empty `rows`", "        if not rows:"),
        ("check", "does not show the offending `size`", '            raise ValueError(f"bad size: {size!r}")'),
        ("scan", "is hard to read: the name `res` misleads", "        result = []"),
        ("scan", "uses the bare number `7`", "        factor = 7"),
        ("bare", "tells nobody what it expects from its caller", '        """Bare."""'),
        ("scan", "does not say why the `loop` is needed", "        # Each item is handled on its own (scan)."),
    ],
)
def test_a_symptom_leads_to_its_kind_of_edit(shelf: Path, name: str, symptom: str, expected: str) -> None:
    play(shelf, _with_usual_wording(f"`Shelf.{name}` in `lib/shelf.py` {symptom}."))
    assert expected in added(shelf)
    ast.parse((shelf / "lib/shelf.py").read_text())


def _with_usual_wording(text: str) -> str:
    """The text, padded until it draws the usual wording and not one of the rarer variants."""
    from pipeline.rollout.scripted.conversation import draw

    return next(t for t in (text + "!" * count for count in range(50)) if draw(t, 10) < 7)


def test_variants_of_a_task_make_other_edits(shelf: Path) -> None:
    seen = set()
    for count in range(25):
        play(shelf, f"`Shelf.put` in `lib/shelf.py` accepts a missing `book`{'!' * count}")
        seen.add(diff(shelf))
        (shelf / "lib/shelf.py").write_text(PYTHON)
    assert len(seen) >= 2


def test_a_function_that_offers_nothing_is_left_alone_and_said_so(shelf: Path) -> None:
    messages = play(shelf, "Something is odd with `Shelf.nothing` in `lib/shelf.py`.")
    assert diff(shelf) == ""
    assert ABSTAIN in messages[-1]["content"]


def test_a_task_about_nothing_known_ends_without_a_change(shelf: Path) -> None:
    assert ABSTAIN in play(shelf, "Zzzz qqqq.")[-1]["content"]
    assert diff(shelf) == ""


def test_without_a_file_the_named_function_is_found_by_search(shelf: Path) -> None:
    messages = play(shelf, "When I call `scan()` with no rows I get an odd result from an empty list.")
    assert "lib/shelf.py" in diff(shelf)
    assert "grep" in json.loads(messages[1]["tool_calls"][0]["function"]["arguments"])["command"]


def test_the_same_task_gives_the_same_conversation(shelf: Path) -> None:
    task = "There is a problem with naming around `Shelf.scan` in `lib/shelf.py`."
    first = play(shelf, task)
    (shelf / "lib/shelf.py").write_text(PYTHON)
    assert play(shelf, task) == first


def test_what_it_does_not_read_through_tools_it_does_not_know(shelf: Path) -> None:
    """With an empty result for every call nothing can be edited, although the file exists."""
    from pipeline.rollout.scripted.replies import reply
    from tests.scripted.player import BASH

    messages = [{"role": "user", "content": "Problem with `Shelf.scan` in `lib/shelf.py`."}]
    for _ in range(8):
        turn = reply(messages, [BASH])
        messages += [turn, {"role": "tool", "tool_call_id": turn["tool_calls"][0]["id"], "content": ""}]
    assert ABSTAIN in turn["content"]


OTHERS = {
    "go/store.go": (
        "package store\n\ntype Store struct{ n int }\n\nfunc (s *Store) Merge(other *Store) {\n\ts.n += other.n\n}\n",
        "Store.Merge",
        "\tif other == nil {",
    ),
    "web/cart.js": (
        "'use strict';\n\nclass Cart {\n  add(item) {\n    this.items.push(item);\n  }\n}\n\nmodule.exports = Cart;\n",
        "Cart.add",
        "    if (item === undefined || item === null) {",
    ),
    "web/price.ts": (
        "export const price = (cart: Cart): number => {\n  return cart.sum;\n};\n",
        "price",
        "  if (cart === undefined || cart === null) {",
    ),
    "java/Shop.java": (
        "public class Shop {\n    public void sell(Item item) {\n        item.sold();\n    }\n}\n",
        "Shop.sell",
        "        if (item == null) {",
    ),
    "rust/lib.rs": (
        "pub fn first(text: &str) -> char {\n    text.chars().next().unwrap()\n}\n",
        "first",
        '    debug_assert!(!text.is_empty(), "text is required");',
    ),
    "c/list.c": (
        "struct list { int n; };\n\nvoid list_clear(struct list *list)\n{\n\tlist->n = 0;\n}\n",
        "list_clear",
        "\tif (!list) {",
    ),
    "c/list.cpp": (
        "struct List { int n; };\n\nint size_of(const List *list) {\n  return list->n;\n}\n",
        "size_of",
        "  if (!list) {",
    ),
}


@pytest.mark.parametrize("path", OTHERS)
def test_guards_in_other_languages(tmp_path: Path, path: str) -> None:
    text, name, expected = OTHERS[path]
    folder = repository(tmp_path, {path: text})
    play(folder, _with_usual_wording(f"`{name}` in `{path}` accepts a missing argument; null leads to a failure."))
    assert expected in added(folder)
    assert not [line for line in diff(folder).splitlines() if line.startswith("-") and not line.startswith("---")]


@pytest.mark.parametrize("path", OTHERS)
def test_documentation_in_other_languages_is_a_comment(tmp_path: Path, path: str) -> None:
    text, name, _ = OTHERS[path]
    folder = repository(tmp_path, {path: "\n" + text})
    play(folder, _with_usual_wording(f"Nothing says what `{name}` in `{path}` expects from its caller."))
    assert added(folder) and all(line.strip().startswith("//") for line in added(folder))
