"""Sealed forecasts: attempts before the fix, their hashes at once, their scores afterwards."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.decide.pairs import pairs
from pipeline.decide.stream import fold
from pipeline.evaluate import fresh
from pipeline.evaluate.sealed import sha256_of
from pipeline.evaluations import read
from pipeline.steps.evaluating import NOT_SETTLED
from pipeline.store import Store
from pipeline.types import Issue, Link, Pull, Task
from tests.chat_server import SUBMIT, chat_server
from tests.evaluate.conftest import Collected, rows

ISSUE = 9001
SUFFIX = f"/sealed/{ISSUE}"


@dataclasses.dataclass(frozen=True)
class Forecast:
    """A database as it was before the newest pull request was there, and that request."""

    db: Path
    clone: Path
    out: Path
    config: Path
    fix: Pull
    task: Task

    def line(self, *more: str) -> list[str]:
        return ["evaluate", "--db", str(self.db), "--out", str(self.out), "--config", str(self.config), "--json", *more]

    def promoted(self, url: str) -> list[str]:
        """``evaluate`` as a job calls it: own and frontier are endpoints of the config."""
        ends = f"own: {{url: '{url}', model: own}}, frontier: {{url: '{url}', model: test-model}}, "
        config = self.out.with_name("promoted.yml")
        config.write_text(self.config.read_text().replace("evaluate: {", f"evaluate: {{{ends}"))
        words = ["--db", str(self.db), "--out", str(self.out), "--config", str(config), "--promoted", "--json"]
        return ["evaluate", *words, "--rows", str(self.copy)]

    @property
    def copy(self) -> Path:
        return self.out.with_name("copy.jsonl")

    def merge(self, **changed: Any) -> None:
        """The fix is merged: long after, so that the clock of the test does not matter."""
        links = (Link(ISSUE, True, "forge"),)
        late = {"created_at": "2099-01-01T00:00:00Z", "merged_at": "2099-01-02T00:00:00Z", "links": links}
        with Store.open(self.db) as store:
            store.save_pulls([dataclasses.replace(self.fix, **{**late, **changed})])

    def also(self) -> int:
        """Another issue is there and sealed, by own alone; its number."""
        other = ISSUE + 1
        with Store.open(self.db) as store:
            body, opened = "It should be another one, in every case.", "2026-01-01T00:00:00Z"
            store.save_issues([Issue(self.task.repo, other, "Reckon gives no sum", body, "a", opened)])
        assert cli.run(self.line("--sealed", "--issue", str(other), "--model", "own=scripted#mine")) == 0
        return other


@pytest.fixture
def forecast(collected: Collected, tmp_path: Path) -> Forecast:
    db, clone, task = tmp_path / "so.db", tmp_path / "clone.git", collected.tasks[0]
    shutil.copy(collected.db, db)
    run_git("clone", "--quiet", "--bare", str(collected.clone), str(clone))
    head = run_git("-C", str(clone), "symbolic-ref", "HEAD").strip()
    run_git("-C", str(clone), "update-ref", head, task.base_sha)
    with Store.open(db) as store:
        fix = next(pull for pull in store.pulls(task.repo) if pull.number == task.number)
        store.save_repo(task.repo, clone)
        store.forget_pulls(task.repo, [task.number])
        body, opened = "It adds where it should not, in every second case.", "2026-01-01T00:00:00Z"
        store.save_issues([Issue(task.repo, ISSUE, "Reckon gives a wrong sum", body, "someone", opened)])
    return Forecast(db, clone, tmp_path / "out", collected.config, fix, task)


def run_git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def sealed(forecast: Forecast, collected: Collected) -> Forecast:
    """Frontier found the fix, own nothing."""
    perfect = collected.perfect(forecast.task)
    for role, script in (("frontier", perfect), ("own", [SUBMIT])):
        with chat_server(*script) as server:
            asked = forecast.line("--sealed", "--issue", str(ISSUE), "--model", f"{role}={server.url}#test-model")
            assert cli.run(asked) == 0
    return forecast


def test_patches_are_sealed_at_once_and_scored_when_the_fix_is_merged(
    sealed: Forecast, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = {row["role"]: row for row in rows(sealed.out / "sealed.jsonl")}
    assert {row["base_sha"] for row in kept.values()} == {sealed.task.base_sha}
    assert (kept["own"]["patch_sha256"], kept["own"]["exit"]) == (sha256_of(b""), "no_patch")
    patch = sealed.out / "patches" / f"{kept['frontier']['patch_sha256']}.patch"
    assert sha256_of(patch.read_bytes()) == kept["frontier"]["patch_sha256"]

    assert cli.run(sealed.line("--settle")) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["waiting"] == 1
    sealed.merge()
    for _ in range(2):  # settled twice: the same rows
        assert cli.run(sealed.line("--settle")) == 0
        assert json.loads(capsys.readouterr().out)["settled"] == 1
    graded = {row.role: row for row in read([sealed.out / "evaluations.jsonl"])}
    assert len({row.at for row in graded.values()}) == 1, "one delivery, in which own and frontier are a pair"
    assert len(rows(sealed.out / "evaluations.jsonl")) == 2
    assert (graded["frontier"].score, graded["own"].score) == (1.0, 0.0)
    for role, row in graded.items():
        assert (row.number, row.marks, row.sealed_at) == (sealed.task.number, (fresh.SEALED,), kept[role]["at"])
        assert row.task_id == f"{sealed.task.id}/sealed/{ISSUE}" and row.title == sealed.fix.title


def test_the_tests_of_the_fix_score_a_sealed_patch(
    sealed: Forecast, by_command: Collected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forecast = dataclasses.replace(sealed, config=by_command.config)
    forecast.merge()
    assert cli.run(forecast.line("--settle")) == 0
    graded = {row["role"]: row for row in rows(sealed.out / "evaluations.jsonl")}
    found = [(row["measure"], row["score"], row["resolved"], row["recall"], row["marks"]) for row in graded.values()]
    assert sorted(found) == [("tests", 0.0, False, 0.0, ["sealed"]), ("tests", 1.0, True, 1.0, ["sealed"])]
    assert graded["frontier"]["score"] == 1.0
    shutil.rmtree(tmp_path / "cache")  # what is scored is not run again
    assert cli.run(forecast.line("--settle")) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["settled"] == 1
    assert len(rows(sealed.out / "evaluations.jsonl")) == 2


def test_the_same_command_again_makes_nothing_twice(sealed: Forecast, collected: Collected) -> None:
    before = (sealed.out / "sealed.jsonl").read_bytes()
    with chat_server(*collected.perfect(sealed.task)) as server:
        asked = sealed.line("--sealed", "--issue", str(ISSUE), "--model", f"frontier={server.url}#test-model")
        assert cli.run(asked) == 0
        assert len(server.requests) == 0
        (sealed.out / "sealed.jsonl").write_bytes(before.splitlines(keepends=True)[1])  # killed before it was written
        assert cli.run(asked) == 0
        assert len(server.requests) == 0
    assert sorted(row["role"] for row in rows(sealed.out / "sealed.jsonl")) == ["frontier", "own"]


def test_a_changed_setting_seals_no_attempt_twice(sealed: Forecast, collected: Collected) -> None:
    before = (sealed.out / "sealed.jsonl").read_bytes()
    with chat_server(*collected.perfect(sealed.task)) as server:
        model = f"frontier={server.url}#test-model"
        asked = ["--sealed", "--issue", str(ISSUE), "--model", model, "--seed", "7"]
        assert cli.run(sealed.line(*asked)) == 0
        assert len(server.requests) == 0 and (sealed.out / "sealed.jsonl").read_bytes() == before
        assert cli.run(sealed.line(*asked, "--attempts", "frontier=2")) == 0
    found = [(row["role"], row["attempt"]) for row in rows(sealed.out / "sealed.jsonl")]
    assert sorted(found) == [("frontier", 0), ("frontier", 1), ("own", 0)]


def test_what_is_scored_is_not_read_again(sealed: Forecast, capsys: pytest.CaptureFixture[str]) -> None:
    sealed.merge()
    assert cli.run(sealed.line("--settle")) == 0
    before = (sealed.out / "evaluations.jsonl").read_bytes()
    shutil.rmtree(sealed.out / "patches")
    assert cli.run(sealed.line("--settle")) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["settled"] == 1
    assert (sealed.out / "evaluations.jsonl").read_bytes() == before


def test_one_pull_request_may_close_two_sealed_issues(sealed: Forecast, capsys: pytest.CaptureFixture[str]) -> None:
    other = sealed.also()
    sealed.merge(links=(Link(ISSUE, True, "forge"), Link(other, True, "forge")))
    assert cli.run(sealed.line("--settle")) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["settled"] == 2
    found = [
        (row["task_id"].removeprefix(sealed.task.id), row["role"]) for row in rows(sealed.out / "evaluations.jsonl")
    ]
    assert sorted(found) == [(SUFFIX, "frontier"), (SUFFIX, "own"), (f"/sealed/{other}", "own")]
    models = {row["model"] for row in rows(sealed.out / "evaluations.jsonl") if row["task_id"].endswith(str(other))}
    assert models == {"mine"}, "as the attempts after the merge are called: the same version"
    assert len({row["at"] for row in rows(sealed.out / "evaluations.jsonl")}) == 2, "two deliveries: the first counts"


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_a_patch_that_was_touched_is_found_by_its_hash(
    how: str, sealed: Forecast, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(row for row in rows(sealed.out / "sealed.jsonl") if row["role"] == "frontier")
    patch = sealed.out / "patches" / f"{row['patch_sha256']}.patch"
    if how == "changed":
        patch.write_bytes(patch.read_bytes().replace(b"+", b"-", 1))
    else:
        patch.unlink()
    sealed.merge()
    assert cli.run(sealed.line("--settle")) == 1
    assert "the sealed patch of frontier on issue 9001" in capsys.readouterr().err
    assert rows(sealed.out / "evaluations.jsonl") == []


def test_a_patch_that_came_after_the_fix_is_no_forecast(sealed: Forecast, capsys: pytest.CaptureFixture[str]) -> None:
    sealed.merge(created_at="2026-01-02T00:00:00Z")
    assert cli.run(sealed.line("--settle")) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["left_out"] == {fresh.SEALED_TOO_LATE: 1}
    assert [row["reason"] for row in rows(sealed.out / "left_out.jsonl")] == [fresh.SEALED_TOO_LATE]
    assert rows(sealed.out / "evaluations.jsonl") == []


def test_those_that_came_in_time_count_without_the_late_ones(
    sealed: Forecast, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = rows(sealed.out / "sealed.jsonl")
    late = [{**row, "at": "2099-01-01T12:00:00Z"} if row["role"] == "own" else row for row in lines]
    (sealed.out / "sealed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in late))
    sealed.merge()
    assert cli.run(sealed.line("--settle")) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["settled"], said["left_out"]) == (1, {fresh.SEALED_TOO_LATE: 1})
    assert [row["role"] for row in rows(sealed.out / "evaluations.jsonl")] == ["frontier"]
    assert [row["reason"] for row in rows(sealed.out / "left_out.jsonl")] == [fresh.SEALED_TOO_LATE]


def test_mistakes_are_told(forecast: Forecast, capsys: pytest.CaptureFixture[str]) -> None:
    model = ["--model", "own=scripted#scripted"]

    def says(*more: str) -> str:
        assert cli.run(forecast.line(*more)) == 2
        return capsys.readouterr().err.splitlines()[-1]

    assert "give both, or none" in says("--sealed", *model)
    assert "give both, or none" in says("--issue", "1", *model)
    assert "two steps" in says("--sealed", "--settle", "--issue", "1")
    for choice in (["--pull", "1"], ["--task", forecast.task.id], ["--newest", "1"]):
        assert "leave out --pull, --task and --newest" in says("--sealed", "--issue", "1", *model, *choice)
    assert "--rows with the other" in says("--settle", "--rows", str(forecast.copy))
    assert "--model is missing" in says()
    assert "--model is missing" in says("--sealed", "--issue", str(ISSUE))
    assert "no such issue" in says("--sealed", "--issue", "9002", *model)
    forecast.merge()
    assert f"pull request {forecast.fix.number} closes it already" in says("--sealed", "--issue", str(ISSUE), *model)


def test_a_job_seals_with_whoever_is_promoted_and_scores_with_the_fix(
    forecast: Forecast, collected: Collected, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the issue's own lines go out with its run, and only the fix's rows with the fix's."""
    perfect = collected.perfect(forecast.task)
    with chat_server(scripts={"wrong sum": perfect, "": [SUBMIT]}) as server:
        server.by_turn = True  # own and frontier ask the same
        asked = forecast.promoted(server.url)
        assert cli.run([*asked, "--sealed", "--issue", str(ISSUE)]) == 0
        assert json.loads(capsys.readouterr().out)["sealed"] == 2
        kept = (forecast.out / "sealed.jsonl").read_bytes()
        assert forecast.copy.read_bytes() == kept and sorted(row["role"] for row in rows(forecast.copy)) == [
            "frontier", "own",
        ]  # fmt: skip
        with Store.open(forecast.db) as store:
            body, opened = "It should be another one, in every case.", "2026-01-01T00:00:00Z"
            store.save_issues([Issue(forecast.task.repo, 9002, "Reckon gives a wrong sum", body, "a", opened)])
        assert cli.run([*asked, "--sealed", "--issue", "9002"]) == 0
        assert {row["issue"] for row in rows(forecast.copy)} == {9002}
        capsys.readouterr()

        forecast.merge()
        run_git("-C", str(forecast.clone), "fetch", "--quiet", str(collected.clone), "+refs/heads/*:refs/heads/*")
        assert cli.run([*asked, "--pull", str(forecast.task.number)]) == 0
        assert json.loads(capsys.readouterr().out)["left_out"] == {}
    found = rows(forecast.copy)
    assert {row["number"] for row in found} == {forecast.task.number}
    scores = {(row["task_id"].removeprefix(forecast.task.id), row["role"]): row["score"] for row in found}
    assert scores.keys() == {(task, role) for task in ("", SUFFIX) for role in ("own", "frontier")}
    assert scores[SUFFIX, "own"] == scores[SUFFIX, "frontier"] == 1.0
    (pair,) = pairs(fold(read([forecast.copy])))
    assert pair.own and pair.frontier_side and pair.own.score == pair.frontier_side.score == 1.0
    assert pair.at == next(row["at"] for row in found if row["sealed_at"]), "what was sealed is what counts"


