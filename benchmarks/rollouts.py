"""What the harness itself costs: own CPU per step, and how near a run comes to the latency-bound ideal.

    python -m benchmarks.rollouts [--case N,SECONDS,STEPS ...] [--sandbox] [--stock PYTHON]

The endpoint is a process of its own that answers each turn after a fixed time, so a run can never be
faster than ``steps x latency``: that is the ideal. Own CPU is this process's, all threads; the
sandbox's children are counted apart. MB each is the peak of resident memory over what was there before,
per rollout. ``--stock`` runs mini-swe-agent as it comes beside ours (``benchmarks/stock_mini.py``), in
the interpreter given, which must have ``pip install mini-swe-agent==2.4.6`` (litellm is no dependency of ours).

Bars: 2.0 ms per step at 128 rollouts, 2.5 at 100 steps; 0.5 MB per rollout; of the ideal 90% with 16
rollouts and 200 ms, 97% with 128 and 95% with 256 and 3 s, on an idle machine. On a busy one
the CPU per step is the figure to trust.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measuring import Measured, load, measure
from benchmarks.slow_endpoint import OUTPUT, endpoint
from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.extract import Extracted
from pipeline.rollout.loop import RolloutLimits
from pipeline.rollout.pool import run_pool
from pipeline.rollout.sandbox import Limits, Ran, Sandbox
from pipeline.rollout.workspace import Workspaces


class Case(NamedTuple):
    rollouts: int
    """All at once."""
    latency: float
    """Seconds per turn."""
    steps: int


CASES = (Case(16, 0.2, 20), Case(16, 0.2, 100), Case(128, 3.0, 20), Case(256, 3.0, 20))
_STOCK_PATIENCE = 10
"""Times the ideal after which stock is said not to have finished."""


class NoSandbox:
    """Answers at once: what is left is the harness."""

    limits = Limits()

    def run(self, command: Any, checkout: Path, **_: Any) -> Ran:
        submit = "COMPLETE_TASK" in command[-1]
        output = b"COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n" if submit else OUTPUT
        return Ran(0, output, len(output), None, 0.0)


class NoWorkspace:
    checkout = tmp = Path("/nowhere")

    def patch(self) -> Extracted:
        return Extracted(b"", ())


def ours(case: Case, real: bool) -> Measured:
    with endpoint(case.latency, case.steps) as url, tempfile.TemporaryDirectory() as folder:
        model = Endpoint(url, "m", pool_size=case.rollouts)
        sandbox: Any = Sandbox() if real else NoSandbox()
        harness = Harness(model, sandbox, limits=RolloutLimits(steps=case.steps, context_tokens=10**6))
        repo, sha = repository(Path(folder)) if real else (Path(), "")
        workspaces = Workspaces(repo, Path(folder) / "work") if real else None

        def one(number: int) -> str:
            opened = workspaces.open(sha) if workspaces else contextlib.nullcontext(NoWorkspace())
            with opened as workspace:
                done = roll_out("Fix add", workspace, harness, id=str(number), task_id="t", role="own")  # type: ignore[arg-type]
            assert (done.exit, done.steps) == ("no_patch", case.steps), done.detail
            return done.exit

        list(run_pool(one, range(2), 2))  # imports, templates, the sandbox's self-test
        return measure(lambda: list(run_pool(one, range(case.rollouts), case.rollouts)))


def repository(folder: Path) -> tuple[Path, str]:
    repo = folder / "repo"
    (repo / "src").mkdir(parents=True)
    (repo / "src/app.py").write_bytes(OUTPUT)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(repo)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "First"]):
        subprocess.run([*git, *words], check=True)
    return repo, subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def stock(case: Case, real: bool, python: str) -> Measured | None:
    """None: it did not finish."""
    with endpoint(case.latency, case.steps) as url, tempfile.TemporaryDirectory() as folder:
        where = [str(repository(Path(folder))[0])] if real else []
        words = [python, "-m", "benchmarks.stock_mini", url, str(case.rollouts), *where]
        patience = 60 + _STOCK_PATIENCE * case.steps * case.latency
        try:
            said = subprocess.run(words, check=True, stdout=subprocess.PIPE, timeout=patience).stdout
        except subprocess.TimeoutExpired:
            return None
    seen = json.loads(said.splitlines()[-1])
    assert seen["ends"] == ["Submitted"], seen
    return Measured(*(seen[name] for name in Measured.__dataclass_fields__))


def row(name: str, case: Case, measured: Callable[[], Measured | None]) -> None:
    before = load()
    seen = measured()
    head = f"{name:24} {case.rollouts:5} {case.steps:5} {case.latency:5.1f}s"
    if seen is None:
        print(f"{head}   did not finish", flush=True)
        return
    total = case.rollouts * case.steps
    per_step = f"{1000 * seen.own_cpu / total:6.2f} {1000 * seen.child_cpu / total:8.2f}"
    ideal, memory = case.steps * case.latency / seen.seconds, seen.memory_mb / case.rollouts
    print(f"{head} {per_step} {ideal:8.0%} {memory:8.2f}   {before}", flush=True)


def case_of(text: str) -> Case:
    rollouts, latency, steps = text.split(",")
    return Case(int(rollouts), float(latency), int(steps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", type=case_of, metavar="N,SECONDS,STEPS", help="instead of the four")
    parser.add_argument("--sandbox", action="store_true", help="with the real sandbox and checkouts (stock: none)")
    parser.add_argument("--stock", metavar="PYTHON", help="also mini-swe-agent as it comes, in this interpreter")
    arguments = parser.parse_args()
    print(f"{'':24} {'at once':>5} {'steps':>5}  turn  own ms child ms of ideal MB each")
    for case in arguments.case or CASES:
        row("ours", case, lambda case=case: ours(case, arguments.sandbox))
        if arguments.stock:
            row("mini-swe-agent, litellm", case, lambda case=case: stock(case, arguments.sandbox, arguments.stock))


if __name__ == "__main__":
    main()
