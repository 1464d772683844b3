"""Names and lines of Python functions, against ``ast``, on packages of the standard library."""

from __future__ import annotations

import ast
import json
import sysconfig
import warnings
from pathlib import Path

import pytest

from pipeline.generate.functions import functions_of

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
FILES = [*LIBRARY.joinpath("json").glob("*.py"), *LIBRARY.joinpath("asyncio").glob("*.py"), *LIBRARY.glob("d*.py")]
assert Path(json.__file__) in FILES


def by_ast(source: bytes) -> list[tuple[str, int, int]]:
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        waiting: list[tuple[ast.AST, str]] = [(ast.parse(source), "")]
    while waiting:
        node, scope = waiting.pop()
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                assert child.end_lineno is not None
                found.append((scope + child.name, child.lineno, child.end_lineno))
            waiting.append((child, f"{scope}{child.name}." if named else scope))  # type: ignore[attr-defined]
    return sorted(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_same_functions_as_ast(path: Path) -> None:
    source = path.read_bytes()
    assert sorted((f.name, f.start_line, f.end_line) for f in functions_of(path.name, source)) == by_ast(source)
