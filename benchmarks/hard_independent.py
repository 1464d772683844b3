"""Fail-to-pass and pass-to-pass of pull requests, found with worktrees, venvs and pytest alone: no code of ours.

Written apart from ``pipeline/evaluate/hard`` to compare with it (``benchmarks/hard.py``). It runs the code of
the repositories on this machine, with its network: use it on repositories that you trust.

    python benchmarks/hard_independent.py CLONE OUT < rows      # rows: JSONL with id, base, merge, date

Each row of OUT: ``id, f2p, p2p`` (lists of classname::name, as pytest's JUnit reports have them), ``error``.
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

RUNS = 2


def sh(*words: object, cwd: Path, check: bool = True, seconds: int = 900) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
    return subprocess.run(
        [str(word) for word in words], cwd=cwd, check=check, text=True, capture_output=True, timeout=seconds,
        stdin=subprocess.DEVNULL, env=env,
    )  # fmt: skip


def is_test(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return path.startswith(("tests/", "test/")) or name.startswith("test_") or name == "conftest.py"


def tests_of(clone: Path, base: str, merge: str) -> tuple[list[str], list[str]]:
    """Changed test paths that the merge has, and those that it deletes."""
    lines = sh("git", "diff", "--no-renames", "--name-status", base, merge, cwd=clone).stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    there = [path for status, path in rows if is_test(path) and status != "D"]
    return there, [path for status, path in rows if is_test(path) and status == "D"]


def environment(tree: Path, venv: Path, date: str) -> None:
    """The project, editable, with what its files name for tests, as of a day after ``date``."""
    import tomllib

    day = datetime.datetime.fromisoformat(date).date() + datetime.timedelta(days=1)
    uv = ["uv", "pip", "install", "-q", "--python", venv / "bin/python", "--exclude-newer", f"{day}T23:59:59Z"]
    sh("uv", "venv", "-q", "--python", "3.11", venv, cwd=tree)
    project = tomllib.loads((tree / "pyproject.toml").read_text()) if (tree / "pyproject.toml").exists() else {}
    groups = [g for g in ("dev", "test", "tests") if g in project.get("dependency-groups", {})]
    words = [
        "pytest",
        "pytest-timeout",
        *(w for g in groups for w in ("--group", g)),
        "-e",
        ".[test,tests,testing,dev]",
    ]
    if not groups and (tree / "requirements.txt").exists():
        words += ["-r", "requirements.txt"]
    if sh(*uv, *words, cwd=tree, check=False).returncode:
        sh(*uv, "pytest", "pytest-timeout", "-e", ".[test,tests,dev]", cwd=tree)


def run(tree: Path, venv: Path, files: list[str]) -> dict[str, bool]:
    """Test to whether it passed; skipped ones are left out."""
    report = tree / ".report.xml"
    report.unlink(missing_ok=True)
    words = ["-q", "-p", "no:cacheprovider", "--timeout=60", f"--junitxml={report}", *files]
    sh(venv / "bin/python", "-m", "pytest", *words, cwd=tree, check=False)
    found: dict[str, bool] = {}
    for case in ElementTree.parse(report).iter("testcase") if report.exists() else ():
        if case.find("skipped") is None and case.get("classname"):
            name = f"{case.get('classname')}::{case.get('name')}"
            passed = case.find("failure") is None and case.find("error") is None
            found[name] = found.get(name, True) and passed
    return found


def judged(clone: Path, row: dict[str, str], scratch: Path) -> dict[str, object]:
    tree, venv = scratch / "tree", scratch / "venv"
    there, gone = tests_of(clone, row["base"], row["merge"])
    files = [path for path in there if path.endswith(".py") and not path.endswith(("conftest.py", "__init__.py"))]
    sh("git", "worktree", "add", "--detach", "--force", tree, row["merge"], cwd=clone)
    try:
        environment(tree, venv, row["date"])
        after = [run(tree, venv, files) for _ in range(RUNS)]
        sh("git", "checkout", "--force", "--detach", row["base"], cwd=tree)
        sh("git", "checkout", row["merge"], "--", *there, cwd=tree)
        for path in gone:
            (tree / path).unlink(missing_ok=True)
        before = [run(tree, venv, files) for _ in range(RUNS)]
    finally:
        sh("git", "worktree", "remove", "--force", tree, cwd=clone, check=False)
    good = [name for name in after[0] if all(run.get(name) for run in after)]
    return {
        "f2p": sorted(name for name in good if not any(run.get(name) for run in before)),
        "p2p": sorted(name for name in good if all(run.get(name) for run in before)),
    }


def main() -> None:
    clone, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    with out.open("a") as file:
        for line in sys.stdin:
            row = json.loads(line)
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    found = judged(clone, row, Path(scratch))
                except subprocess.CalledProcessError as error:
                    found = {"f2p": [], "p2p": [], "error": error.stderr[-500:]}
                except subprocess.TimeoutExpired as error:
                    found = {"f2p": [], "p2p": [], "error": str(error)[-500:]}
            print(json.dumps({"id": row["id"], **found}), file=file, flush=True)


if __name__ == "__main__":
    main()
