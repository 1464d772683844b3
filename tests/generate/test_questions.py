"""The two questions about a rollout, asked of a real HTTP server."""

from __future__ import annotations

import pytest

from pipeline.errors import EndpointError
from pipeline.generate.ask import Spent
from pipeline.generate.describe import LEAKS, TRIES, describe
from pipeline.generate.leak import leaked_line
from pipeline.generate.record import as_text, steps_of, without_first_quarter
from pipeline.generate.self_check import self_check
from pipeline.rollout.endpoint import Endpoint, Retry
from tests.generate.making import BROKEN, PATCH, Parrot, parrot, rollout, said, tool, user

GOOD = "`f` in `a.py` accepts anything and fails later."
LEAK = "One should write\n\n    x = check(x, strict=True)\n"


def endpoint(bird: Parrot) -> Endpoint:
    return Endpoint(bird.url, "m")


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        (["<output>yes</output>"], "yes"),
        (["Well. <output> No. </output>"], "no"),
        (["<think><output>no</output></think><output>YES</output>"], "yes"),
        (["first <output>no</output>, on reflection <output>yes</output>"], "yes"),
        (["I like it", "yes", "<output>maybe</output>"], "unclear"),
        (["hm", "<output>no</output>"], "no"),
        ([400, "<output>yes</output>"], "yes"),
    ],
)
def test_the_self_check_reads_one_word(answers: list[str | int], verdict: str) -> None:
    with parrot(*answers) as bird:
        spent = Spent()
        assert self_check(rollout(), endpoint(bird), spent) == verdict
        assert bird.answers == []
        assert spent.usage.tokens_in == 10 * spent.calls == 10 * sum(isinstance(a, str) for a in answers)


def test_each_retry_of_the_self_check_shows_less_of_the_record() -> None:
    steps = tuple(m for n in range(8) for m in (said(f"step {n}", "ls"), tool(f"result {n}")))
    with parrot("hm", "hm", "hm") as bird:
        self_check(rollout(messages=(user("Task"), *steps)), endpoint(bird), Spent())
    shown = [asked[0]["content"] for asked in bird.asked]
    assert ["step 0" in text for text in shown] == [True, False, False]
    assert all("Task" in text and "result 7" in text for text in shown)


def test_a_refusal_is_ours_and_what_was_answered_before_is_counted() -> None:
    with parrot("hm", 401) as bird:
        spent = Spent()
        with pytest.raises(EndpointError):
            self_check(rollout(), endpoint(bird), spent)
        assert spent.calls == 1


def test_a_turn_that_was_billed_and_never_came_is_counted() -> None:
    with parrot(BROKEN) as bird:
        spent = Spent()
        with pytest.raises(EndpointError, match="broke the turn off"):
            self_check(rollout(), Endpoint(bird.url, "m", retry=Retry(tries=1)), spent)
        assert (spent.calls, spent.usage.tokens_in) == (0, 10)


def test_a_description_is_asked_for_until_it_is_there() -> None:
    with parrot("no tags", "<output>  </output>", f"<output>\n{GOOD}\n</output>") as bird:
        found = describe(rollout(), None, endpoint(bird), Spent())
    assert (found.text, found.reason) == (GOOD, None)
    assert [len(asked) for asked in bird.asked] == [1, 3, 3]


def test_a_description_that_shows_the_change_is_asked_for_again_and_then_dropped() -> None:
    with parrot(f"<output>{LEAK}</output>", f"<output>{GOOD}</output>") as bird:
        assert describe(rollout(), None, endpoint(bird), Spent()).text == GOOD
        assert "check(x, strict=True)" in bird.asked[1][-1]["content"]
    with parrot(*[f"<output>{LEAK}</output>"] * LEAKS) as bird:
        found = describe(rollout(), None, endpoint(bird), Spent())
    assert (found.text, found.reason) == ("", "description_leaks")
    assert "check(x" in found.detail


def test_without_an_answer_there_is_no_description() -> None:
    with parrot(*["nothing"] * TRIES) as bird:
        assert describe(rollout(), None, endpoint(bird), Spent()).reason == "no_description"
    with parrot(*[400] * TRIES) as bird:
        assert describe(rollout(), None, endpoint(bird), Spent()).reason == "no_description"


def test_the_style_example_is_shown_and_the_patch_is_not() -> None:
    with parrot(f"<output>{GOOD}</output>") as bird:
        describe(rollout(), "## My issue\n\nCosts $5.", endpoint(bird), Spent())
    question = bird.asked[0][0]["content"]
    assert "## My issue\n\nCosts $5." in question
    assert PATCH not in question


@pytest.mark.parametrize(
    ("text", "leak"),
    [
        (GOOD, None),
        ("It should return x.", None),
        ("> `x = check(x, strict=True)`", "x = check(x, strict=True)"),
        ("I would expect x = check(x,   strict=True) in there", "x = check(x, strict=True)"),
        ("@@ -1 +1 @@", "@@"),
        ("diff --git a/a.py b/a.py", "diff --git"),
        ("- a list\n- of points\n+ signs --- and dashes", None),
    ],
)
def test_leaks(text: str, leak: str | None) -> None:
    assert leaked_line(text, PATCH) == leak


def test_lines_that_only_moved_are_no_leak() -> None:
    patch = "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n-first_line_here()\n-x\n+x\n+first_line_here()\n"
    assert leaked_line("first_line_here()", patch) is None


def test_a_record_shows_what_was_thought_done_and_seen() -> None:
    thinking = {**said("Plan.", "ls -la"), "reasoning": "Deep."}
    request, steps = steps_of(({"role": "system", "content": "S"}, user("Task"), thinking, tool("a.py")))
    assert as_text(request, steps) == "Request:\nTask\n\nEngineer:\nDeep.\nPlan.\n$ ls -la\n\nResult:\na.py"


def test_dropping_quarters_ends() -> None:
    steps = [str(n) for n in range(9)]
    for _ in range(9):
        steps = without_first_quarter(steps)
    assert steps == []
