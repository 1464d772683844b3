"""Function extraction against ``ast`` (Python) and ctags, on the same files in the same run.

Usage:  python -m benchmarks.functions [TREE]      (default: the standard library's tests)

CPU time, files already in memory for ``ast``; ctags reads its own, once, with all languages on.
"""

from __future__ import annotations

import ast
import resource
import shutil
import subprocess
import sys
import sysconfig
import time
import warnings
from pathlib import Path

from pipeline.generate.functions import functions_in, functions_of


def by_ast(sources: list[bytes]) -> int:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return sum(isinstance(node, kinds) for source in sources for node in ast.walk(ast.parse(source)))


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


def readable(tree: Path) -> list[bytes]:
    """Python files that this Python's ``ast`` can read: it refuses others that we do read."""
    sources = []
    for path in tree.rglob("*.py"):
        try:
            ast.parse(source := path.read_bytes())
        except (SyntaxError, ValueError, OSError):
            continue
        sources.append(source)
    return sources


def main() -> None:
    warnings.simplefilter("ignore", SyntaxWarning)
    tree = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(sysconfig.get_paths()["stdlib"], "test")
    sources = readable(tree)
    start = time.process_time()
    peer = by_ast(sources)
    middle = time.process_time()
    ours = sum(len(functions_of("a.py", source)) for source in sources)
    end = time.process_time()
    print(
        f"Python, {len(sources)} files: ast {peer} functions {middle - start:.2f} s, ours {ours} {end - middle:.2f} s"
    )
    if sources:
        print(f"ours / ast: {(end - middle) / (middle - start):.2f}")
    start = time.process_time()
    found = len(functions_in(tree).functions)
    spent = time.process_time() - start
    print(f"all languages, from disk: ours {found} functions {spent:.2f} s")
    if (other := ctags(tree)) is not None:
        print(f"ours / ctags: {spent / other:.2f}")


if __name__ == "__main__":
    main()
