"""The function on view: where it begins and ends, its parameters, where its body starts.

Python is parsed with ``ast``, Ruby and shell are read by their margins. In the languages with
braces a masked text (strings and comments blanked) is scanned for the parameter list and the
block; what that cannot make out is declined.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.rollout.scripted.languages import language_of
from pipeline.rollout.scripted.margins import extent
from pipeline.rollout.scripted.parameters import Parameter, split

PythonFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Code:
    """One function as seen through the tools."""

    path: str
    name: str
    """Without its class."""
    language: str
    first: int
    """1-based line in the file of ``lines[0]``, the first of the definition."""
    lines: tuple[str, ...]
    above: str
    """The line before the definition; "" at the top of the file."""
    body: int
    """1-based line in the file of the first statement; for Python the one after the docstring."""
    indent: str
    """Indentation of the body."""
    parameters: tuple[Parameter, ...]
    complete: bool
    """False when only its beginning was seen."""
    tree: PythonFunction | None = None
    """Python only; its line 1 is ``lines[0]``."""

    @property
    def unit(self) -> str:
        """One level of indentation: what the body is further in than the definition."""
        margin = self.lines[0][: len(self.lines[0]) - len(self.lines[0].lstrip())]
        return self.indent.removeprefix(margin) or "    "

    def line(self, number: int) -> str:
        """The line with this number in the file."""
        return self.lines[number - self.first]


@dataclass(frozen=True)
class Edit:
    """Lines ``first..last`` of the file (1-based, inclusive) become ``lines``; last < first inserts."""

    kind: str
    target: str
    thought: str
    first: int
    last: int
    lines: tuple[str, ...]


def read_function(path: str, name: str, first: int, above: str, seen: Sequence[str], more: bool) -> Code | None:
    """The function whose definition is ``seen[0]``, line ``first`` of the file.

    ``more`` tells that the file goes on after ``seen``. None when it cannot be made out.
    """
    language = language_of(path)
    if language is None or not seen:
        return None
    if language == "python":
        return _python(path, name, first, above, seen, more)
    if language in ("ruby", "shell"):
        return _margins(path, name, language, first, above, seen)
    return _braces(path, name, language, first, above, seen)


def parse_python(lines: Sequence[str]) -> PythonFunction | None:
    """The function that ``lines`` are, at whatever indentation; None when they are not one."""
    inside = lines[0][:1].isspace()
    text = "\n".join([*(["if 1:"] if inside else []), *lines, ""])
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # ValueError: a null byte
        return None
    body = tree.body[0].body if inside and isinstance(tree.body[0], ast.If) else tree.body
    if len(body) != 1 or not isinstance(body[0], PythonFunction):
        return None
    return ast.increment_lineno(body[0], -1) if inside else body[0]


def _python(path: str, name: str, first: int, above: str, seen: Sequence[str], more: bool) -> Code | None:
    tree, count, complete = _python_extent(seen, more)
    if tree is None or tree.name != name:
        return None
    documented = ast.get_docstring(tree, clean=False) is not None
    statements = tree.body[1:] if documented else tree.body
    start = _top(statements[0]) if statements else 0
    indent = re.match(r"[ \t]*(?=\S)", seen[start - 1])
    if not statements or indent is None or indent.end() != statements[0].col_offset:
        return None  # nothing but a docstring, or the body stands on the line of the definition
    lines = tuple(seen[:count])
    return Code(
        path,
        name,
        "python",
        first,
        lines,
        above,
        first + start - 1,
        indent.group(),
        _python_parameters(tree),
        complete,
        tree,
    )


def _python_extent(seen: Sequence[str], more: bool) -> tuple[PythonFunction | None, int, bool]:
    margin = len(seen[0]) - len(seen[0].lstrip())
    ends = [i for i in range(1, len(seen)) if seen[i].strip() and len(seen[i]) - len(seen[i].lstrip()) <= margin]
    for end in [*ends, len(seen)]:
        tree = parse_python(seen[:end])
        if tree is not None and (end < len(seen) or not more):
            return tree, tree.end_lineno or end, True
    for end in range(len(seen), max(1, len(seen) - 40), -1):
        tree = parse_python(seen[:end])
        if tree is not None:
            return tree, tree.end_lineno or end, False
    return None, 0, False


def _top(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _python_parameters(tree: PythonFunction) -> tuple[Parameter, ...]:
    positional = [*tree.args.posonlyargs, *tree.args.args]
    defaults = [None] * (len(positional) - len(tree.args.defaults)) + list(tree.args.defaults)
    pairs = [*zip(positional, defaults, strict=True), *zip(tree.args.kwonlyargs, tree.args.kw_defaults, strict=True)]
    return tuple(
        Parameter(argument.arg, ast.unparse(argument.annotation) if argument.annotation else "", default is None)
        for argument, default in pairs
        if argument.arg not in ("self", "cls")
    )


def _margins(path: str, name: str, language: str, first: int, above: str, seen: Sequence[str]) -> Code | None:
    found = extent(language, seen)
    if found is None:
        return None
    indent = re.match(r"\s*", seen[found.body]).group()  # type: ignore[union-attr]
    return Code(
        path, name, language, first, tuple(seen[: found.rows]), above, first + found.body,
        indent, found.parameters, found.complete,
    )  # fmt: skip


_MASK = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)
_MASK_SCRIPT = re.compile(_MASK.pattern + r"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_MASK_PHP = re.compile(_MASK_SCRIPT.pattern + r"|#(?!\[)[^\n]*", re.DOTALL)


def masked(text: str, language: str) -> str:
    """``text`` with strings and comments blanked; same length, same lines."""
    pattern = {"javascript": _MASK_SCRIPT, "typescript": _MASK_SCRIPT, "php": _MASK_PHP}.get(language, _MASK)
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def _braces(path: str, name: str, language: str, first: int, above: str, seen: Sequence[str]) -> Code | None:
    text = "\n".join(seen)
    blank = masked(text, language)
    opened = re.search(
        rf"\b{re.escape(name)}\b\s*(?:[:=]\s*(?:async\s*)?(?:function\b\s*\*?\s*\w*)?)?(?:<[^>(]*>)?\s*\(", blank
    )
    if opened is None:
        return None
    closed = _matching(blank, opened.end() - 1, "()")
    block = blank.find("{", closed) if closed is not None else -1
    if closed is None or block < 0 or not _is_plain(blank[closed + 1 : block], language):
        return None
    row = blank.count("\n", 0, block)
    if seen[row].rstrip()[-1:] != "{" or row + 1 >= len(seen):
        return None
    end = _matching(blank, block, "{}")
    rows = len(seen) if end is None else blank.count("\n", 0, end) + 1
    if rows < row + 3:  # an empty block, or one whose only line we may not see whole
        return None
    inner = next((line for line in seen[row + 1 : rows] if line.strip()), "")
    parameters = split(text[opened.end() : closed], language)
    return Code(
        path, name, language, first, tuple(seen[:rows]), above, first + row + 1,
        inner[: len(inner) - len(inner.lstrip())], parameters, end is not None,
    )  # fmt: skip


def _matching(text: str, start: int, pair: str) -> int | None:
    depth = 0
    for index in range(start, len(text)):
        if text[index] == pair[0]:
            depth += 1
        elif text[index] == pair[1]:
            depth -= 1
            if depth == 0:
                return index
    return None


def _is_plain(between: str, language: str) -> bool:
    """What may stand between parameters and block; a semicolon, say, ends a declaration without one."""
    if language in ("javascript", "typescript", "cpp") and between.rstrip().endswith((":", "(")):
        return False
    if language == "cpp" and ":" in between.replace("::", ""):
        return False
    return not re.search(r";|=(?!>)|\(\s*$", between)
