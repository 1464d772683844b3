"""``switchover evaluate`` as a job calls it: --pull, --promoted, --rows; what makes no task is no failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.adapters import open_registry
from pipeline.collect import tasks as tasks_in
from pipeline.config import parse
from pipeline.errors import InputError
from pipeline.evaluate.line_up import Model
from pipeline.folders import held
from pipeline.settings import CollectConfig
from pipeline.steps.promoted import line_up
from pipeline.steps.retrain import with_registry
from pipeline.store import Store
from tests.adapters.made import gated
from tests.chat_server import ChatServer
from tests.evaluate.conftest import CONFIG, Collected, rows
from tests.graded import graded

REPO = "octo-tally/reckon"


@pytest.fixture
def config(tmp_path: Path, server: ChatServer) -> Path:
    """Own and frontier are endpoints."""
    path = tmp_path / "promoted.yml"
    ends = f"own: {{url: '{server.url}', model: own}}, frontier: {{url: '{server.url}', model: test-model}}, "
    path.write_text(CONFIG.replace("evaluate: {", f"evaluate: {{{ends}"))
    return path


def ran(capsys: pytest.CaptureFixture[str], collected: Collected, config: Path, out: Path, *more: str) -> Any:
    words = ["--db", str(collected.db), "--config", str(config), "--out", str(out), "--promoted", "--json"]
    capsys.readouterr()
    assert cli.run(["evaluate", *words, *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_numbers_asked_for_and_their_rows_alone(
    tmp_path: Path, collected: Collected, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (task.number for task in collected.tasks[:2])
    out, copy = tmp_path / "out", tmp_path / "copy" / "rows.jsonl"
    ran(capsys, collected, config, out, "--pull", str(one))
    done = ran(capsys, collected, config, out, "--pull", str(two), "--pull", str(two), "--rows", str(copy))
    assert (done["tasks"], done["rollouts"], done["regraded"]) == (1, 2, 0)
    assert [(row["number"], row["role"]) for row in rows(copy)] == [(two, "frontier"), (two, "own")]
    assert {row["number"] for row in rows(out / "evaluations.jsonl")} == {one, two}
    again = ran(capsys, collected, config, out, "--pull", str(one), "--rows", str(copy))
    assert (again["rollouts"], again["regraded"], {row["number"] for row in rows(copy)}) == (0, 0, {one})


def test_one_that_makes_no_task_is_counted_and_starts_nothing(
    tmp_path: Path, collected: Collected, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(collected.db) as store:
        gone = next(task for task in tasks_in(store, CollectConfig()) if task.left_out)
        never = next(row for row in store.left_out() if row.thing == "pull" and row.id.isdigit())
    config = tmp_path / "nowhere.yml"  # nobody answers there, and nobody is asked
    ends = "{url: 'http://127.0.0.1:9/v1', model: m}"
    config.write_text(f"evaluate: {{own: {ends}, frontier: {ends}}}\n")
    numbers = ["--pull", str(gone.number), "--pull", never.id]
    done = ran(capsys, collected, config, tmp_path / "out", *numbers, "--rows", str(tmp_path / "rows"))
    assert done["tasks"] == 0 and sum(done["left_out"].values()) == 2 and gone.left_out in done["left_out"]
    assert (tmp_path / "rows").read_bytes() == b""


def test_a_repository_without_a_task_is_no_failure_of_a_job(
    tmp_path: Path, collected: Collected, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("collect: {skip_authors: ['*']}\n" + config.read_text())
    done = ran(capsys, collected, config, tmp_path / "out", "--newest", "3")
    assert done["tasks"] == 0 and set(done["left_out"]) >= {"skipped_author"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--promoted", "--pull", "99999"], "has no such merged pull request"),
        (["--promoted", "--model", "own=scripted#scripted"], "leave --model and --adapter out"),
        (["--promoted", "--adapter", "x"], "leave --model and --adapter out"),
        (["--promoted", "--settle"], "--promoted is not for --settle"),
        (["--pull", "1"], "--model is missing"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, collected: Collected, config: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    words = ["evaluate", "--db", str(collected.db), "--config", str(config), "--out", str(tmp_path / "out")]
    assert cli.run([*words, *more]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_the_endpoint_of_the_config_stands_for_the_promoted_adapter_whose_cut_off_it_keeps(
    tmp_path: Path, config: Path
) -> None:
    settings = parse(config.read_text(), "c")
    with line_up(settings, REPO, tmp_path) as found:
        assert found.adapter is None and set(found.models) == {"own", "frontier"}
    registry = open_registry(tmp_path / "registry")
    registry.promote(registry.add(gated(tmp_path / "a", repos=(REPO,))))
    with line_up(with_registry(settings, str(tmp_path / "registry")), REPO, tmp_path) as found:
        assert found.models["own"] == Model(settings.evaluate.own.url or "", "own")
        assert found.adapter and (found.adapter / "switchover.json").is_file()


def test_without_either_there_is_nobody_to_evaluate(tmp_path: Path) -> None:
    frontier = "frontier: {url: scripted, model: scripted}"
    settings = parse(f"evaluate: {{{frontier}}}\nadapters: {{registry: {tmp_path}/registry}}\n", "c")
    with (
        pytest.raises(InputError, match=r"no adapter is promoted .*switchover retrain"),
        line_up(settings, REPO, tmp_path),
    ):
        raise AssertionError("somebody takes part")
    with pytest.raises(InputError, match=r"frontier\.url is not set"), line_up(parse("", "c"), REPO, tmp_path):
        raise AssertionError("somebody takes part")


def test_where_another_is_at_work_nothing_is_served_first(
    tmp_path: Path, collected: Collected, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a second engine would take the first one's memory, and its adapters."""
    config, out = tmp_path / "none.yml", tmp_path / "out"
    config.write_text(f"adapters: {{registry: {tmp_path}/registry}}\n")
    words = ["evaluate", "--db", str(collected.db), "--config", str(config), "--out", str(out), "--promoted"]
    with held(out, "evaluate"):
        assert cli.run([*words, "--pull", str(collected.tasks[0].number)]) == 2
    assert "another evaluate is at work" in capsys.readouterr().err
    assert cli.run([*words, "--pull", str(collected.tasks[0].number)]) == 2
    assert "another" not in capsys.readouterr().err, "nobody to evaluate"


def test_rows_of_all_are_copied_as_they_are(tmp_path: Path) -> None:
    from pipeline.evaluate.pulls import copy_rows
    from pipeline.types import to_json

    source, target = tmp_path / "e.jsonl", tmp_path / "to" / "f.jsonl"
    source.write_text("".join(json.dumps(to_json(graded(n))) + "\n" for n in (1, 2, 3)) + '{"torn')
    assert copy_rows(source, [], target) == 3 and copy_rows(source, [2, 9], target) == 1
    assert target.read_text() == source.read_text().splitlines(keepends=True)[1]
