"""What a sandbox costs: a trivial command in it, against the same command as a plain subprocess.

Prints the ratio of the medians, interleaved in the same run, for one command at a time and for
several at once. Run: python benchmarks/sandbox_start.py [REPEATS]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.rollout.sandbox import Sandbox

COMMAND = ["/usr/bin/bash", "-c", "true"]


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def alternately(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            found[name].append(timed(work))
    return found


def at_once(work: Callable[[], object], threads: int, each: int) -> tuple[float, list[float]]:
    """Commands per second, and the milliseconds of each."""
    times: list[float] = []

    def loop() -> None:
        times.extend(timed(work) for _ in range(each))

    workers = [threading.Thread(target=loop) for _ in range(threads)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return threads * each / (time.perf_counter() - began), times


def row(name: str, times: list[float], unit: float) -> None:
    low, middle = min(times), statistics.median(times)
    high = statistics.quantiles(times, n=20)[-1]
    print(f"{name:24} {low:8.1f} {middle:8.1f} {high:8.1f}   x{middle / unit:.1f}")


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    box = Sandbox()
    box.check()
    with tempfile.TemporaryDirectory() as folder:
        checkout, tmp = Path(folder, "checkout"), Path(folder, "tmp")
        for place in (checkout, tmp):
            place.mkdir()

        def plain() -> None:
            subprocess.run(COMMAND, cwd=checkout, env={}, capture_output=True, stdin=subprocess.DEVNULL, check=True)

        works = {"plain subprocess": plain, "sandbox": lambda: box.run(COMMAND, checkout, tmp=tmp)}
        found = alternately(works, repeats)
        unit = statistics.median(found["plain subprocess"])
        print(f"{'ms':24} {'min':>8} {'median':>8} {'p95':>8}   ratio   (load {os.getloadavg()[0]:.1f})")
        for name, times in found.items():
            row(name, times, unit)
        for threads in (2, 8, 32):
            rate, times = at_once(works["sandbox"], threads, max(2, repeats // threads))
            row(f"sandbox, {threads} at once", times, unit)
            print(f"{'':24} {rate:.0f} per second")


if __name__ == "__main__":
    main()
