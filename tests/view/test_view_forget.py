"""A page is found by ``switchover forget`` by any name that one can read in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.forget.subject import Subject
from pipeline.forget.traces import search
from pipeline.view.write import write_page
from tests.view.making import evaluated, lines, rollout


@pytest.mark.parametrize(
    ("name", "files"), [("o/n", ["view.html"]), ("octo-cat", ["view.html"]), ("octo", []), ("nobody", [])]
)
def test_a_name_in_a_page_is_found(tmp_path: Path, name: str, files: list[str]) -> None:
    one = rollout(messages=({"role": "user", "content": "Reported by @octo-cat, see #7."},))
    out = evaluated(tmp_path / "out")
    rows = (out / "rollouts.jsonl").read_text() + lines(tmp_path / "more.jsonl", [one]).read_text()
    (out / "rollouts.jsonl").write_text(rows)
    page = write_page([out]).page
    alone = tmp_path / "alone" / page.name
    alone.parent.mkdir()
    page.replace(alone)
    found = search([alone.parent], Subject(name, "person", ()), tmp_path / "no.db")
    assert [path.name for path in found.files] == files
