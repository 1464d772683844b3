"""False alarms, delay and speed of the rule, each against a named peer in the same run.

    python benchmarks/decide.py                  about three minutes on one core
    python benchmarks/decide.py --streams 10000  the numbers to quote

Peers: a paired z test looked at after every PR (what people do), and the oracle, the log-optimal
constant bet for the true law, which nobody has in practice. Speed is held against the time that
reading the same evaluations as JSON takes.
"""

import argparse
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator

from pipeline.decide import judge, trace
from pipeline.decide.audit import Audit
from pipeline.decide.bets import Process
from pipeline.decide.epochs import level, next_wealth
from pipeline.evaluations import evaluation

MARGIN, ALPHA, PULLS = 0.05, 0.05, 1000
Law = Callable[[random.Random], float]


def chance(rng: random.Random) -> float:
    return rng.betavariate(0.5, 0.5)


def graded(rng: random.Random, p: float) -> float:
    """A soft score with mean p: often exactly 0 or 1, else in between."""
    if rng.random() < 0.6 * (1 - p):
        return 0.0
    if rng.random() < 0.5 * p / (1 - 0.6 * (1 - p)):
        return 1.0
    rest = 1 - 0.6 * (1 - p) - 0.5 * p
    mean = min(0.999, max(0.001, 0.5 * p / rest))
    return rng.betavariate(3 * mean, 3 * (1 - mean))


def soft(gap: float, attempts: int = 1) -> Law:
    """Own and frontier share how hard a PR is; own's scores are shifted by mixing in zeros or ones."""

    def draw(rng: random.Random) -> float:
        p = chance(rng)
        own = statistics.fmean(shifted(rng, graded(rng, p), gap) for _ in range(attempts))
        return own - graded(rng, p)

    return draw


def shifted(rng: random.Random, score: float, gap: float) -> float:
    """Mean moved by exactly ``gap`` where the mean of ``score`` is one half."""
    if rng.random() < 2 * abs(gap):
        return 1.0 if gap > 0 else 0.0
    return score


def hard(gap: float) -> Law:
    def draw(rng: random.Random) -> float:
        p = chance(rng)
        return shifted(rng, float(rng.random() < p), gap) - float(rng.random() < p)

    return draw


def ternary(up: float, down: float) -> Law:
    def draw(rng: random.Random) -> float:
        u = rng.random()
        return 1.0 if u < up else -1.0 if u < up + down else 0.0

    return draw


NULLS: dict[str, Law] = {
    "soft": soft(-MARGIN),
    "hard": hard(-MARGIN),
    "soft, 4 attempts": soft(-MARGIN, 4),
    "ties, rare -1": ternary(0.0, MARGIN),
    "rare +1": lambda rng: 1.0 if rng.random() < 0.02 else -0.07 / 0.98,
    "high agreement": ternary(0.075, 0.125),
}


def first_alarm(process: Process, law: Law, rng: random.Random, alpha: float, pulls: int = PULLS) -> int | None:
    goal = -math.log(alpha)
    for n in range(1, pulls + 1):
        process.add(law(rng))
        if process.reaches(goal):
            return n
    return None


def naive_alarm(law: Law, rng: random.Random, pulls: int = PULLS) -> int | None:
    """A one-sided paired z test at 5%, looked at after every PR from the tenth on."""
    total = squares = 0.0
    for n in range(1, pulls + 1):
        d = law(rng)
        total, squares = total + d, squares + d * d
        spread = math.sqrt(max(1e-12, squares / n - (total / n) ** 2) / n)
        if n >= 10 and (total / n + MARGIN) / spread > 1.645:
            return n
    return None


def false_alarms(streams: int) -> None:
    print(f"False alarms within {PULLS} PRs, mean exactly at the boundary, {streams} streams (promise: 5%)")
    for name, law in NULLS.items():
        ours = sum(first_alarm(Process(-MARGIN), law, random.Random(i), ALPHA) is not None for i in range(streams))
        naive = sum(naive_alarm(law, random.Random(i)) is not None for i in range(streams))
        print(f"  {name:18} rule {100 * ours / streams:5.1f}%    naive test {100 * naive / streams:5.1f}%")


def lifetimes(streams: int) -> None:
    for versions in (10, 20):
        wrong = sum(life(random.Random(i), versions, soft(-MARGIN)) for i in range(streams))
        print(f"  {versions} versions in a life: {100 * wrong / streams:.1f}% of lives with any false flag")


