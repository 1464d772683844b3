"""``switchover report`` from the outside."""

import json
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.decide import judge
from pipeline.report import write_report
from pipeline.report.files import fingerprint
from pipeline.types import to_json
from tests.decide.rows import duels
from tests.report.stories import story


def save(path: Path, rows: list[object]) -> str:
    path.write_text("".join(json.dumps(to_json(r)) + "\n" for r in rows))
    return str(path)


def test_the_five_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = story(6)
    path = save(tmp_path / "e.jsonl", list(rows))
    assert run(["report", "--evaluations", path, "--out", str(tmp_path / "out"), "--pr", "1206", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    names = [Path(name).name for name in answer["files"]]
    assert (
        names == ["report.html", "report.md", "comment.md", "verdict.json", "transition.json"] and answer["pulls"] == 6
    )
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(names)
    record = json.loads((tmp_path / "out" / "verdict.json").read_text())
    verdict = judge(rows)
    assert {key: record[key] for key in verdict} == json.loads(json.dumps(verdict))
    assert record["evaluations_sha256"] == fingerprint(rows) and record["settings"]["margin"] == 0.05
    assert set(record["versions"]) == {"switchover", "python"}


def test_the_comment_is_about_the_pull_request_that_was_named(tmp_path: Path) -> None:
    rows = duels([0.25, 0.75])
    for number, score in ((1, "0.25"), (2, "0.75")):
        write_report(tmp_path, rows, title="o/n", pr=number)
        assert f"| own | {score} |" in (tmp_path / "comment.md").read_text()
    write_report(tmp_path, rows, title="o/n")
    assert "| own | 0.75 |" in (tmp_path / "comment.md").read_text(), "the newest by default"


def test_an_unknown_pull_request_names_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "e.jsonl", list(duels([0.1] * 25)))
    assert run(["report", "--evaluations", path, "--out", str(tmp_path / "out"), "--pr", "99"]) == 2
    message = capsys.readouterr().err
    assert "no evaluation of pull request 99; known: 6, 7," in message and "25 and 5 older" in message
    assert not (tmp_path / "out").exists()


def test_nothing_evaluated_makes_a_page_without_a_comment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "--evaluations", save(tmp_path / "e.jsonl", []), "--out", str(tmp_path / "out")]) == 0
    names = [Path(line).name for line in capsys.readouterr().out.split()]
    assert names == ["report.html", "report.md", "verdict.json", "transition.json"]


def test_an_unusable_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "e.jsonl", list(duels([0.1])))
    assert run(["report", "--evaluations", path, "--out", f"{path}/out"]) == 2
    assert "choose another --out" in capsys.readouterr().err


def test_a_verdict_made_elsewhere_is_shown_as_it_is(tmp_path: Path) -> None:
    rows = duels([0.0] * 30)
    verdict = judge(rows) | {"state": "drifted"}
    write_report(tmp_path, rows, verdict, title="o/n")
    assert "</span>drifted</p>" in (tmp_path / "report.html").read_text()


def test_what_training_cost_and_until_when_it_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for day in range(1, 5) for row in duels([0.1], day, merged_at=f"2026-01-0{day}T00:00:00Z")]
    line = ["report", "--evaluations", save(tmp_path / "e.jsonl", list(rows)), "--out", str(tmp_path / "out")]
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "switchover.json").write_text(json.dumps(CARD))
    assert run([*line, "--fixed-usd", "18", "--adapter", str(tmp_path / "adapter")]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "after about 10 PRs on own, around 2026-01-14, of the $18.00 spent on training" in page
    assert "2025-12-31" in page.split('<table class="versions">')[1].split("</table>")[0]
    assert run([*line, "--fixed-usd", "0"]) == 2
    assert run([*line, "--adapter", str(tmp_path / "none")]) == 2
    assert "--fixed-usd" in capsys.readouterr().err


CARD = {
    "trained_until": "2025-12-31T00:00:00Z", "trained_until_commit": None, "made_at": "2026-01-01T00:00:00Z",
    "base": "small", "samples_sha256": "", "sha256": "a1", "chat_template_sha256": "", "tools": [], "config": {},
    "versions": {}, "seed": 0, "device": "cpu", "samples": 1, "left_out": {}, "sequences": 1, "steps": 1,
    "tokens": 1, "labelled_tokens": 1, "loss": None, "first_loss": None, "seconds": 1.0,
    "gpu_hours": 0.0, "cost_usd": None,
}  # fmt: skip
