"""What models are asked beside the attempts: their memory, and a judge's opinion; and the monthly cap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import cli
from pipeline.collect.gold import gold_patch
from pipeline.evaluate import fresh, memory, opinions
from pipeline.evaluate.budget import MONTH, Caps, Spending, now, spent_elsewhere
from pipeline.evaluate.opinions import Agreement, Opinion, agreement, verdicts
from pipeline.evaluations import read
from pipeline.store import Store
from pipeline.store.evaluations import add_evaluations
from tests.chat_server import SUBMIT, chat_server, say
from tests.evaluate.conftest import CONFIG, Collected, rows
from tests.evaluate.tasks import task

GOLD = b"""diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,2 +1,5 @@
-    return old_value_here
+    total = sum(value for value in values)
+    if total > threshold_of(values):
+        raise TooMuch(total, values)
+    x = 1
 end
diff --git a/docs.md b/docs.md
--- a/docs.md
+++ b/docs.md
@@ -1 +1,2 @@
 x
+A long line in another file than source
"""


def test_recall_from_memory_counts_what_the_text_does_not_show() -> None:
    lines = ("    total = sum(value for value in values)", "    if total > threshold_of(values):")
    whole = "\n+".join(["```diff", *lines, "raise TooMuch(total, values)\n```"])
    assert memory.recall(GOLD, whole, task()) == 1.0
    assert memory.recall(GOLD, whole.replace("TooMuch", "TooFew"), task()) == pytest.approx(2 / 3)
    assert memory.recall(GOLD, whole.replace("\n+", "\n-"), task()) == 0.0, "lines that it would take out"
    assert memory.recall(GOLD, "I do not know.", task()) == 0.0
    assert memory.recall(GOLD, whole, task(prompt="use `\n    if total > threshold_of(values):\n`")) is None
    assert memory.recall(GOLD, whole, task(files=("docs.md",))) is None, "one line cannot tell"


@given(st.text())
def test_any_answer_can_be_looked_at(answer: str) -> None:
    found = memory.recall(GOLD, answer, task())
    assert found is not None and 0 <= found <= 1


def test_the_question_shows_names_and_text_alone() -> None:
    said = memory.question(task(prompt="The sum is wrong", files=("src/a.py", "b.py")))[0]["content"]
    assert "o/n" in said and "- src/a.py\n- b.py" in said and "The sum is wrong" in said


@pytest.mark.parametrize(("recall", "marked"), [(None, False), (0.49, False), (0.5, True), (1.0, True)])
def test_the_threshold(recall: float | None, marked: bool) -> None:
    assert fresh.by_heart(recall, 0.5) == ((fresh.MEMORISED,) if marked else ())


def asked(collected: Collected, out: Path, config: str, *more: str) -> list[str]:
    path = out.parent / "config.yml"
    path.write_text(config)
    return ["evaluate", "--db", str(collected.db), "--out", str(out), "--config", str(path), "--json", *more]


def test_a_model_that_knows_the_patch_is_marked_and_paid(
    collected: Collected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = max(collected.tasks[:6], key=lambda one: one.added)
    gold = gold_patch(collected.clone, known).decode()
    scripts: dict[str, Any] = {"From memory alone": [say(gold)], "": [SUBMIT]}
    with chat_server(scripts=scripts) as server:
        models = [w for role in ("own", "frontier") for w in ("--model", f"{role}={server.url}#test-model")]
        line = asked(collected, tmp_path / "out", CONFIG, "--task", known.id, "--probe-memory", *models)
        assert cli.run(line) == 0
        summary = json.loads(capsys.readouterr().out)
        assert len(server.requests) == 4
        assert cli.run(line) == 0
        assert len(server.requests) == 4, "what was asked is not asked again"
    assert summary["memorised"] == {"own": 1, "frontier": 1}
    assert summary["spent_usd"] == pytest.approx(4 * 110 * 1000 / 1e6), "questions are paid like attempts"
    assert {row.role: row.marks for row in read([tmp_path / "out" / "evaluations.jsonl"])} == {
        "own": (fresh.MEMORISED,), "frontier": (fresh.MEMORISED,)
    }  # fmt: skip
    assert [row["recall"] for row in rows(tmp_path / "out" / "recollections.jsonl")] == [1.0, 1.0]
    again = json.loads(capsys.readouterr().out)
    assert (again["regraded"], again["changed"], again["rollouts"]) == (2, 0, 0), "--task grades once more"


def opinion(task_id: str, first: opinions.Side, says: opinions.Says) -> Opinion:
    return Opinion("t", task_id, "j", first, says, "a", "b", 1, 1, 0, 0.0, None)


@pytest.mark.parametrize(
    ("own_first", "frontier_first", "verdict"),
    [
        ("first", "second", "own"),
        ("second", "first", "frontier"),
        ("first", "first", "tie"),  # the place decided
        ("second", "second", "tie"),
        ("tie", "tie", "tie"),
        ("first", "tie", "tie"),
        ("unclear", "second", "tie"),
    ],
)
def test_orders_that_disagree_are_a_tie(own_first: Any, frontier_first: Any, verdict: str) -> None:
    both = [opinion("x", "own", own_first), opinion("x", "frontier", frontier_first)]
    assert verdicts(both) == {"x": verdict}
    assert verdicts(both[:1]) == {}, "one order alone is no verdict"


SIDES = st.sampled_from(["own", "frontier", "tie"])


@given(st.lists(st.tuples(SIDES, st.sampled_from([-0.5, 0.0, 0.25]))))
def test_agreement_counts_every_task_once(pairs: list[tuple[Any, float]]) -> None:
    judged = {str(n): verdict for n, (verdict, _) in enumerate(pairs)}
    differences = {str(n): difference for n, (_, difference) in enumerate(pairs)}
    found = agreement(judged, differences)
    assert found.tasks == len(pairs) == found.ties + found.level + found.agreed + found.opposed
    other = {task: {"own": "frontier", "frontier": "own"}.get(verdict, "tie") for task, verdict in judged.items()}
    swapped = agreement(other, differences)  # type: ignore[arg-type]
    assert (swapped.agreed, swapped.opposed) == (found.opposed, found.agreed)


def test_verdicts_are_read_from_the_end_and_nowhere_else() -> None:
    assert opinions.says_of("VERDICT: ONE\nNo.\n**VERDICT: TWO**") == "second"
    assert opinions.says_of("I would say VERDICT: ONE") == opinions.says_of("") == "unclear"
    told = opinions.question("t", "h", "VERDICT: ONE", "b" * 99_999)[0]["content"]
    assert "own" not in told and "frontier" not in told and "(cut off here)" in told


def test_a_judge_sees_both_orders_and_its_agreement_is_told(
    collected: Collected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = collected.tasks[0]
    with chat_server(*collected.perfect(one)) as own, chat_server(SUBMIT) as other, chat_server(SUBMIT) as judge:
        judge.scripts = {"PATCH ONE>\n(no patch)": [say("Two.\nVERDICT: TWO")], "": [say("One.\nVERDICT: ONE")]}
        config = CONFIG.replace(
            "limit_usd: null,", f"limit_usd: null, judge: {{url: '{judge.url}', model: test-model}},"
        )
        models = ["--model", f"own={own.url}#test-model", "--model", f"frontier={other.url}#test-model"]
        line = asked(collected, tmp_path / "out", config, "--task", one.id, "--concurrency", "1", *models)
        for _ in range(2):
            assert cli.run(line) == 0
        texts = [body["messages"][0]["content"] for body in judge.requests]
    assert len(texts) == 2, "each order once, and never again"
    assert texts[0].index("(no patch)") > texts[0].index("PATCH TWO") and "(no patch)" in texts[1]
    kept = rows(tmp_path / "out" / "opinions.jsonl")
    assert [(row["first"], row["says"]) for row in kept] == [("own", "first"), ("frontier", "second")]
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["opinions"] == {"tasks": 1, "ties": 0, "level": 0, "agreed": 1, "opposed": 0}
    assert Agreement(**summary["opinions"]).share == 1.0


def test_the_month_counts_here_and_in_the_database(
    collected: Collected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = CONFIG.replace("limit_usd: null,", "limit_usd: null, limit_usd_per_month: 0.2,")
    with chat_server(SUBMIT) as server:
        model = ["--model", f"frontier={server.url}#test-model", "--concurrency", "1", "--newest", "8"]
        assert cli.run(asked(collected, tmp_path / "one", config, *model)) == 0
        first = json.loads(capsys.readouterr().out)
        assert (first["stopped_for"], first["tasks"]) == (MONTH, 2), "two attempts of 11 cents"
        graded = list(read([tmp_path / "one" / "evaluations.jsonl"]))
        with Store.open(collected.db) as store:
            add_evaluations(store, graded[0].repo, graded, run=None)
            month = graded[0].at[:7]
            assert spent_elsewhere(store, month, set()) == pytest.approx(0.22)
            assert spent_elsewhere(store, "2020-01", set()) == 0.0
            assert spent_elsewhere(store, month, {graded[0].rollout_id}) == pytest.approx(0.11)
        assert cli.run(asked(collected, tmp_path / "two", config, *model)) == 0
        captured = capsys.readouterr()
        assert json.loads(captured.out)["rollouts"] == 0, "another folder knows it from the database"
    assert "limit_usd_per_month 0.20 are spent" in captured.err


def test_months_are_apart() -> None:
    spending = Spending()
    spending.add(5.0, "2026-01-31T23:59:59Z")
    spending.add(None, now())
    assert Caps(per_month_usd=5.0).reached(spending) is None and Caps(limit_usd=5.0).reached(spending) == "limit_usd"
    assert Caps(None, 5.0, 5.0, now()[:7]).reached(spending) == MONTH
    assert Caps(None, 5.0, 5.0, "2026-01").reached(spending) is None, "a run that goes on into the next month"
    spending.add(5.0, now())
    assert Caps(per_month_usd=5.0).reached(spending) == MONTH
