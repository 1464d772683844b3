"""``targets.jsonl``: what each task is about."""

from __future__ import annotations

import json

from pipeline.generate.listing import listing
from pipeline.generate.plan import TRIES, plan
from tests.generate.making import function


def test_each_target_is_told_with_the_change_type_of_each_try() -> None:
    functions = [function("a.py", "f"), function("b.py", "C.g")]
    texts = {"a.py": b"def f():\n  pass\n", "b.py": b"class C:\n  def g(self): pass\n"}
    targets = plan(functions, texts, where="x@1", seed=0, samples=2)
    rows = [json.loads(line) for line in listing(targets)]
    assert [row["id"] for row in rows] == [target.id for target in targets]
    assert {(row["path"], row["name"], row["kind"], row["language"]) for row in rows} == {
        ("a.py", "f", "function", "python"),
        ("b.py", "C.g", "function", "python"),
    }
    for row, target in zip(rows, targets, strict=True):
        assert row["change_types"] == [target.change_type(attempt).id for attempt in range(TRIES)]
