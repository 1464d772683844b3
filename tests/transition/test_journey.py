"""From evaluations through ``switchover decide --db`` to the text that is posted: every state, and one whole life."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.report.transition import issue
from pipeline.store import Store, VerdictRow
from pipeline.types import Evaluation, to_json
from tests.decide.rows import duels, time_of
from tests.transition.lives import LIVES, SWITCH, SWITCHED, code_of, state_of

Output = pytest.CaptureFixture[str]
REPO = "o/n"


class Place:
    """A database, and evaluations on the way to it."""

    def __init__(self, folder: Path, capsys: Output) -> None:
        self.folder, self.capsys = folder, capsys
        self.db, self.evaluations = folder / "so.db", folder / "evaluations.jsonl"

    def decide(self, rows: list[Evaluation], *more: str) -> dict[str, Any]:
        """What ``decide --db`` prints."""
        self.evaluations.write_text("".join(json.dumps(to_json(r)) + "\n" for r in rows))
        arguments = ["decide", "--evaluations", str(self.evaluations), "--db", str(self.db), "--json", *more]
        assert cli.run(arguments) == 0
        printed: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return printed

    def route(self, route: str, at: str) -> None:
        with Store.open(self.db) as store:
            store.add_route(REPO, route, by="ada", how="pull", at=at)

    def verdicts(self) -> list[VerdictRow]:
        with Store.open(self.db) as store:
            return store.verdicts(REPO)


@pytest.fixture
def place(tmp_path: Path, capsys: Output) -> Place:
    return Place(tmp_path, capsys)


@pytest.mark.parametrize("name", LIVES)
def test_each_state_gets_from_the_evaluations_to_the_text(place: Place, name: str) -> None:
    if name in SWITCHED:
        place.route("own", SWITCH)
    printed = place.decide(LIVES[name])
    (row,) = place.verdicts()
    assert printed["state"] == row.state == state_of(name)
    assert printed["recorded"] == {"repo": REPO, "seq": 1, "is_new": True}
    if code_of(name):
        assert row.record["reasons"][0].startswith(f"{code_of(name)}: ")
    body = issue(row.record).body
    assert f"**{row.record['meaning']}**" in body and ("- [ ] " in body) == (name == "ready")


def test_the_same_evidence_is_recorded_once_in_whichever_order(place: Place) -> None:
    rows = list(LIVES["ready"])
    place.decide(rows)
    random.Random(3).shuffle(rows)
    assert place.decide(rows + rows[:5])["recorded"] == {"repo": REPO, "seq": 1, "is_new": False}
    assert place.decide([*rows, *duels([0.2], 61)])["recorded"]["seq"] == 2
    assert place.decide([*rows, *duels([0.2], 61)], "--margin", "0.1")["recorded"]["seq"] == 3
    assert [row.seq for row in place.verdicts()] == [1, 2, 3]


def test_a_whole_life(place: Place) -> None:
    rows, said = list(LIVES["ready"]), []
    said.append(place.decide(rows)["state"])
    place.route("own", time_of(60))
    said.append(place.decide(rows)["state"])
    rows += duels([-0.9] * 20, 61)
    said.append(place.decide(rows)["state"])
    place.route("frontier", time_of(80))
    said.append(place.decide(rows)["state"])
    rows += duels([0.3] * 40, 101, own_adapter="a2")
    said.append(place.decide(rows)["state"])
    assert said == ["ready", "switched", "drifted", "drifted", "ready"]
    passed = place.verdicts()[-1].record["changes"]
    assert (passed[-1]["adapter"], passed[-1]["state"]) == ("a2", "ready")


def test_what_own_lost_while_it_served_keeps_the_flag_down_on_frontier(place: Place) -> None:
    """The audit forgets good times, the verdict does not: without this the flag would go up again at once."""
    rows = [*LIVES["ready"], *duels([0.2] * 240, 61), *duels([-0.9] * 15, 301)]
    assert place.decide(rows)["state"] == "ready"
    place.route("own", time_of(300))
    assert place.decide(rows)["reasons"][0].startswith("switch_back: ")
    place.route("frontier", time_of(316))
    now = place.decide(rows)
    assert now["state"] == "drifted" and now["audit"]["alarmed_at"] is not None


def test_several_repositories_are_told_apart(place: Place, capsys: Output) -> None:
    rows = [*LIVES["ready"], *duels([-0.5] * 60, repo="o/m")]
    assert place.decide(rows, "--repo", REPO)["n"] == 60
    assert cli.run(["decide", "--evaluations", str(place.evaluations), "--db", str(place.db)]) == 2
    assert "the evaluations are of o/m, o/n; say of which with --repo OWNER/NAME" in capsys.readouterr().err


def test_a_purged_repository_is_refused(place: Place, capsys: Output) -> None:
    place.decide(LIVES["ready"])
    assert cli.run(["forget", REPO, "--db", str(place.db)]) == 0
    capsys.readouterr()
    assert cli.run(["decide", "--evaluations", str(place.evaluations), "--db", str(place.db)]) == 2
    assert "o/n: was purged from" in capsys.readouterr().err and place.verdicts() == []


def test_the_text_says_where_it_went(place: Place, capsys: Output) -> None:
    place.decide(LIVES["ready"])
    arguments = ["decide", "--evaluations", str(place.evaluations), "--db", str(place.db)]
    assert cli.run(arguments) == 0
    assert f"says the same as verdict 1 of o/n in {place.db}" in capsys.readouterr().err


def test_a_report_and_the_database_have_the_same_record_and_both_hold(place: Place, capsys: Output) -> None:
    place.decide(LIVES["ready"])
    out = place.folder / "out"
    assert cli.run(["report", "--evaluations", str(place.evaluations), "--out", str(out)]) == 0
    (row,) = place.verdicts()
    assert json.loads((out / "transition.json").read_text()) == row.record
    capsys.readouterr()
    check = ["decide", "--evaluations", str(place.evaluations), "--check", str(out / "transition.json")]
    assert cli.run([*check, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["evaluations_sha256"] == row.evidence_sha256
    place.evaluations.write_text(place.evaluations.read_text() * 2)
    assert cli.run(check) == 0, "a repeated row is no other evidence"
    assert ": holds: ready, own is 20 points ahead" in capsys.readouterr().out
    place.evaluations.write_text(place.evaluations.read_text().replace('"score": 0.2', '"score": 0.3', 1))
    assert cli.run(check) == 1
    assert "transition.json: does not hold: evaluations_sha256: " in capsys.readouterr().err
