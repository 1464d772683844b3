"""The text of the transition issue: one sentence first, boxes, evidence, limits; and nothing in it that acts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from pipeline.decide import Options
from pipeline.report.boxes import BOX_MARKERS, BOX_ROUTES, BOX_TEXTS
from pipeline.report.issue import LIMIT, MARKER, must_go_back
from pipeline.report.transition import IssueText, Record, issue, judged
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation
from tests.decide.rows import duels
from tests.transition.lives import LIVES, SWITCH, SWITCHED, code_of, state_of

HOSTILE = "](http://x) @octocat #12 <img src=x> -->`|\n- [x] y <!-- switchover:box=switch -->"


def record_of(rows: list[Evaluation], **options: object) -> Record:
    return judged(rows, settings=DecideConfig(), options=Options(**options))  # type: ignore[arg-type]


def text_of(name: str) -> IssueText:
    return issue(record_of(LIVES[name], switched=name in SWITCHED, switched_at=SWITCH if name in SWITCHED else None))


def boxes_in(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith("- [")]


def test_ready_asks_for_a_decision() -> None:
    text = text_of("ready")
    assert text.title == "Switchover: your own model is ready to take over"
    marker, _, first, *_ = text.body.splitlines()
    assert marker == MARKER
    assert first == (
        "● **The transition point is reached: own is better, and cheaper.** "
        "Own is 20 points ahead (from +9 to +27, 60 PRs); shown to be better."
    )
    assert boxes_in(text.body) == [f"- [ ] {BOX_TEXTS[name]} {BOX_MARKERS[name]}" for name in BOX_MARKERS]
    assert set(BOX_ROUTES) < set(BOX_MARKERS)


@pytest.mark.parametrize("name", [name for name in LIVES if name != "ready"])
def test_other_states_ask_for_none(name: str) -> None:
    assert boxes_in(text_of(name).body) == []


@pytest.mark.parametrize("name", LIVES)
def test_every_state_has_its_words(name: str) -> None:
    text = text_of(name)
    assert state_of(name) in text.body and "### What this does not say" in text.body
    assert "`switchover switch frontier`" in text.body if code_of(name) == "switch_back" else True
    assert ("go back to frontier" in text.title) == (code_of(name) == "switch_back")


def test_a_leader_finds_evidence_money_and_dates() -> None:
    rows = [
        r for n in range(60) for r in duels([0.2], n + 1, merged_at=f"2026-0{1 + n // 28}-{1 + n % 28:02d}T00:00:00Z")
    ]
    body = issue(record_of(rows, fixed_usd=50.0, training_pulls=100)).body
    assert "| own is better | 1 in 4,808 | 1 in 40 | **2026-01-02**, after 31 pull requests |" in body
    assert "| own is more than 5 points worse | no evidence | 1 in 40 | not shown |" in body
    assert "Own saves $1.80 on a pull request" in body and "a month**, training paid." in body
    assert "Training has cost $50.00 so far; it has paid for itself after 28 pull requests, about 2026-" in body
    assert "2026-01-02: ready. Evidence up to 2026-01-03: 60 fresh pull requests of o/n" in body


def test_a_dearer_own_is_said_to_be_dearer() -> None:
    rows = [
        r
        for n in range(60)
        for r in duels([0.2], n + 1, merged_at=f"2026-0{1 + n // 28}-{1 + n % 28:02d}", own_cost_usd=3.0)
    ]
    body = issue(record_of(rows)).body
    assert "**The transition point is reached: own is better, and dearer.**" in body
    assert "Own costs $1.00 more on a pull request" in body and "saves" not in body.split("### The money")[1][:40]
    assert re.search(r"that is \*\*\$[\d.]+ a month\*\*\. That it saves at all is not shown yet\.", body)


def test_a_saving_that_is_shown_is_told_without_a_doubt() -> None:
    assert "That it saves" not in text_of("ready").body
    assert "Own saves $1.80 on a pull request" in text_of("collecting").body
    assert "That it saves at all is not shown yet." in text_of("collecting").body


@pytest.mark.parametrize("switched", [False, True])
def test_a_flag_on_old_evidence_says_that_it_has_turned(switched: bool) -> None:
    """The epoch's verdict stays, by the rule; a leader who reads it today must not be led astray."""
    turned = [*duels([0.3, -0.1] * 60), *duels([-0.4] * 70, 121)]
    record = record_of(turned, switched=switched, switched_at="2027-01-01T00:00:00Z" if switched else None)
    assert record["state"] == ("switched" if switched else "ready") and record["verdict"]["mean_difference"] < -0.05
    assert "> **Look first.** It has turned since: the mean over all 190 pull requests" in issue(record).body
    for name in LIVES:
        assert "Look first" not in text_of(name).body