def life(rng: random.Random, versions: int, law: Law) -> bool:
    wealth = 1.0
    for _ in range(versions):
        process = Process(-MARGIN)
        if first_alarm(process, law, rng, level(ALPHA, wealth), PULLS // versions) is not None:
            return True
        wealth = next_wealth(wealth, process.log_e)
    return False


def oracle_bet(law: Law) -> float:
    rng = random.Random(7)
    sample = [(law(rng) + MARGIN) / (1 - MARGIN) for _ in range(20_000)]
    return max((k / 100 for k in range(2, 100)), key=lambda k: sum(math.log1p(k * x) for x in sample))


def delays(streams: int) -> None:
    print(f"Median PRs until shown, {streams} streams (x: against the oracle)")
    for name, make in {"soft": soft, "hard": hard, "soft, 4 attempts": lambda gap: soft(gap, 4)}.items():
        for effect in (0.05, 0.10):
            law = make(effect - MARGIN)
            runs = {
                "rule": (None, ALPHA),
                "first version": (None, level(ALPHA, 1.0)),
                "oracle": (oracle_bet(law), ALPHA),
            }
            medians = {key: median_delay(law, bet, alpha, streams) for key, (bet, alpha) in runs.items()}
            ratios = "  ".join(f"{key} {n:g} ({n / medians['oracle']:.2f}x)" for key, n in medians.items())
            print(f"  {name:18} +{100 * effect:.0f} over the boundary: {ratios}")


def median_delay(law: Law, bet: float | None, alpha: float, streams: int) -> float:
    def process() -> Process:
        return Process(-MARGIN) if bet is None else Process(-MARGIN, [bet])

    found = (first_alarm(process(), law, random.Random(i), alpha, 3 * PULLS) for i in range(streams))
    return statistics.median(3 * PULLS + 1 if n is None else n for n in found)


def audits(streams: int) -> None:
    print(f"Switch-back by the audit, {streams} streams")
    for name, gap in {"at the boundary": -0.05, "level with frontier": 0.0}.items():
        wrong = sum(audit_alarm(soft(gap), random.Random(i)) is not None for i in range(streams))
        print(f"  {name:22} false within {PULLS} audited PRs: {100 * wrong / streams:.1f}%")
    for fall in (-0.15, -0.25, -0.45):
        times = [audit_alarm(soft(fall), random.Random(i)) or PULLS + 1 for i in range(streams)]
        print(f"  a fall to {100 * fall:.0f} points is called after {statistics.median(times):g} audited PRs (median)")


def audit_alarm(law: Law, rng: random.Random) -> int | None:
    audit = Audit(MARGIN)
    for _ in range(PULLS):
        audit.add(law(rng))
        if audit.alarmed_at:
            return audit.alarmed_at
    return None


def lines(pulls: int) -> Iterator[str]:
    rng, law = random.Random(1), soft(0.0)
    for number in range(pulls):
        d = law(rng)
        for role, score in (("own", max(0.0, d)), ("base", 0.1), ("frontier", max(0.0, -d))):
            yield json.dumps(
                {"at": f"{number:08d}", "repo": "o/n", "number": number, "task_id": f"o/n#{number}", "role": role}
                | {"model": role, "adapter": "a" if role == "own" else None, "attempt": 0, "score": score}
                | {"measure": "recall", "exit": "submitted", "tokens_in": 1, "tokens_out": 1, "tokens_cached": 0}
                | {"seconds": 1.0, "cost_usd": 0.5 if role == "own" else 2.0, "cheat_marks": []}
            )


def speed() -> None:
    for what, pulls in (("trace", 10_000), ("judge", 100_000)):
        texts = list(lines(pulls))
        started = time.perf_counter()
        rows = [evaluation(json.loads(text)) for text in texts]
        reading = time.perf_counter() - started
        started = time.perf_counter()
        count = sum(1 for _ in trace(rows)) if what == "trace" else judge(rows)["n"]
        judging = time.perf_counter() - started
        each = 1e6 * judging / count
        print(f"{what} over {count} PRs: {judging:.2f} s, {each:.0f} us a PR, {judging / reading:.1f}x of reading them")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=300)
    streams = parser.parse_args().streams
    speed()
    false_alarms(streams)
    lifetimes(streams)
    delays(streams)
    audits(streams)


if __name__ == "__main__":
    main()
