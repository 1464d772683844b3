"""A named constant: a bare number in the function gets a name. Python only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pipeline.rollout.scripted.code import Code, Edit

_PLAIN = {0, 1, 2, -1}


def offer(code: Code, target: str | None, variant: int) -> Edit | None:
    """Name ``target`` (the number as text), or the first number that is not obvious."""
    if code.tree is None or not code.complete:
        return None
    sites = list(_numbers(code))
    if variant == 2:
        sites = [site for site in sites if site[0] != target]
    for text, name, row, column in [site for site in sites if site[0] == target] or sites:
        name = f"{name}_value" if variant == 1 else name
        if not re.search(rf"\b{name}\b", "\n".join(code.lines)):
            return _edit(code, text, name, row, column)
    return None


def _edit(code: Code, text: str, name: str, row: int, column: int) -> Edit:
    number = code.first + row - 1
    line = code.line(number).encode()
    changed = (line[:column] + name.encode() + line[column + len(text) :]).decode()
    between = code.lines[code.body - code.first : row - 1]
    thought = f"The bare number `{text}` needs a name: `{name}`."
    return Edit("constant", text, thought, code.body, number, (f"{code.indent}{name} = {text}", *between, changed))


def _numbers(code: Code) -> Iterator[tuple[str, str, int, int]]:
    """Each number worth a name: its text, the name, row and byte column in the function's lines."""
    assert code.tree is not None
    for statement in code.tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef | ast.Match):
            continue
        for parent in ast.walk(statement):
            if isinstance(parent, ast.JoinedStr | ast.FormattedValue | ast.Lambda):
                continue
            for name, child in _children(parent):
                if _is_bare(child):
                    assert isinstance(child, ast.Constant)
                    text = code.lines[child.lineno - 1].encode()[child.col_offset : child.end_col_offset].decode()
                    if re.fullmatch(r"[\d_.]+", text):
                        yield text, name, child.lineno, child.col_offset


def _children(parent: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    name = {ast.Compare: "limit", ast.Subscript: "position", ast.BinOp: "factor"}.get(type(parent), "amount")
    if isinstance(parent, ast.keyword) and parent.arg:
        name = parent.arg
    for child in ast.iter_child_nodes(parent):
        yield name, child


def _is_bare(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and type(node.value) in (int, float)
        and node.value not in _PLAIN
        and node.lineno == node.end_lineno
    )
