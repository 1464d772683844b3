"""Fine-tuning beside TRL's SFTTrainer: tokens per CPU-second, peak memory, losses, and the machine's limit.

    pip install --no-deps --target /tmp/peer trl==1.16.0
    python -m benchmarks.train --peer /tmp/peer [--samples FILE] [--steps 4] [--threads 1]

Real samples (by default rollouts of the scripted teacher on the demo's repository), rendered once, and the same token
ids and labels for both: the small real model, LoRA of rank 16 on every linear layer, batch 1, the same seed and
numbers (bfloat16 where the machine has kernels for it, else float32). Each side is a process of its own; ours and
TRL's take turns step by step, so that a machine that slows down slows both. TRL needs datasets and pyarrow.
Memory is the most that the process held at any time. The share of the limit is the useful work (four passes' worth
of the frozen weights, and attention) over what one square product reaches per CPU-second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from benchmarks.measuring import load
from pipeline.config import cache_dir, child_environment
from pipeline.demo import build
from pipeline.settings import TrainConfig
from pipeline.train.small_model import small_model

CONTEXT = 2048
PAIRS = (("ours", "TRL"), ("ours, checkpointing", "TRL, checkpointing"))
WEIGHTS, LAYERS, WIDTH = 106e6, 30, 576
"""Of SmolLM2-135M, without its embedding."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", type=Path, required=True, help="Folder that TRL was installed in.")
    parser.add_argument("--samples", type=Path)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = sequences(given.samples or make_samples(Path(scratch)))[: given.steps]
        data = Path(scratch, "rows.json")
        data.write_text(json.dumps(rows))
        lengths = [len(row["input_ids"]) for row in rows]
        print(f"{len(rows)} steps of one sample, {sum(lengths)} tokens ({min(lengths)} to {max(lengths)}), {load()}")
        found: dict[str, dict[str, Any]] = {}
        for pair in PAIRS:
            found |= run(pair, data, given.peer, given.threads, len(rows))
    show(found, sum(lengths) / len(lengths))


def make_samples(folder: Path) -> Path:
    """Samples of the scripted teacher on the demo's repository."""
    repo = build(folder / "demo").repo
    config = Path(str(resources.files("pipeline") / "trial.yml"))
    words = ["generate", "--repo", str(repo), "--out", str(folder / "out"), "--samples", "12", "--config", str(config)]
    subprocess.run([sys.executable, "-m", "pipeline.cli", *words], check=True, stdout=subprocess.DEVNULL)
    return folder / "out" / "samples.jsonl"


def sequences(samples: Path) -> list[dict[str, list[int]]]:
    """Token ids and labels, as ``switchover train`` makes them."""
    from pipeline.train.base import load_template
    from pipeline.train.job import prepare
    from pipeline.train.samples import read_conversations

    template = load_template(str(small_model(cache_dir())))
    prepared = prepare(template, read_conversations(samples), TrainConfig(context_tokens=CONTEXT))
    return [{"input_ids": list(s.input_ids), "labels": s.labels} for s in prepared.sequences]


def run(pair: tuple[str, ...], data: Path, peer: Path, threads: int, steps: int) -> dict[str, dict[str, Any]]:
    """What each side of ``pair`` took, step by step in turn."""
    with tempfile.TemporaryFile("w+") as errors:
        sides = {side: start(side, data, peer, threads, errors) for side in pair}
        for _ in range(steps):
            for side, process in sides.items():
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write("go\n")
                    process.stdin.flush()
                if process.stdout.readline() != "step\n":
                    raise SystemExit(f"{side}: did not end its step; {failure(sides.values(), errors)}")
        found = {}
        for side, process in sides.items():
            said, _ = process.communicate()
            if process.returncode:
                raise SystemExit(f"{side}: {failure(sides.values(), errors)}")
            found[side] = result = json.loads(said.splitlines()[-1])
            rate = f"{result['tokens_per_cpu_second']:8.1f} tokens per CPU-s"
            print(f"{side:20} {rate}  {result['peak_mb']:8.0f} MB  {load()}", flush=True)
        return found


def failure(processes: Iterable[Any], errors: Any) -> str:
    """What the failed side said, once neither runs any more."""
    for process in processes:
        process.kill()
        process.wait()
    errors.seek(0)
    return str(errors.read()[-2000:])


def start(side: str, data: Path, peer: Path, threads: int, errors: Any) -> Any:
    words = [sys.executable, "-m", "benchmarks.train_side", side, str(data), str(peer)]
    root = str(Path(__file__).parents[1])
    environment = child_environment(OMP_NUM_THREADS=str(threads), HF_HUB_OFFLINE="1", PYTHONPATH=root)
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=errors, text=True, env=environment)


def show(found: dict[str, dict[str, Any]], tokens: float) -> None:
    work = 4 * WEIGHTS + 3.5 * 2 * LAYERS * tokens * WIDTH
    for side, result in found.items():
        share = result["tokens_per_cpu_second"] * work / result["limit"]
        print(f"{side:20} share of the limit ({result['limit'] / 1e9:.0f} GFLOP per CPU-s): {share:.2f}")
        print(f"{'':20} losses {' '.join(f'{loss:.4f}' for loss in result['losses'])}")
    for own, peer, side in ((found[a], found[b], f"{a} over {b}") for a, b in PAIRS):
        apart = max(abs(a - b) for a, b in zip(own["losses"], peer["losses"], strict=True))
        print(
            f"{side}: {own['tokens_per_cpu_second'] / peer['tokens_per_cpu_second']:.2f} of its rate, "
            f"{own['peak_mb'] / peer['peak_mb']:.2f} of its memory, losses at most {apart:.5f} apart"
        )


if __name__ == "__main__":
    main()
