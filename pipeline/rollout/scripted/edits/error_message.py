"""A clearer error: show the value that was refused. Not in Go, Rust, C, C++ and shell."""

from __future__ import annotations

import re

from pipeline.rollout.scripted.code import Code, Edit

_PYTHON = re.compile(r"(.*\braise \w+(?:\.\w+)*\()([\"'])([^\"'{}\\%]+)\2(\).*)")
_BRACES = re.compile(r"(.*\bthrow new [\w.\\]+\()([\"'])([^\"'\\]+)\2(\).*)")
_PATTERNS = {
    "python": _PYTHON,
    "javascript": _BRACES,
    "typescript": _BRACES,
    "java": _BRACES,
    "php": _BRACES,
    "csharp": _BRACES,
    "kotlin": re.compile(r"(.*\bthrow [\w.]+\()(\")([^\"\\$]+)\"(\).*)"),
    "ruby": re.compile(r"(.*\braise [\w:]+(?:, |\())([\"'])([^\"'#\\]+)\2(\)?(?: (?:if|unless) .*)?)"),
}
"""Head, quote, text and tail of a line that gives a plain text as an error."""


def offer(code: Code, target: str | None, variant: int) -> Edit | None:
    """Add the value of ``target``, or of the parameter that is tested just before, to the first plain error."""
    pattern = _PATTERNS.get(code.language)
    if pattern is None:
        return None
    for number in range(code.body, code.first + len(code.lines)):
        found = pattern.fullmatch(code.line(number))
        name = found and _culprit(code, number, target, variant)
        if found and name:
            line = _shown(code.language, found, name, variant)
            thought = f"The error does not show `{name}`, which caused it. I add its value."
            return Edit("error_message", name, thought, number, number, (line,))
    return None


def _culprit(code: Code, number: int, target: str | None, variant: int) -> str | None:
    """The parameter that the nearest line above mentions; in Ruby the condition may stand behind the error."""
    names = [parameter.name for parameter in code.parameters]
    for above in range(number if code.language == "ruby" else number - 1, code.first - 1, -1):
        mentioned = [name for name in names if re.search(rf"\b{re.escape(name)}\b", code.line(above))]
        if variant == 2:
            mentioned = [name for name in mentioned if name != target]
        if mentioned:
            return target if target in mentioned else mentioned[0]
    return None


def _shown(language: str, found: re.Match[str], name: str, variant: int) -> str:
    head, quote, text, tail = found.groups()
    text = text.rstrip(".:! ")
    if language == "python":
        shown = f" (got {{{name}!r}})" if variant == 1 else f": {{{name}!r}}"
        return f"{head}f{quote}{text}{shown}{quote}{tail}"
    lead = "; got " if variant == 1 else ": "
    if language == "kotlin":
        return f'{head}"{text}{lead}${name}"{tail}'
    if language == "ruby":
        return f'{head}"{text}{lead}#{{{name}.inspect}}"{tail}'
    added = f" . ${name}" if language == "php" else f" + {name}"
    return f"{head}{quote}{text}{lead}{quote}{added}{tail}"
