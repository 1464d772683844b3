"""Two processes train as one does: each with a whole model, or sharing its layers; and they end with their starter."""

from __future__ import annotations

import dataclasses
import signal
import time
from pathlib import Path

import pytest
import torch

from pipeline.config import Ranks
from pipeline.errors import InputError
from pipeline.settings import TrainConfig
from pipeline.train import read_card, train
from pipeline.train.launch import several
from pipeline.train.progress import read_progress
from tests.train.runs import SEED, command, losses, start, tensors, wait_for

ONE = TrainConfig(rank=4, context_tokens=1024, learning_rate=1e-3, epochs=100.0, accumulate=4, max_steps=32)
TWO = dataclasses.replace(ONE, accumulate=2, gpus=2)
"""The same samples in a step as ``ONE``."""

FULL = dataclasses.replace(ONE, method="full", max_steps=40)

pytestmark = [
    pytest.mark.skipif(torch.cuda.is_available(), reason="is about CPUs"),
    pytest.mark.filterwarnings("ignore::FutureWarning:torch.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
]


@pytest.fixture(scope="module")
def one(tiny: Path, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The adapter of one process."""
    out = tmp_path_factory.mktemp("one") / "adapter"
    train(samples, str(tiny), out, config=ONE, seed=SEED)
    return out


def test_each_with_a_whole_model_asked_to_go_and_gone_on(one: Path, samples: Path, tiny: Path, tmp_path: Path) -> None:
    out, log = tmp_path / "adapter", tmp_path / "log"
    arguments = command(samples, tiny, out, dataclasses.replace(TWO, sharding="none"))
    starter = start(arguments, log)
    wait_for(out, 1, starter)
    starter.send_signal(signal.SIGTERM)
    assert starter.wait() == 143, log.read_text()
    stopped = read_progress(out)
    assert stopped and stopped.state == "interrupted"
    assert f"at step {stopped.step} of 32, which is saved" in log.read_text()
    assert start(arguments, log).wait() == 0, log.read_text()
    assert f"going on from step {stopped.step}\n" in log.read_text()
    _same(out, one)


def test_sharing_the_layers_under_a_torchrun_of_ones_own(one: Path, samples: Path, tiny: Path, tmp_path: Path) -> None:
    out, log = tmp_path / "adapter", tmp_path / "log"
    arguments = command(samples, tiny, out, dataclasses.replace(TWO, sharding="all"))
    assert start(arguments, log, torchrun=2).wait() == 0, log.read_text()
    _same(out, one)


def test_all_weights_split_killed_and_gone_on(samples: Path, tiny: Path, tmp_path: Path) -> None:
    whole, out, log = tmp_path / "whole", tmp_path / "model", tmp_path / "log"
    train(samples, str(tiny), whole, config=FULL, seed=SEED)
    arguments = command(samples, tiny, out, dataclasses.replace(FULL, accumulate=2, gpus=2, sharding="all"))
    starter = start(arguments, log)
    wait_for(out, 11, starter)
    processes = _below(starter.pid)
    assert len(processes) == 3, "torchrun and its two"
    starter.kill()
    starter.wait()
    while any(_is_alive(pid) for pid in processes):
        time.sleep(0.01)  # the test's time limit ends this where one stays
    assert start(arguments, log).wait() == 0, log.read_text()
    assert "going on from step" in log.read_text()
    _same(out, whole)
    assert {"config.json", "tokenizer.json", "chat_template.jinja"} <= {path.name for path in out.iterdir()}


def _same(out: Path, expected: Path) -> None:
    card, other = read_card(out), read_card(expected)
    assert (card.steps, card.tokens, card.samples) == (other.steps, other.tokens, other.samples)
    assert losses(out) == pytest.approx(losses(expected), rel=1e-4)
    found, wanted = tensors(out), tensors(expected)
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-4)  # sums in another order


def _below(pid: int) -> list[int]:
    """Every process that ``pid`` has started, and those that they have."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    children = parents.get(pid, [])
    return children + [below for child in children for below in _below(child)]


def _is_alive(pid: int) -> bool:
    """False for a zombie too: who ends after its parent waits for a reaper that a container may lack."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_number_of_processes_must_fit() -> None:
    assert several(TWO, Ranks()) and not several(ONE, Ranks()) and not several(TWO, Ranks(1, 1, 2))
    with pytest.raises(InputError, match="torchrun started 4 processes"):
        several(TWO, Ranks(0, 0, 4))
