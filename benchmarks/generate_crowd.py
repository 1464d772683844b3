"""A crowd of rollouts through the whole ``generate`` verb, undisturbed and then killed again and again.

    python -m benchmarks.generate_crowd [--samples 475] [--concurrency 128] [--kills 10 | --at SHARE...] [--seed 0]

The scripted model, real sandboxes, real checkouts, the journal. 475 functions give about 1,000 rollouts. Shown are
memory, descriptors and processes over time; then whether the run that was killed (``kill -9`` at random moments)
ends with the same files, with nothing twice, and what either left behind: processes, mounts, temporary folders.
Ends with status 1 when the killed run's files differ or anything is left.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import load

RESULTS = ("samples.jsonl", "left_out.jsonl")
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: orphans of a killed run become ours, and are seen
_GRACE_SECONDS = 15
BODIES = (
    '    """Insert rows."""\n    out = []\n    for row in rows:\n        out.append((table, row))\n    return out\n',
    '    if table < 0:\n        raise ValueError("table must not be negative")\n    scaled = table * 12\n'
    "    return scaled, rows\n",
    "    head = table.head\n    body = table.body\n    rows.extend(head)\n    return head + body\n",
)


@dataclass(frozen=True)
class Seen:
    """One look at a running process."""

    seconds: float
    rollouts: int
    resident_mb: float
    descriptors: int
    processes: int


@dataclass(frozen=True)
class Crowd:
    repo: Path
    samples: int
    concurrency: int
    temporary: Path
    """Where its processes put temporary files."""

    def start(self, out: Path) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "pipeline.cli", "generate", "--repo", str(self.repo), "--out", str(out)]
        words += ["--samples", str(self.samples), "--concurrency", str(self.concurrency), "--prompt", "compact"]
        words += ["--teacher-model", "scripted"]
        said = (self.temporary.parent / "said.txt").open("ab")
        with said:
            environment = os.environ | {"TMPDIR": str(self.temporary)}
            return subprocess.Popen(words, stdout=said, stderr=said, env=environment)

    def left(self, mounts: Counter[str]) -> dict[str, list[str]]:
        """What is still there of runs that are over, after a moment of grace for what is dying."""
        until = time.monotonic() + _GRACE_SECONDS
        while (processes := descendants(os.getpid())) and time.monotonic() < until:
            reap()
            time.sleep(0.05)
        names = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in processes if Path(f"/proc/{pid}").exists()]
        return {
            "processes": names,
            "mounts": sorted((mounted() - mounts).elements()),
            "temporary folders": sorted(path.name for path in self.temporary.iterdir()),
        }


def repository(folder: Path, functions: int) -> Path:
    """Small files of ten functions each."""
    repo = folder / "repo"
    for number in range(-(-functions // 10)):
        place = repo / f"lib/part_{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        names = [f"part_{number}_work_{index}" for index in range(10)]
        place.write_text("\n\n".join(f"def {n}(rows, table):\n{BODIES[i % 3]}" for i, n in enumerate(names)))
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(repo)]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "First"]):
        subprocess.run([*git, *words], check=True)
    return repo


def watched(process: subprocess.Popen[bytes], out: Path, every: float = 0.5) -> list[Seen]:
    """Looks at ``process`` until it ends."""
    looks, started = [], time.monotonic()
    while process.poll() is None:
        with contextlib.suppress(OSError, StopIteration):
            looks.append(look(process.pid, out, time.monotonic() - started))
        time.sleep(every)
    return looks


def look(pid: int, out: Path, seconds: float) -> Seen:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    resident = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Seen(seconds, len(rollout_ids(out)), resident, descriptors, len(descendants(pid)))


def rollout_ids(out: Path) -> list[str]:
    """Of the whole lines of rollouts.jsonl."""
    path = out / "rollouts.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line)["id"] for line in lines]


def descendants(pid: int) -> list[int]:
    """Living processes below ``pid``."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents.setdefault(int(parent), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def adopt_orphans() -> None:
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def mounted() -> Counter[str]:
    return Counter(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())


def killed_at_random(crowd: Crowd, out: Path, kills: int, whole: float, chance: random.Random) -> list[float]:
    """Start and kill so often, spread over ``whole`` seconds; the seconds after which each kill came."""
    moments = []
    for _ in range(kills):
        process = crowd.start(out)
        moment = chance.uniform(0.3, 2.0 * whole / (kills + 1))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        moments.append(moment)
        process.kill()
        process.wait()
    return moments


