"""Function extraction against ``ast``, ctags and the reference, on the same files in the same run.

Usage:  python -m benchmarks.functions [TREE...] [--download FOLDER] [--reference FILE | --code2flow PROGRAM]

TREE: default the standard library's tests. ``--download`` gets Django 5.0.6 and SymPy 1.12 from PyPI
into FOLDER first and measures their packages. ``--reference FILE`` holds what the reference attempts
in the first TREE, one ``path::name`` a line; ``--code2flow PROGRAM`` makes that list as the reference
does, with code2flow 2.5.1, and takes minutes.

CPU time; files already in memory for ``ast``. A scan from disk is made three times: the least is the machine's
best, what is above it is other work on it (as ``timeit`` has it). ctags reads its own, once, with all languages on.
Exits with 1 when our Python functions are not those of ``ast``, or one of the reference's is missing.
"""

from __future__ import annotations

import argparse
import ast
import os
import resource
import shutil
import subprocess
import sys
import sysconfig
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.code2flow_names import code2flow_names
from pipeline.generate.functions import functions_in, functions_of

SCANS = 3
PACKAGES = ("Django==5.0.6", "sympy==1.12")


def by_ast(source: bytes) -> list[tuple[str, int, int]]:
    """Qualified name, first and last line of each function, as ``ast`` knows them."""
    found = []
    waiting: list[tuple[ast.AST, str]] = [(ast.parse(source), "")]
    while waiting:
        node, scope = waiting.pop()
        for child in ast.iter_child_nodes(node):
            inner = scope
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{scope}{child.name}."
                if not isinstance(child, ast.ClassDef):
                    found.append((inner[:-1], child.lineno, child.end_lineno or 0))
            waiting.append((child, inner))
    return found


def by_us(source: bytes) -> list[tuple[str, int, int]]:
    return [(f.name, f.start_line, f.end_line) for f in functions_of("a.py", source)]


def ctags(tree: Path) -> float | None:
    """CPU seconds of ctags over ``tree``; None where it is not installed."""
    program = shutil.which("ctags")
    if program is None:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [program, "-R", "--fields=+ne", "-f", "-", str(tree)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def readable(tree: Path) -> Iterator[tuple[Path, bytes]]:
    """Python files that this Python's ``ast`` can read: it refuses others that we do read."""
    for path in sorted(tree.rglob("*.py")):
        try:
            ast.parse(source := path.read_bytes())
        except (SyntaxError, ValueError, OSError):
            continue
        yield path, source


def against_ast(tree: Path) -> bool:
    """Print both; whether they agree on every file."""
    files = list(readable(tree))
    start = time.process_time()
    peer = [by_ast(source) for _, source in files]
    middle = time.process_time()
    ours = [by_us(source) for _, source in files]
    end = time.process_time()
    unlike = [path for (path, _), a, b in zip(files, peer, ours, strict=True) if Counter(a) != Counter(b)]
    spent = middle - start, end - middle
    print(f"Python, {len(files)} files that ast parses: ast {sum(map(len, peer))} functions {spent[0]:.2f} s")
    print(f"ours {sum(map(len, ours))} functions {spent[1]:.2f} s, ours / ast: {spent[1] / (spent[0] or 1):.2f}")
    print(f"files whose names or lines are not those of ast: {len(unlike)} {[str(path) for path in unlike[:5]]}")
    return not unlike


def from_disk(tree: Path) -> None:
    """Print what one scan of everything costs, beside ctags."""
    scans = []
    for _ in range(SCANS):
        start = time.process_time()
        found = Counter(function.language for function in functions_in(tree).functions)
        scans.append(time.process_time() - start)
    each = ", ".join(f"{spent:.2f}" for spent in scans)
    print(f"all languages, from disk: {found.total()} functions {min(scans):.2f} CPU s (of {each}); "
          f"{dict(found.most_common())}")  # fmt: skip
    if other := ctags(tree):
        print(f"ctags {other:.2f} s, ours / ctags: {min(scans) / other:.2f}")


def against_reference(tree: Path, names: set[str]) -> bool:
    """Print what the reference attempts and we do not find; whether that is nothing."""
    ours = {f"{function.path}::{function.name}" for function in functions_in(tree, ["python"]).functions}
    missing = sorted(names - ours)
    print(f"the reference attempts {len(names)}, of which we miss {len(missing)} {missing[:5]}; we find {len(ours)}")
    return not missing


def download(folder: Path) -> list[Path]:
    """The packages, unpacked."""
    trees = []
    for package in PACKAGES:
        tree = folder / package
        if not tree.exists():
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*pip, "-d", str(folder), package], check=True)
            name, _, version = package.lower().partition("==")
            wheel = next(path for path in folder.glob("*.whl") if path.name.lower().startswith(f"{name}-{version}-"))
            zipfile.ZipFile(wheel).extractall(tree)
        trees.append(tree)
    return trees


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("trees", nargs="*", type=Path)
    parser.add_argument("--download", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--code2flow")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)
    trees = [*(download(asked.download) if asked.download else []), *asked.trees]
    trees = trees or [Path(sysconfig.get_paths()["stdlib"], "test")]
    agrees = True
    for tree in trees:
        print(f"{tree}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        agrees &= against_ast(tree)
        from_disk(tree)
    if asked.reference or asked.code2flow:
        listed = asked.reference.read_text().splitlines() if asked.reference else []
        names = set(listed) if asked.reference else code2flow_names(trees[0], asked.code2flow)
        agrees &= against_reference(trees[0], names)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
