"""A training that is killed, wherever it is, goes on and ends in the very same adapter."""

from __future__ import annotations

import dataclasses
import signal
from pathlib import Path

import pytest

from pipeline.train import AdapterCard, read_card, train
from pipeline.train.checkpoints import newest
from pipeline.train.progress import read_progress
from tests.train.runs import CONFIG, SEED, command, losses, start

pytestmark = [
    # torch's optimizer asks a scheduler that peft's LoRA never steps before it on resuming
    pytest.mark.filterwarnings("ignore::FutureWarning:torch.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
]

PROGRESS = "pipeline.train.callbacks.write_progress"


@pytest.fixture(scope="module")
def whole(tiny: Path, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that was trained in one go: 24 steps."""
    out = tmp_path_factory.mktemp("whole") / "adapter"
    train(samples, str(tiny), out, config=CONFIG, seed=SEED)
    return out


@pytest.mark.parametrize(
    ("place", "step", "from_step"),
    [
        # weights and optimizer are written by then, the trainer's state is not
        pytest.param("transformers.Trainer._save_scaler", 0, None, id="while a checkpoint is written"),
        pytest.param(PROGRESS, 17, 10, id="between checkpoints"),
        pytest.param("pipeline.train.card.write_card", 0, 24, id="after the last step, before the card is written"),
    ],
)
def test_killed_and_gone_on(
    place: str, step: int, from_step: int | None, whole: Path, samples: Path, tiny: Path, tmp_path: Path
) -> None:
    out = tmp_path / "adapter"
    killed = start(command(samples, tiny, out, CONFIG, place=place, step=step, number=signal.SIGKILL), tmp_path / "log")
    assert killed.wait() == -signal.SIGKILL, (tmp_path / "log").read_text()
    assert not (out / "switchover.json").exists()
    kept = newest(out / "checkpoints")
    assert (kept and kept.step) == from_step
    card = train(samples, str(tiny), out, config=CONFIG, seed=SEED)
    _same(out, whole, card)


def test_asked_to_go_it_saves_and_the_same_command_goes_on(
    whole: Path, samples: Path, tiny: Path, tmp_path: Path
) -> None:
    out, log = tmp_path / "adapter", tmp_path / "log"
    asked = start(command(samples, tiny, out, CONFIG, place=PROGRESS, step=13, number=signal.SIGTERM), log)
    assert asked.wait() == 143, log.read_text()
    assert "at step 13 of 24, which is saved; the same command goes on" in log.read_text()
    kept, progress = newest(out / "checkpoints"), read_progress(out)
    assert kept and kept.step == 13  # in the middle of step 14, whose first sample is read again
    assert progress and (progress.state, progress.step, progress.of) == ("interrupted", 13, 24)
    card = train(samples, str(tiny), out, config=CONFIG, seed=SEED)
    _same(out, whole, card)
    finished = read_progress(out)
    assert finished and (finished.state, finished.step, finished.tokens) == ("finished", 24, card.tokens)
    assert finished.loss == losses(out)[-1]


def _same(out: Path, whole: Path, card: AdapterCard) -> None:
    name = "adapter_model.safetensors"
    assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert losses(out) == losses(whole)
    vary = {"made_at": "", "seconds": 0.0}
    assert dataclasses.replace(card, **vary) == dataclasses.replace(read_card(whole), **vary)  # type: ignore[arg-type]