def killed_at(crowd: Crowd, out: Path, shares: Sequence[float], rollouts: int) -> list[float]:
    """Start, and kill once these shares of ``rollouts`` are written: moments that come on every machine."""
    moments = []
    for share in shares:
        started, process = time.monotonic(), crowd.start(out)
        while process.poll() is None and len(rollout_ids(out)) < int(share * rollouts) + 1:
            time.sleep(0.02)
        moments.append(time.monotonic() - started)
        process.kill()
        process.wait()
    return moments


def differences(out: Path, undisturbed: Path) -> list[str]:
    """What is wrong with the files of a run that was killed; empty when nothing is."""
    wrong = [name for name in RESULTS if (out / name).read_bytes() != (undisturbed / name).read_bytes()]
    ids, expected = rollout_ids(out), rollout_ids(undisturbed)
    if sorted(ids) != sorted(expected):
        wrong.append(f"rollouts.jsonl ({len(ids)} rollouts, {len(set(ids))} different, {len(expected)} expected)")
    return wrong + [name for name in (".work",) if (out / name).exists()]


def slope(looks: Sequence[Seen]) -> float:
    """Kilobytes that memory grows per rollout, once half of them are done."""
    later = [s for s in looks if s.rollouts >= looks[-1].rollouts / 2]
    if len({s.rollouts for s in later}) < 2:
        return 0.0
    return 1024 * statistics.linear_regression([s.rollouts for s in later], [s.resident_mb for s in later]).slope


def table(looks: Sequence[Seen]) -> None:
    print(f"{'seconds':>8} {'rollouts':>9} {'MB':>8} {'descriptors':>12} {'processes':>10}")
    for seen in [*looks[:: max(1, len(looks) // 12)], looks[-1]]:
        row = f"{seen.seconds:8.1f} {seen.rollouts:9} {seen.resident_mb:8.1f}"
        print(f"{row} {seen.descriptors:12} {seen.processes:10}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=475, help="functions to attempt")
    parser.add_argument("--concurrency", type=int, default=128)
    parser.add_argument("--kills", type=int, default=10, help="at random moments")
    parser.add_argument("--at", type=float, nargs="+", help="kill once these shares of the rollouts are written")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    arguments = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "tmp").mkdir()
        crowd = Crowd(repository(folder, arguments.samples), arguments.samples, arguments.concurrency, folder / "tmp")
        if arguments.at:
            return show(crowd, folder, lambda _, rollouts: killed_at(crowd, folder / "killed", arguments.at, rollouts))
        chance = random.Random(arguments.seed)
        return show(
            crowd, folder, lambda whole, _: killed_at_random(crowd, folder / "killed", arguments.kills, whole, chance)
        )


def show(crowd: Crowd, folder: Path, kill: Callable[[float, int], list[float]]) -> int:
    """``kill`` gets the seconds and the rollouts of the undisturbed run, and says after how many seconds it killed."""
    mounts = mounted()
    print(f"undisturbed, {crowd.concurrency} at once, {load()}")
    looks = watched(crowd.start(folder / "whole"), folder / "whole")
    table(looks)
    whole, rollouts = looks[-1].seconds, len(rollout_ids(folder / "whole"))
    print(f"{rollouts} rollouts in {whole:.0f} s, {rollouts / whole:.1f} a second; "
          f"memory grows {slope(looks):.1f} KB per rollout in the second half")  # fmt: skip
    left = crowd.left(mounts)
    print(f"left behind: {said(left)}\n\nkilled again and again, {load()}")
    moments = kill(whole, rollouts)
    if crowd.start(folder / "killed").wait() != 0:
        raise SystemExit(f"the last run failed:\n{(folder / 'said.txt').read_text()[-2000:]}")
    print(f"{len(moments)} times, after {', '.join(f'{moment:.1f}' for moment in moments)} s")
    left_then, wrong = crowd.left(mounts), differences(folder / "killed", folder / "whole")
    print(f"left behind: {said(left_then)}\nfiles that differ: {', '.join(wrong) or 'none'}")
    return int(any(left.values()) or any(left_then.values()) or bool(wrong))


def said(left: dict[str, list[str]]) -> str:
    return ", ".join(f"{len(things)} {name} {things[:5] if things else ''}".strip() for name, things in left.items())


if __name__ == "__main__":
    sys.exit(main())