def test_a_patch_that_was_touched_keeps_no_other_issue_waiting(
    sealed: Forecast, collected: Collected, capsys: pytest.CaptureFixture[str]
) -> None:
    other = sealed.also()
    whose = {row["patch_sha256"]: row["issue"] for row in rows(sealed.out / "sealed.jsonl")}
    next(sealed.out.glob(f"patches/{next(sha for sha, issue in whose.items() if issue == ISSUE)}.patch")).unlink()
    sealed.merge()
    sealed.merge(number=9999, links=(Link(other, True, "forge"),))
    assert cli.run(sealed.line("--settle")) == 1
    assert "on issue 9001 cannot be read" in capsys.readouterr().err
    assert {row["task_id"] for row in rows(sealed.out / "evaluations.jsonl")} == {
        f"{sealed.task.repo}#9999/sealed/{other}"
    }


def test_a_failing_settlement_loses_no_row_of_the_run(
    sealed: Forecast, collected: Collected, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(sealed.out / "patches")
    sealed.merge()
    run_git("-C", str(sealed.clone), "fetch", "--quiet", str(collected.clone), "+refs/heads/*:refs/heads/*")
    with chat_server(SUBMIT) as server:
        assert cli.run([*sealed.promoted(server.url), "--pull", str(sealed.task.number)]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out.splitlines()[-1])["left_out"] == {NOT_SETTLED: 1}
    assert "the sealed patch of" in captured.err
    assert [row["role"] for row in rows(sealed.copy)] == ["frontier", "own"]


def test_what_a_job_cannot_seal_is_counted_and_starts_nothing(
    forecast: Forecast, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = forecast.promoted("http://127.0.0.1:9/v1")  # nobody answers there, and nobody is asked

    def counted(issue: int) -> Any:
        assert cli.run([*asked, "--sealed", "--issue", str(issue)]) == 0
        assert forecast.copy.read_bytes() == b"" and not (forecast.out / "sealed.jsonl").exists()
        return json.loads(capsys.readouterr().out)["left_out"]

    assert counted(9002) == {"no_such_issue": 1}
    with Store.open(forecast.db) as store:
        store.save_issues([Issue(forecast.task.repo, 9003, "Help", "", "a", "2026-01-01T00:00:00Z")])
    assert counted(9003) == {"no_text": 1}
    forecast.merge()
    assert counted(ISSUE) == {"closed_by_pull": 1}
