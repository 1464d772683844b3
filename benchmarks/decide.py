"""False alarms, delay, switch-back and speed of the rule, beside what people do instead.

    python -m benchmarks.decide                  the table of docs/decide.md; about four minutes on one core
    python -m benchmarks.decide --streams 1000   the same, coarser

Peers: a paired t test and a Bayesian posterior, both looked at after every PR, and for the delay the
oracle: the log-optimal constant bet for the true law, which nobody has in practice. The simulation is
vectorised; before it prints a number it is held against ``pipeline.decide`` on a sample of streams.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import decide_exact as exact
from benchmarks import decide_guard as guard
from benchmarks import decide_worlds as worlds
from benchmarks.decide_streams import NEVER, Draws, alarms, lives, log_e_at, oracle_bet, peers, shown
from benchmarks.decide_worlds import MARGIN
from pipeline.decide.audit import Audit
from pipeline.decide.bets import Process
from pipeline.decide.forecast import fewest_pulls
from pipeline.decide.wealth import level, next_wealth

ALPHA, PULLS = 0.05, 1000


def same_as_the_product(streams: int) -> None:
    """Raises AssertionError where the vectorised rule and ``pipeline.decide`` differ on any of ``streams`` streams."""
    for pool in (*worlds.nulls().values(), worlds.soft(MARGIN), worlds.hard(MARGIN)):
        draws = Draws(pool, streams, 400)
        crossings, called = shown(draws, 0.2), alarms(draws)
        for position in range(streams):
            xs = draws.stream(position)
            assert crossings[position] == crossing(xs, 0.2)
            assert called[position] == switch_back(xs)
            assert abs(log_e_at(draws, position) - all_of(xs).log_e) < 1e-9
        flags = [life(draws.stream(position), 10, 0.5) for position in range(streams)]
        assert lives(draws, 10, 0.5) == np.mean(flags)


def all_of(xs: list[float]) -> Process:
    process = Process(-MARGIN)
    process.extend(xs)
    return process


def crossing(xs: list[float], alpha: float) -> int:
    process = Process(-MARGIN)
    for n, x in enumerate(xs, 1):
        process.add(x)
        if process.reaches(-math.log(alpha)):
            return n
    return NEVER


def switch_back(xs: list[float]) -> int:
    audit = Audit(MARGIN)
    for x in xs:
        audit.add(x)
    return audit.alarmed_at or NEVER


def life(xs: list[float], versions: int, error_chance: float) -> bool:
    wealth, each = 1.0, len(xs) // versions
    for start in range(0, len(xs), each):
        part = xs[start : start + each]
        if crossing(part, level(error_chance, wealth)) < NEVER:
            return True
        wealth = next_wealth(wealth, all_of(part).log_e)
    return False


def false_alarms(streams: int) -> None:
    head("False alarms", f"own exactly 5 points behind; {PULLS:,} PRs, looked at after each; {streams:,} streams")
    table("world", "sd of d", "ties", "the rule", "paired t", "95% posterior")
    for name, pool in worlds.nulls().items():
        draws = Draws(pool, streams, PULLS)
        ours = float(np.mean(shown(draws, ALPHA) < NEVER))
        row(name, f"{pool.std():.2f}", share(np.mean(pool == 0)), percent(ours), *map(percent, peers(draws)))
    print()
    table("versions in a life of 1,000 PRs", *(f"{name}" for name in ("soft", "hard", "ties and rare -1")))
    for versions in (10, 20):
        laws = (worlds.soft(-MARGIN), worlds.hard(-MARGIN), worlds.ternary(0.0, MARGIN))
        row(str(versions), *(percent(lives(Draws(law, streams, PULLS), versions, ALPHA)) for law in laws))


def delays(streams: int) -> None:
    head("Delay", f"median PRs until shown, / 90%, and against the oracle's median; {streams:,} streams")
    table("world", "effect", "oracle", "the rule", "first version of a stream", "shown by PR 400")
    makers = {"soft": worlds.soft, "hard": worlds.hard, "soft, 4 attempts of own": lambda gap: worlds.soft(gap, 4)}
    for name, make in makers.items():
        for effect in (0.05, 0.10):
            pool = make(effect - MARGIN)
            draws = Draws(pool, streams, 4 * PULLS if effect < 0.1 else 2 * PULLS)
            best = shown(draws, ALPHA, (oracle_bet(pool),))
            rule, first = shown(draws, ALPHA), shown(draws, level(ALPHA, 1.0))
            by_400 = share(np.mean(rule <= 400))
            row(name, f"+{100 * effect:.0f}", both(best), *(against(n, best) for n in (rule, first)), by_400)


def exactly() -> None:
    head("Delay on hard scores, exactly", "medians by enumeration of wins, losses and ties: no chance in them")
    table("effect", "oracle", "the rule", "first version of a stream")
    for effect in (0.05, 0.10):
        pool = worlds.hard(effect - MARGIN)
        best = exact.median(pool, ALPHA, (oracle_bet(pool),))
        ours = (exact.median(pool, alpha) for alpha in (ALPHA, level(ALPHA, 1.0)))
        row(f"+{100 * effect:.0f}", str(best), *(f"{n} ({n / best:.3f}×)" for n in ours))


def over_editing(streams: int) -> None:
    head(
        "Over-editing", f"first version, soft scores, {PULLS:,} PRs; {streams:,} streams; F1 in points against frontier"
    )
    table("own", "line F1", "flagged by recall alone", "with the guard", "median PRs alone", "with the guard")
    for name, f1, alone, guarded in guard.rows(streams, PULLS):
        medians = (f"{n:.0f}" if n < NEVER else "–" for n in (np.median(alone), np.median(guarded)))
        row(name, f"{100 * f1:+.0f}", *(percent(guard.within(counts)) for counts in (alone, guarded)), *medians)


def both(counts: np.ndarray) -> str:
    tenth = float(np.quantile(counts, 0.9, method="higher"))
    return f"{np.median(counts):.0f} / {tenth:.0f}" if tenth < NEVER else f"{np.median(counts):.0f} / –"


def against(counts: np.ndarray, best: np.ndarray) -> str:
    return f"{both(counts)} ({np.median(counts) / np.median(best):.2f}×)"


def switch_backs(streams: int) -> None:
    head("Switch-back", f"audited PRs until the e-CUSUM calls; {streams:,} streams")
    table("own against frontier", "called within 1,000 audited PRs", "median PRs until called")
    for gap in (0.0, -0.05, -0.15, -0.25, -0.45):
        called = alarms(Draws(worlds.soft(gap), streams, PULLS))
        median = np.median(called)
        name = f"{100 * gap:+.0f} points" if gap else "level"
        row(name, percent(float(np.mean(called < NEVER))), f"{median:.0f}" if median < NEVER else "–")


def honesty() -> None:
    head("The fewest PRs that can show it", "own ties frontier on every PR")
    table("margin", "at 5%", "first version of a stream (2.5%)", "nobody can in fewer than")
    for margin in (0.05, 0.10, 0.15):
        least = math.ceil(math.log(1 / ALPHA) / -math.log(1 - margin))
        numbers = (fewest_pulls(margin, ALPHA), fewest_pulls(margin, level(ALPHA, 1.0)), least)
        row(f"{100 * margin:.0f} points", *map(str, numbers))


SPEEDS = (
    ("every verdict of a history (`--trace`)", 10_000, 1, ["--trace"]),
    ("every verdict of 200 repositories (`--by repo --trace`)", 10_000, 200, ["--by", "repo", "--trace"]),
    ("the verdict", 10_000, 1, ["--json"]),
    ("the verdict", 333_334, 1, ["--json"]),
)


TIMES = 3


def write(path: Path, pulls: int, repos: int = 1) -> None:
    """Evaluations of own, base and frontier on ``pulls`` PRs of ``repos`` repositories in turn, one JSON line each."""
    pool = np.random.default_rng(1).choice(worlds.soft(0.0), pulls)
    with path.open("w") as file:
        for number, d in enumerate(pool.tolist()):
            for role, score in (("own", max(0.0, d)), ("base", 0.1), ("frontier", max(0.0, -d))):
                repo = f"o/n{number % repos}"
                values = {"at": f"{number:08d}", "repo": repo, "number": number, "task_id": f"{repo}#{number}"}
                values |= {"role": role, "model": role, "adapter": "a" if role == "own" else None, "attempt": 0}
                values |= {"score": score, "measure": "recall", "exit": "submitted", "tokens_in": 1, "tokens_out": 1}
                values |= {"tokens_cached": 0, "seconds": 1.0, "cheat_marks": [], "f1": score, "language": "python"}
                values["cost_usd"] = 0.5 + d / 9 if role == "own" else 2.0
                file.write(json.dumps(values) + "\n")


def speed() -> None:
    head(
        "Speed",
        "`switchover decide` on one core, three evaluations a PR, start of the program and reading included; "
        f"the least of {TIMES}, as what is above it is other work on the machine",
    )
    table("what", "PRs", "evaluations", "CPU seconds", "of", "microseconds a PR")
    with tempfile.TemporaryDirectory() as folder:
        for what, pulls, repos, flags in SPEEDS:
            path = Path(folder) / f"{pulls}-{repos}.jsonl"
            write(path, pulls, repos)
            command = [sys.executable, "-m", "pipeline.cli", "decide", "--evaluations", str(path), *flags]
            spent = [cpu_seconds(command) for _ in range(TIMES)]
            each = ", ".join(f"{seconds:.1f}" for seconds in spent)
            row(what, f"{pulls:,}", f"{3 * pulls:,}", f"{min(spent):.1f}", each, f"{1e6 * min(spent) / pulls:.0f}")


def cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def head(title: str, detail: str) -> None:
    print(f"\n**{title}**: {detail}.\n", flush=True)


def table(*names: str) -> None:
    row(*names)
    print("|" + "---|" * len(names))


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def share(value: float) -> str:
    return f"{100 * value:.0f}%"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=10_000, help="for false alarms; delays take 40%% of them")
    streams = parser.parse_args().streams
    started = time.process_time()
    same_as_the_product(5)
    false_alarms(streams)
    delays(max(100, 2 * streams // 5))
    exactly()
    over_editing(max(100, streams // 5))
    switch_backs(streams)
    honesty()
    speed()
    print(f"\n{time.process_time() - started:.0f} CPU seconds in all.")


if __name__ == "__main__":
    main()
