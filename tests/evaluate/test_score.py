"""Scores: what counts, what is zero, and that a row says both."""

import pytest

from pipeline.evaluate.plan import Contender, plan
from pipeline.evaluate.score import Facts, evaluation, is_scorable, language, soft
from pipeline.types import Exit, Rollout
from tests.evaluate.tasks import task

BASE = {"a.py": b"def f():\n    return 1\n"}
GOLD = b"--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n def f():\n-    return 1\n+    return 2\n"


def rollout(patch: bytes, exit: Exit = "submitted") -> Rollout:
    return Rollout("r", "o/n#1", "own", "m", 0, 0, (), (), patch.decode(), exit, 3, 10, 5, 1, 2.0, 0.5)


def test_the_human_patch_scores_one_and_half_of_it_half() -> None:
    assert soft(GOLD, rollout(GOLD), BASE).recall == 1.0
    other = GOLD.replace(b"+    return 2", b"+    return 3")
    assert soft(GOLD, rollout(other), BASE).recall == 0.5


@pytest.mark.parametrize(
    "exit", ["no_patch", "step_limit", "context_limit", "cost_limit", "time_limit", "malformed", "error"]
)
def test_only_what_was_submitted_counts(exit: Exit) -> None:
    assert soft(GOLD, rollout(GOLD, exit), BASE).recall == 0.0


def test_an_empty_patch_is_zero() -> None:
    assert soft(GOLD, rollout(b""), BASE).recall == 0.0


def test_a_human_patch_without_lines_cannot_be_scored() -> None:
    mode = b"diff --git a/a.py b/a.py\nold mode 100644\nnew mode 100755\n"
    assert is_scorable(GOLD, BASE)
    assert not is_scorable(mode, BASE)


def test_a_row_carries_cost_marks_and_who() -> None:
    attempt = plan([task(1)], [Contender("frontier", "m", 1, scripted=True)], "c")[0]
    facts = Facts("Return two", backtest=True, marks={"frontier": ("older_than_knowledge_cutoff",)})
    row = evaluation(attempt, rollout(GOLD), soft(GOLD, rollout(GOLD), BASE), "2026-01-01T00:00:00Z", facts)
    assert (row.score, row.f1, row.cost_usd, row.title) == (1.0, 1.0, 0.5, "Return two")
    assert row.backtest and row.scripted and row.marks == ("older_than_knowledge_cutoff",)


def test_a_row_names_the_language_of_most_source_lines() -> None:
    long_test = b"--- a/test_a.go\n+++ b/test_a.go\n@@ -0,0 +1,3 @@\n+a\n+b\n+c\n"
    more = b"--- a/b.rs\n+++ b/b.rs\n@@ -0,0 +1,1 @@\n+x\n"
    assert language(GOLD + long_test + more, task(1, files=("a.py", "b.rs"))) == "python"
    assert language(b"", task(1, files=("a.rs",))) == "rust" and language(GOLD, task(1, files=())) == ""
    attempt = plan([task(1)], [Contender("own", "m", 1)], "c")[0]
    row = evaluation(attempt, rollout(GOLD), soft(GOLD, rollout(GOLD), BASE), "t", Facts("", False, language="go"))
    assert row.language == "go"
