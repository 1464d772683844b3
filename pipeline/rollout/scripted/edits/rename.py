"""A rename: a local variable with a meagre name gets a telling one. Python only."""

from __future__ import annotations

import ast
import re

from pipeline.rollout.scripted.code import Code, Edit

_BETTER = {
    "res": ("result", "outcome"),
    "ret": ("result", "outcome"),
    "rv": ("result", "outcome"),
    "out": ("output", "produced"),
    "tmp": ("scratch", "interim"),
    "val": ("value", "content"),
    "v": ("value", "content"),
    "k": ("key", "label"),
    "i": ("index", "position"),
    "j": ("inner_index", "inner_position"),
    "n": ("count", "total"),
    "s": ("text", "string"),
    "d": ("mapping", "table"),
    "l": ("items", "entries"),
    "x": ("item", "element"),
    "m": ("match", "found"),
    "p": ("part", "piece"),
    "c": ("current", "candidate"),
    "f": ("handle", "stream"),
    "fp": ("handle", "stream"),
    "fn": ("function", "callback"),
    "idx": ("index", "position"),
    "cur": ("current", "cursor"),
    "msg": ("message", "notice"),
    "resp": ("response", "answer"),
    "req": ("request", "query"),
    "buf": ("buffer", "collected"),
    "data": ("payload", "content"),
    "args": ("arguments", "operands"),
    "cmd": ("command", "words"),
}


def offer(code: Code, target: str | None, variant: int) -> Edit | None:
    """Rename ``target``, or the first local name that tells nothing, wherever it stands in the function."""
    if code.tree is None or not code.complete:
        return None
    names = [name for name in _locals(code.tree) if name in _BETTER]
    if variant == 2:
        names = [name for name in names if name != target]
    for name in [name for name in names if name == target] or names:
        new = _BETTER[name][variant == 1]
        if not re.search(rf"\b{new}\b", "\n".join(code.lines)) and _is_plain(code.tree, name):
            return _edit(code, name, new)
    return None


def _locals(tree: ast.AST) -> list[str]:
    stored = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(n.id for n in sorted(stored, key=lambda n: (n.lineno, n.col_offset))))


def _is_plain(tree: ast.AST, name: str) -> bool:
    """False where the name also lives in places that hold no position of it, or means something else."""
    return not any(name in _names_without_position(node) for node in ast.walk(tree))


def _names_without_position(node: ast.AST) -> list[str | None]:
    match node:
        case ast.arg(arg=name):
            return [name]
        case ast.ExceptHandler(name=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.MatchAs(name=name) | ast.MatchStar(name=name) | ast.MatchMapping(rest=name):
            return [name]
        case ast.alias(asname=other, name=name):
            return [name, other]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return [*names]
        case ast.JoinedStr():
            return [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
        case _:
            return []


def _edit(code: Code, name: str, new: str) -> Edit:
    assert code.tree is not None
    spots = [(n.lineno, n.col_offset) for n in ast.walk(code.tree) if isinstance(n, ast.Name) and n.id == name]
    lines = [line.encode() for line in code.lines]  # ast counts columns in bytes of UTF-8
    for row, column in sorted(spots, reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + new.encode() + line[column + len(name) :]
    rows = [row for row, _ in spots]
    first, last = min(rows), max(rows)
    changed = tuple(line.decode() for line in lines[first - 1 : last])
    thought = f"The name `{name}` tells nothing. I call it `{new}`."
    return Edit("rename", name, thought, code.first + first - 1, code.first + last - 1, changed)
