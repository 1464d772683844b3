"""Documentation: a docstring in Python, a comment above the definition elsewhere."""

from __future__ import annotations

import ast
import re

from pipeline.rollout.scripted.code import Code, Edit
from pipeline.rollout.scripted.edits.words import listed, sentence
from pipeline.rollout.scripted.languages import comment


def offer(code: Code, target: str | None, variant: int) -> Edit | None:
    """Say what the function does and takes, where nothing does."""
    thought = f"Nothing says what `{code.name}` does. I write that down."
    if code.language == "python":
        if code.tree is None or ast.get_docstring(code.tree) is not None or code.name.startswith("__"):
            return None
        text = _docstring(code, variant)
        return Edit("docstring", "expects", thought, code.body, code.body - 1, text)
    if code.first < 2 or re.match(r"\s*(//|/\*|\*|@|#|\[)", code.above) or code.above.rstrip().endswith("*/"):
        return None
    margin = code.lines[0][: len(code.lines[0]) - len(code.lines[0].lstrip())]
    text = tuple(margin + comment(code.language, line) for line in _comment(code, variant))
    return Edit("docstring", "expects", thought, code.first, code.first - 1, text)


def _takes(code: Code, quote: str, variant: int) -> list[str]:
    names = [parameter.name for parameter in code.parameters]
    if not names:
        return []
    return [f"It takes {listed(names, quote)}." if variant == 0 else f"Arguments: {listed(names, quote)}."]


def _docstring(code: Code, variant: int) -> tuple[str, ...]:
    takes = [] if variant == 2 else _takes(code, "``", variant)
    if not takes:
        does = f"{sentence(code.name)}." if variant == 0 else f"What {code.name} says."
        return (f'{code.indent}"""{does}"""',)
    return (f'{code.indent}"""{sentence(code.name)}.', "", code.indent + takes[0], f'{code.indent}"""')


def _comment(code: Code, variant: int) -> list[str]:
    does = f"{code.name} does what its name says: {sentence(code.name).lower()}."
    return [does] if variant == 2 else [does, *_takes(code, "", variant)]
