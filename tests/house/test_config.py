"""The config: defaults, every kind of mistake, and what never gets in."""

from pathlib import Path

import pytest

from pipeline import config
from pipeline.errors import InputError
from pipeline.trial import config_or_trial, trial_config


def test_defaults_without_a_file(tmp_path: Path) -> None:
    assert config.load(None, tmp_path) == config.Config()


def test_the_contract_example_is_accepted() -> None:
    parsed = config.parse("""
collect:  {since: 2025-01-01, skip_paths: ["vendor/**"], skip_labels: [no-train], skip_authors: ["*[bot]"],
           redact: true}
generate: {teacher: {url: "http://gpu:8001/v1", model: glm}, samples: 4000, keep_recall_from: 0.5, limit_usd: 500}
train:    {base: Qwen/Qwen3-32B, rank: 64, context_tokens: 32768, retrain_after_pulls: 100}
evaluate: {frontier: {url: "https://api.example.com/v1", model: f, knowledge_until: 2026-06-30},
           attempts: {own: 2, base: 1, frontier: 1}, backtest_pulls: 120, limit_usd: 60, test_command: null}
decide:   {margin: 0.05, error_chance: 0.05, value_of_solved_pull_usd: null}
serve:    {route: frontier}
report:   {comment: every_pull}
prices:   {f: {usd_per_million_in: 3, usd_per_million_out: 15}}
""")
    assert parsed.collect.since == "2025-01-01"
    assert parsed.evaluate.frontier.knowledge_until == "2026-06-30"
    assert parsed.generate.limit_usd == 500.0
    assert parsed.prices["f"].usd_per_million_in == 3.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("generate: {samplez: 3}", "unknown key 'samplez' in 'generate'; did you mean 'samples'?"),
        ("evaluate: {attempts: {onw: 3}}", "in 'evaluate.attempts'; did you mean 'own'?"),
        ("trian: {}", "did you mean 'train'?"),
        ("a: [", "not YAML"),
        ("[1]", "expected keys and values"),
        ("train: {rank: high}", "train.rank: expected a whole number, got 'high'"),
        ("train: {rank: true}", "expected a whole number"),
        ("train: {rank: -1}", "below 1"),
        ("evaluate: {backtest_pulls: 0}", "evaluate.backtest_pulls: 0 is below 1"),
        ("generate: {limit_usd: -0.5}", "-0.5 is below 0"),
        ("collect: {since: soon}", "collect.since: 'soon' is not a date"),
        ("collect: {since: 2025-02-30}", "a date that does not exist (day is out of range for month)"),
        ("evaluate: {frontier: {knowledge_until: 20260630}}", "expected a text"),
        ("evaluate: {frontier: {knowledge_until: '20260630'}}", "write it as 2025-01-31"),
        ("serve: {route: nobody}", "'nobody' is no route; give own, frontier or canary"),
        ("serve: {route: canary=2}", "is no route"),
        ("collect: {redact: 1}", "expected true or false"),
        ("collect: {skip_paths: vendor}", "expected a list of texts"),
        ("decide: {margin: 5}", "5 points are 0.05"),
        ("decide: {margin: .nan}", "not a finite number"),
        ("report: {comment: daily}", "every_pull, weekly, never"),
        ("prices: [1]", "expected keys and values"),
        ("prices: {m: {usd: 1}}", "unknown key 'usd' in 'prices.m'"),
        ("generate: {limit_usd: .inf}", "generate.limit_usd: inf is not a finite number"),
    ],
)
def test_a_mistake_is_named(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        config.parse(text, "switchover.yml")
    message = str(caught.value)
    assert message.startswith("switchover.yml: ") and "\n" not in message
    assert says in message


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nope\.yml"):
        config.load(tmp_path / "nope.yml")
    with pytest.raises(InputError, match="directory"):
        config.load(tmp_path)
    (tmp_path / "latin.yml").write_bytes(b"train: {base: caf\xe9}")
    with pytest.raises(InputError, match="not UTF-8 at byte"):
        config.load(tmp_path / "latin.yml")


def test_an_empty_file_means_defaults(tmp_path: Path) -> None:
    (tmp_path / "empty.yml").write_text("")
    assert config.load(tmp_path / "empty.yml") == config.Config()


def test_secrets_are_not_shown_and_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHOVER_FRONTIER_KEY", "sk-secret")
    assert config.secrets().frontier_key == "sk-secret"
    assert "sk-secret" not in repr(config.secrets())
    assert "sk-secret" not in str(config.child_environment(A="1"))
    assert config.child_environment(A="1")["A"] == "1"


def test_times_in_utc_compare_as_text() -> None:
    assert config.utc("2026-01-01T01:30:00+02:00") == "2025-12-31T23:30:00Z"


def test_the_trial_is_used_only_without_a_config(tmp_path: Path) -> None:
    assert config_or_trial(None, tmp_path) == trial_config()
    (tmp_path / ".github").mkdir()
    (tmp_path / config.DEFAULT_PATH).write_text("train: {rank: 7}")
    assert config_or_trial(None, tmp_path).train.rank == 7
