"""An early return: leave at once when there is nothing to work on. Python only."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pipeline.rollout.scripted.code import Code, Edit, PythonFunction


def offer(code: Code, target: str | None, variant: int) -> Edit | None:
    """Return early on an empty ``target``, or on the first parameter that is looped over or measured."""
    if code.tree is None or not code.complete:
        return None
    empty = _empty_result(code.tree)
    names = {parameter.name for parameter in code.parameters}
    sized = [name for name in dict.fromkeys(_sized(code.tree)) if name in names and not _is_tested(code, name)]
    chosen = [name for name in sized if name == target] or sized
    if variant == 2:
        chosen = [name for name in sized if name != target]
    if empty is None or not chosen:
        return None
    name = chosen[0]
    test = f"len({name}) == 0" if variant == 1 else f"not {name}"
    lines = (f"{code.indent}if {test}:", f"{code.indent}{code.unit}return{empty}")
    thought = f"An empty `{name}` needs no work here. I return early."
    return Edit("early_return", name, thought, code.body, code.body - 1, lines)


def _sized(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Name):
            yield node.iter.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
            yield from (argument.id for argument in node.args if isinstance(argument, ast.Name))


def _is_tested(code: Code, name: str) -> bool:
    return any(f"not {name}:" in line or f"if {name}:" in line for line in code.lines)


_EMPTY: dict[type[ast.expr], str] = {
    ast.List: " []",
    ast.ListComp: " []",
    ast.Dict: " {}",
    ast.DictComp: " {}",
    ast.Set: " set()",
    ast.SetComp: " set()",
    ast.JoinedStr: ' ""',
}


def _empty_result(tree: PythonFunction) -> str | None:
    """What the function gives back for no input, with a leading blank; None when that is not plain."""
    returns = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(tree)) or not returns:
        return ""
    value = returns[-1]
    if value is None:
        return ""
    if isinstance(value, ast.Name):
        value = _first_value(tree, value.id)
    return _EMPTY.get(type(value)) if value is not None else None


def _first_value(tree: PythonFunction, name: str) -> ast.expr | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return node.value
    return None
