"""What a checkout costs: a workspace, against cp -a of a prepared tree and git worktree add.

Prints the ratio of the medians, interleaved in the same run; deletions lie between the timings.
Run: python benchmarks/workspaces.py [CLONE] [REPEATS]  (without a clone: a made-up repository of
500 files).
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.git import git
from pipeline.rollout import hostile
from pipeline.rollout.workspace import Workspaces


def made_up(folder: Path, files: int) -> Path:
    for index in range(files):
        place = folder / f"package{index % 20}" / f"module{index}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"value = {index}\n" * 300)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "base")
    return folder


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "made").mkdir()
        repo = Path(sys.argv[1]) if len(sys.argv) > 1 else made_up(folder / "made", 500)
        repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 20
        compare(repo, folder, repeats)


def compare(repo: Path, folder: Path, repeats: int) -> None:
    sha = git(repo, "rev-parse", "HEAD").decode().strip()
    workspaces = Workspaces(repo, folder / "root")
    began = time.perf_counter()
    with workspaces.open(sha) as first:
        prepared = time.perf_counter() - began
        patch = min(timed(first.patch) for _ in range(5))
        subprocess.run(["cp", "-a", first.checkout, folder / "prepared"], check=True)
    place = folder / "place"
    found: dict[str, list[float]] = {"git worktree add": [], "cp -a": [], "workspace": []}
    for _ in range(repeats):
        found["git worktree add"].append(timed(lambda: git(repo, "worktree", "add", "-q", "--detach", str(place), sha)))
        git(repo, "worktree", "remove", "--force", str(place))
        found["cp -a"].append(timed(lambda: subprocess.run(["cp", "-a", folder / "prepared", place], check=True)))
        hostile.remove(place)
        with contextlib.ExitStack() as stack:
            found["workspace"].append(timed(lambda: stack.enter_context(workspaces.open(sha))))
        workspaces.wait()
    report(found, prepared, patch)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def report(found: dict[str, list[float]], prepared: float, patch: float) -> None:
    unit = statistics.median(found["cp -a"])
    print(f"{'ms':20} {'min':>8} {'median':>8}   ratio to cp -a   (load {os.getloadavg()[0]:.1f})")
    for name, times in found.items():
        middle = statistics.median(times)
        print(f"{name:20} {min(times):8.1f} {middle:8.1f}   x{middle / unit:.2f}")
    print(f"first workspace of a base: {prepared * 1000:.0f} ms; patch of an unchanged checkout: {patch:.0f} ms")


if __name__ == "__main__":
    main()
