"""An agent of others as the frontier: ``--model frontier=command:NAME`` from the command line to the row."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import cli
from pipeline.evaluations import read
from pipeline.git import git
from tests.evaluate.conftest import CONFIG, Collected, rows

AGENT = """
evaluate:
  measure: recall
  agents:
    claude:
      command: "bash {programs}/agent {{prompt_file}}"
      model: other-agent
      output: regex
      patterns: {{tokens_in: 'in=(\\d+)', tokens_out: 'out=(\\d+)', cost_usd: '\\$([0-9.]+)'}}
      toolchains: ["{programs}"]
"""


def test_an_agent_command_is_evaluated_like_a_model(collected: Collected, tmp_path: Path) -> None:
    task = collected.tasks[0]
    programs = tmp_path / "programs"
    programs.mkdir()
    steps = ["test -s $1 || exit 9"]
    for path in task.files:
        text = git(collected.clone, "show", f"{task.merge_sha}:{path}").decode()
        (programs / Path(path).name).write_text(text)
        steps.append(f"cp {programs}/{Path(path).name} {path}")
    (programs / "agent").write_text("\n".join([*steps, "echo 'in=1200 out=34 $0.05'"]))
    config = tmp_path / "config.yml"
    config.write_text(AGENT.format(programs=programs))
    line = ["evaluate", "--db", str(collected.db), "--out", str(tmp_path / "out"), "--config", str(config),
            "--task", task.id, "--model", "frontier=command:claude", "--model", "own=scripted#scripted"]  # fmt: skip
    for _ in range(2):
        assert cli.run(line) == 0
    found = {row.role: row for row in read([tmp_path / "out" / "evaluations.jsonl"])}
    assert len(rows(tmp_path / "out" / "rollouts.jsonl")) == 3, "own twice, the agent once, nothing twice"
    frontier = found["frontier"]
    assert (frontier.agent, frontier.model, frontier.score, frontier.exit) == (
        "claude",
        "other-agent",
        1.0,
        "submitted",
    )
    assert (frontier.tokens_in, frontier.tokens_out, frontier.cost_usd) == (1200, 34, 0.05)
    assert found["own"].agent == ""


@pytest.mark.parametrize(
    ("agents", "says"),
    [
        ("", "no such agent in evaluate.agents (there: none)"),
        ("evaluate: {agents: {x: {command: 'c {prompt_file}'}}}", "(there: x)"),
        ("evaluate: {agents: {claude: {command: 'c'}}}", "lacks {prompt_file}"),
        ("evaluate: {agents: {claude: {}}}", "'command' is missing"),
    ],
)
def test_a_mistake_is_one_line(
    agents: str, says: str, collected: Collected, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yml").write_text(agents or CONFIG)
    line = [
        "evaluate",
        "--db",
        str(collected.db),
        "--out",
        str(tmp_path / "out"),
        "--config",
        str(tmp_path / "config.yml"),
    ]
    assert cli.run([*line, "--model", "frontier=command:claude"]) == 2
    assert says in capsys.readouterr().err.splitlines()[-1]
