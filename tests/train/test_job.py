"""Whole training jobs on the tiny model: the adapter folder, resuming, and mistakes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.settings import Price, TrainConfig
from pipeline.train import read_card, train
from pipeline.train.checkpoints import newest, seal
from tests.train.tiny import row, samples_file

CONFIG = TrainConfig(rank=4, context_tokens=1024, learning_rate=1e-2, epochs=2.0, accumulate=2)

pytestmark = [
    # torch's optimizer asks a scheduler that peft's LoRA never steps before it on resuming
    pytest.mark.filterwarnings("ignore::FutureWarning:torch.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
]


@pytest.fixture(scope="module")
def whole(tiny: Path, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that was trained in one go: 24 steps."""
    out = tmp_path_factory.mktemp("whole") / "adapter"
    train(samples, str(tiny), out, config=CONFIG, seed=3, price=Price(gpu_usd_per_hour=3.6))
    return out


def weights(adapter: Path) -> bytes:
    return (adapter / "adapter_model.safetensors").read_bytes()


def test_the_card_says_where_the_adapter_came_from(whole: Path, tiny: Path) -> None:
    card = read_card(whole)
    assert (card.samples, card.sequences, card.steps, card.seed) == (24, 24, 24, 3)
    assert card.trained_until == "2026-03-01T00:00:00Z" and card.trained_until_commit == "a" * 40
    assert card.base == str(tiny) and card.tools == ("bash",) and card.device == "cpu"
    assert card.first_loss is not None and card.loss is not None and card.loss < card.first_loss
    assert card.gpu_hours == 0.0
    assert card.cost_usd == pytest.approx(card.seconds / 1000, abs=1e-5)
    assert card.config["rank"] == 4 and card.versions["peft"]


def test_the_folder_is_a_peft_adapter_and_nothing_half_done_is_left(whole: Path) -> None:
    names = {path.name for path in whole.iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "chat_template.jinja", "probe.json"} <= names
    assert {"switchover.json", "run.json"} <= names and "checkpoints" not in names


def test_the_probe_tells_the_adapter_from_the_base(whole: Path) -> None:
    probe = json.loads((whole / "probe.json").read_text())
    assert probe["messages"][-1]["role"] == "user"
    assert probe["own_logprob"] > probe["base_logprob"] + 0.1
    assert probe["context_token_ids"][: len(probe["prompt_token_ids"])] == probe["prompt_token_ids"]


def test_finished_is_finished(whole: Path, samples: Path, tiny: Path) -> None:
    before, made = weights(whole), (whole / "switchover.json").stat().st_mtime_ns
    card = train(samples, str(tiny), whole, config=CONFIG, seed=3)
    assert card == read_card(whole)
    assert weights(whole) == before and (whole / "switchover.json").stat().st_mtime_ns == made


def test_another_training_may_not_go_on_in_the_same_folder(
    whole: Path, samples: Path, tiny: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="other seed"):
        train(samples, str(tiny), whole, config=CONFIG, seed=4)
    with pytest.raises(InputError, match="other samples_sha256"):
        train(samples_file(tmp_path / "x.jsonl", row("new")), str(tiny), whole, config=CONFIG, seed=3)
    with pytest.raises(InputError, match="other config"):
        train(samples, str(tiny), whole, config=dataclasses.replace(CONFIG, rank=8), seed=3)


def test_a_half_written_checkpoint_is_recognised(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "optimizer.pt").write_bytes(b"whole")
    seal(tmp_path / "checkpoint-10", seconds=1.5)
    seal(tmp_path / "checkpoint-20", seconds=3.0)
    (tmp_path / "checkpoint-20" / "optimizer.pt").write_bytes(b"torn")
    found = newest(tmp_path)
    assert found and (found.step, found.seconds) == (10, 1.5)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-10"]


def test_left_out_samples_are_counted_and_listed(tiny: Path, tmp_path: Path) -> None:
    long = row("long", {"role": "user", "content": "x " * 2000}, {"role": "assistant", "content": "y"})
    path = samples_file(tmp_path / "s.jsonl", row("a"), long, row("a"), row("empty", {"role": "user", "content": "u"}))
    one = dataclasses.replace(CONFIG, max_steps=1)
    card = train(path, str(tiny), tmp_path / "out", config=one)
    assert card.left_out == {"too_long": 1, "duplicate_id": 1, "no_assistant_turn": 1}
    lines = [json.loads(line) for line in (tmp_path / "out" / "left_out.jsonl").read_text().splitlines()]
    assert [(line["stage"], line["thing"], line["id"]) for line in lines] == [
        ("train", "sample", "long"),
        ("train", "sample", "a"),
        ("train", "sample", "empty"),
    ]


def test_mistakes(samples: Path, tiny: Path, tmp_path: Path) -> None:
    def fails(says: str, *, base: str = str(tiny), out: Path = tmp_path / "o", config: TrainConfig = CONFIG) -> None:
        with pytest.raises(InputError, match=says):
            train(samples, base, out, config=config)

    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    fails("is a file", out=tmp_path / "file")
    fails("is a file", out=tmp_path / "file" / "inside")
    fails("no such model folder", base="./nowhere")
    fails("without config.json", base=str(tmp_path / "folder"))
    fails("none of 24 samples", config=dataclasses.replace(CONFIG, context_tokens=10))
    assert not (tmp_path / "o" / "switchover.json").exists()


def test_a_folder_without_an_adapter_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished adapter"):
        read_card(tmp_path)
    (tmp_path / "switchover.json").write_text("[]")
    with pytest.raises(InputError, match="not an adapter's card"):
        read_card(tmp_path)
