"""Loss and likelihood as the model itself finds them: the tiny model, an adapter trained on it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.gates.record import read_record
from pipeline.gates.run import Candidate
from pipeline.settings import TrainConfig
from pipeline.train import read_card, train
from pipeline.train.measure import Endings, measure
from pipeline.train.samples import read_conversations
from tests.train.tiny import make_model, row, samples_file

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning:torch.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
]

CONFIG = TrainConfig(rank=4, context_tokens=1024, learning_rate=1e-2, epochs=2.0, accumulate=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tiny/, samples in train.jsonl and held_out.jsonl, and an adapter of 12 steps."""
    top = tmp_path_factory.mktemp("measured")
    base = make_model(top / "tiny")
    samples_file(top / "train.jsonl", *(row(f"s{i}") for i in range(12)))
    samples_file(top / "held_out.jsonl", *(row(f"h{i}") for i in range(3)))
    train(top / "train.jsonl", str(base), top / "adapter", config=CONFIG)
    return top


def test_loss_and_endings_of_base_and_adapter(folder: Path) -> None:
    conversations = read_conversations(folder / "held_out.jsonl")
    texts = [Endings("def f", ("():", " return"))]
    adapters = {"own": folder / "adapter", "last": folder / "adapter"}
    found = measure(str(folder / "tiny"), adapters, conversations, texts, 1024)
    assert len(found.tokens) == 3 and all(count > 0 for count in found.tokens)
    assert all(own < base for own, base in zip(found.losses["own"], found.losses["base"], strict=True))
    assert found.losses["own"] == found.losses["last"]
    first = read_card(folder / "adapter").first_loss
    assert first is not None and found.losses["base"][0] == pytest.approx(first, rel=0.2), "as training saw the base"
    for endings in found.endings.values():
        assert len(endings) == 1 and len(endings[0]) == 2
        assert all(value < 0 and math.isfinite(value) for value in endings[0])
    alone = measure(str(folder / "tiny"), {}, conversations, texts, 1024)
    assert alone.losses["base"] == pytest.approx(found.losses["base"], rel=1e-3)


def test_what_is_too_long_is_cut_after_a_whole_turn(folder: Path) -> None:
    conversations = read_conversations(folder / "held_out.jsonl")
    whole, cut, none = (measure(str(folder / "tiny"), {}, conversations, [], limit) for limit in (4096, 330, 8))
    assert all(0 < part < all_ for part, all_ in zip(cut.tokens, whole.tokens, strict=True))
    assert none.tokens == () == none.losses["base"]


def test_an_adapter_is_not_its_own_last_one(folder: Path) -> None:
    candidate = Candidate.of(folder / "adapter", folder / "held_out.jsonl", folder / "adapter")
    assert candidate.last is None


def test_by_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adapter = str(folder / "adapter")
    code = cli.run(["adapters", "gate", adapter, "--samples", str(folder / "held_out.jsonl"), "--json"])
    row = json.loads(capsys.readouterr().out)
    record = read_record(folder / "adapter")
    assert record is not None and row == json.loads(json.dumps(record.as_json()))
    loss, skill = record.gates
    assert loss.passed and loss.measured["samples"] == 3 and skill.measured["questions"] == 32
    assert row["missing"] == ["takes_effect", "valid_calls"] and not row["passed"]
    assert code == (1 if record.failed else 0)
    assert cli.run(["adapters", "gate", adapter, "--samples", str(folder / "train.jsonl")]) == 2
    assert "was trained on this very file" in capsys.readouterr().err
    assert cli.run(["adapters", "gate", adapter, "--samples", str(folder / "held_out.jsonl"), "--repo", "x"]) == 2
