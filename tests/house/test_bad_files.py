"""Files, databases and servers that are not what they should be."""

from __future__ import annotations

import json
import resource
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import cli, store
from pipeline.rollout import scripted
from tests.house.conftest import ROW, SAMPLE, Refused

JUDGE = "decide --evaluations {}"
TRAIN = "train --samples {} --base small --out OUT"
PAYLOADS = "collect demo/reckon --db OUT --payloads {}"
GOOD, BAD = json.dumps(ROW), '{"at": oops'


def changed(row: dict[str, object], **values: object) -> str:
    return json.dumps({**row, **values})


@pytest.mark.parametrize(
    ("command", "text", "says"),
    [
        (JUDGE, f"{GOOD}\n{BAD}\n{GOOD}\n", ":2: not JSON (Expecting value: line 1 column 8 (char 7)); mend or remove"),
        (JUDGE, "[1]\n", ":1: list where an object was expected"),
        (
            JUDGE,
            f"{GOOD}\n{changed(ROW, score='high')}\n",
            ":2: field 'score' is 'high', expected a number from 0 to 1",
        ),
        (JUDGE, changed(ROW, score=float("nan")), ":1: field 'score' is nan"),
        (JUDGE, changed(ROW, role="judge"), "field 'role' is 'judge', expected own, base or frontier"),
        (JUDGE, changed(ROW, cost_usd=-1), "field 'cost_usd' is -1"),
        (JUDGE, changed(ROW, number=True), "field 'number' is True"),
        (JUDGE, json.dumps({k: v for k, v in ROW.items() if k != "score"}), "field 'score' is missing; mend"),
        ("report --out OUT --evaluations {}", f"{BAD}\n{GOOD}\n", ":1: not JSON"),
        (TRAIN, "", "no sample in it; see left_out.jsonl"),
        (TRAIN, f"{json.dumps(SAMPLE)}\n{BAD}\n", ":2: not JSON"),
        (TRAIN, GOOD, "sample 1 (no id): messages is None, expected a list that is not empty"),
        (TRAIN, changed(SAMPLE, messages=[{"role": "judge"}]), "messages[0]: role is not one of assistant"),
        (TRAIN, changed(SAMPLE, tools=["bash"]), "tools[0]: 'bash' is no tool; give the OpenAI form"),
        (TRAIN, changed(SAMPLE, base_time=5), "base_time is 5, expected a text or null"),
        (
            TRAIN,
            changed(SAMPLE, messages=[{"role": "assistant", "tool_calls": 7}]),
            "messages[0]: tool_calls is 7, expected a list",
        ),
        (PAYLOADS, '{"number": "x"}\n', ":1: 'number' is 'x', expected a pull request's"),
        (PAYLOADS, "[]\n", ":1: list where an object was expected"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(
    refused: Refused, tmp_path: Path, command: str, text: str, says: str
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    said = refused(command.format(file))
    assert str(file) in said and says in said


def test_bytes_where_rows_should_be(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(bytes(range(256)))
    assert f"{tmp_path}/rows:1: not JSON" in refused(JUDGE.format(tmp_path / "rows"))


def test_a_torn_last_line_is_reported_and_dropped(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows").write_text(f"{GOOD}\n{GOOD[:40]}")
    assert cli.run(["decide", "--json", "--evaluations", str(tmp_path / "rows")]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["state"] and "rows:2: dropped a torn last line of 40 bytes" in err


@pytest.mark.parametrize("name", ["rollouts.jsonl", "evaluations.jsonl", "left_out.jsonl"])
def test_a_row_to_go_on_from_that_lacks_a_field_is_named(refused: Refused, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text('{"reason": 3}\n')
    said = refused("evaluate --db ok.db --model own=scripted --newest 1 --out OUT")
    assert f"out/{name}: row 1: field '" in said


def test_status_names_the_row_that_lacks_a_field(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "evaluations.jsonl").write_text('{"role": "own"}\n')
    assert "evaluations.jsonl: row 1: field 'task_id' is missing; mend" in refused("status --out OUT")


CONFIGS = {
    "decide: {margn: 0.1}": "unknown key 'margn' in 'decide'; did you mean 'margin'?",
    "decide: {margin: 5}": "decide.margin: 5.0 is above 1; it is a share",
    "decide: {margin: 0.1": "not YAML, mend it: while parsing a flow mapping at line 1",
    "decide:\n\tmargin: 1": "found character '\\t' that cannot start any token at line 2",
    "[1]": "expected keys and values, got [1]",
    "train: {rank: high}": "train.rank: expected a whole number, got 'high'",
}
VERBS_WITH_CONFIG = [
    "collect demo/reckon --db OUT",
    "tasks --db ok.db",
    "generate --repo demo/reckon --out OUT --teacher-model scripted",
    "train --samples samples.jsonl --out OUT",
    "evaluate --db ok.db --out OUT --model own=scripted",
    "decide --evaluations ok.jsonl",
    "report --evaluations ok.jsonl --out OUT",
    "cycle --repo demo/reckon --out OUT",
]


@pytest.mark.parametrize(("text", "says"), CONFIGS.items())
def test_a_bad_config_is_refused(refused: Refused, tmp_path: Path, text: str, says: str) -> None:
    config = tmp_path / "c.yml"
    config.write_text(text)
    said = refused(f"decide --evaluations ok.jsonl --config {config}")
    assert str(config) in said and says in said


@pytest.mark.parametrize("command", VERBS_WITH_CONFIG)
def test_every_verb_with_a_config_refuses_a_bad_one_and_a_missing_one(
    refused: Refused, tmp_path: Path, command: str
) -> None:
    (tmp_path / "c.yml").write_text("decid: {}")
    assert "unknown key 'decid'; did you mean 'decide'?" in refused(f"{command} --config {tmp_path}/c.yml")
    assert "nope.yml: No such file or directory; give an existing file" in refused(f"{command} --config nope.yml")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("db", "says"),
    [("file", "not a usable SQLite database"), ("newer.db", "written by a newer version (step 'later'); update")],
)
@pytest.mark.parametrize(
    "command",
    [
        "collect demo/reckon --db",
        "tasks --db",
        "evaluate --out OUT --model own=scripted --db",
        "generate --repo demo/reckon --out OUT --teacher-model scripted --db",
    ],
)
def test_a_database_that_cannot_be_used_is_named(refused: Refused, command: str, db: str, says: str) -> None:
    said = refused(f"{command} {db}")
    assert said.startswith(f"switchover: {db}: ") and says in said


def test_a_locked_database_is_waited_for_and_then_named(
    refused: Refused, tmp_path: Path, mistakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").write_bytes((mistakes / "ok.db").read_bytes())
    monkeypatch.setattr(store.base, "WAIT_SECONDS", 0.1)
    holder = sqlite3.connect(tmp_path / "out")
    holder.execute("BEGIN IMMEDIATE")
    said = refused("collect demo/reckon --db OUT", status=1)
    assert "out: cannot be written (database is locked); free it" in said
    holder.close()
    assert cli.run(["collect", "demo/reckon", "--db", str(tmp_path / "out")]) == 0


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


Ask = Callable[[str, str], str]
"""The command line that asks a model at a URL."""

ASKS: list[Ask] = [
    lambda url, model: f"evaluate --db ok.db --newest 1 --out OUT --model base={url}#{model}",
    lambda url, model: f"generate --repo demo/reckon --samples 1 --out OUT --teacher-url {url} --teacher-model {model}",
]


@pytest.mark.parametrize("ask", ASKS)
def test_an_endpoint_that_is_down_is_a_failure_that_the_same_command_gets_over(refused: Refused, ask: Ask) -> None:
    url = f"http://127.0.0.1:{closed_port()}/v1"
    said = refused(ask(url, "m"), status=1)
    assert f"{url}: model 'm': connection refused; is the server up?" in said


@pytest.mark.parametrize("ask", ASKS)
def test_a_model_that_is_not_served_is_named_with_those_that_are(refused: Refused, ask: Ask) -> None:
    with scripted.serve() as url:
        said = refused(ask(url, "glm"), status=1)
    assert f"{url}: model 'glm': " in said and "it serves scripted" in said


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize(
    ("url", "says"),
    [("http://[::1/v1", "Invalid IPv6 URL"), ("http://h:99999/v1", "Port out of range"), ("http://u:p@h/v1", "by env")],
)
def test_an_impossible_url_is_refused_before_anything_is_asked(refused: Refused, ask: Ask, url: str, says: str) -> None:
    said = refused(ask(url, "m"))
    assert says in said and "u:p" not in said


FULL = {
    "collect demo/reckon --db {}/so.db": 20_000,
    "report --evaluations ok.jsonl --out {}": 4_000,
    "generate --repo demo/reckon --out {} --teacher-model scripted --samples 1": 2_000,
}


@pytest.mark.parametrize(("line", "most"), FULL.items())
def test_no_space_left_is_one_line_and_the_same_command_goes_on(
    mistakes: Path, tmp_path: Path, line: str, most: int
) -> None:
    """A limit on the size of files stands for the full disk."""
    command = [sys.executable, "-m", "pipeline.cli", *line.format(tmp_path).split()]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    ran = subprocess.run(command, cwd=mistakes, preexec_fn=limit, capture_output=True, text=True)
    assert ran.returncode in (1, 2) and ran.stdout == "" and "Traceback" not in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("switchover: ")
    assert subprocess.run(command, cwd=mistakes, capture_output=True).returncode == 0