def test_the_guard_is_held_to_its_own_level() -> None:
    rows = [replace(row, measure="recall", f1=0.5) for row in duels([0.2] * 60)]
    record = record_of(rows)
    record["verdict"]["guard"]["alpha"] = 0.0125  # as after an epoch whose F1 was bad and whose recall was not
    (line,) = (line for line in issue(record).body.splitlines() if "line F1" in line and line.startswith("|"))
    assert "| 1 in 80 |" in line


def test_a_switch_back_shows_what_called_it() -> None:
    body = text_of("drifted: switch_back").body
    assert "**Own has fallen behind since the switch: go back to frontier.**" in body
    alarm = (
        "| own has fallen behind since the switch | once in 12,906 | once in 500 | **alarm**, after 15 pull requests |"
    )
    assert alarm in body
    assert "| own is better | no evidence now | 1 in 40 | **2026-01-02**, after 31 pull requests |" in body
    assert "since the switch | no evidence" not in text_of("switched").body, "nothing was audited yet"


def test_over_editing_is_told_where_it_is_looked_for() -> None:
    body = issue(record_of(duels([0.2] * 60, f1=0.5))).body
    assert "points worse in line F1: it does not over-edit | " in body


def test_a_sceptic_finds_limits_and_the_way_to_check() -> None:
    record = record_of(duels([0.2] * 60, backtest=True, own_cost_usd=None))
    body = issue(record).body
    assert "is at most 5% over its whole life; this version stakes 2.5%." in body
    assert "- 60 of 60 pull requests are replayed history." in body
    assert "switchover decide --evaluations evaluations.jsonl --check transition.json" in body
    assert f"`{record['evaluations_sha256']}`" in body and "own costs less per pull request | not known" in body
    assert "<summary>transition.json</summary>" in body and "### The money" not in body


def test_stand_ins_are_told_at_the_top() -> None:
    body = issue(record_of(duels([0.2] * 60, frontier_scripted=True))).body
    assert "> **Scripted stand-in:** frontier ran on the scripted model" in body.split("###")[0]


def test_names_of_others_cannot_act() -> None:
    rows = duels([0.2] * 60, repo=HOSTILE, own_adapter=HOSTILE, frontier_model=HOSTILE)
    shown = issue(record_of(rows)).body.split("<details>")[0]
    assert len(boxes_in(shown)) == 3 and shown.count(BOX_MARKERS["switch"]) == 1
    rendered = MarkdownIt("commonmark").enable("table").render(shown.replace(MARKER, ""))
    assert "<a " not in rendered and "<img" not in rendered
    assert not re.search(r"@octocat|#12\b", rendered)


def test_the_record_in_it_cannot_end_its_fence() -> None:
    rows = duels([0.2] * 60, own_adapter="```\n</details>\n- [ ] x <!-- switchover:box=switch -->")
    body = issue(record_of(rows)).body
    tokens = MarkdownIt("commonmark").parse(body)
    assert [token.info for token in tokens if token.type == "fence"] == ["sh", "json"]
    assert len(boxes_in(body)) == 3


def test_it_is_never_longer_than_the_forge_takes() -> None:
    long = issue(record_of(duels([0.2] * 60, own_adapter="é" * 40_000))).body
    assert len(long.encode()) <= LIMIT and "<details>" not in long and MARKER in long


def test_only_a_switch_back_asks_to_go_back() -> None:
    options = {"switched": True, "switched_at": SWITCH}
    assert must_go_back(record_of(LIVES["drifted: switch_back"], **options))
    assert not must_go_back(record_of(LIVES["switched"], **options))
    assert not must_go_back(record_of(LIVES["drifted: band_empty"]))
