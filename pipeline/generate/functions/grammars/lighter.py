"""Python source with less in it for a parser that looks for definitions: what takes most of its time cannot hold one.

A line that is a whole expression, ``NAME = EXPRESSION``, or ``return``, ``assert`` or ``raise`` of one is written as
``x``. That holds wherever the line stands: as a statement, as one line of a longer bracket (its last comma stays), or
in a string. Lines and the names of definitions stay as they are; columns do not. What is wrong inside such a line
(``f(a b)``) is not seen any more; all else is. Where a line was misjudged the parser finds an error and
is given the source itself. A third of SymPy's lines go, and a third of the parser's time (docs/LOG.md).
"""

from __future__ import annotations

import re

_STRING = r""" "[^"\\\n]*+" | '[^'\\\n]*+' """
_FLAT = rf"(?> [\w\ .,+*/%=<>!&|^~@:-]++ | {_STRING} )*+"
_BRACKETS = rf"(?> \( {_FLAT} \) | \[ {_FLAT} \] | \{{ {_FLAT} \}} )"
_DEPTH = 4
"""Brackets in brackets that a line may have: beyond it stays as it is."""
for _ in range(_DEPTH - 1):
    _INSIDE = rf"{_FLAT} (?> {_BRACKETS} {_FLAT} )*+"
    _BRACKETS = rf"(?> \( {_INSIDE} \) | \[ {_INSIDE} \] | \{{ {_INSIDE} \}} )"

_OPERAND = rf"(?: not\ | [-+~] )? (?> \w++ | {_STRING} | {_BRACKETS} ) (?> \.\w++ | {_BRACKETS} | {_STRING} )*+"
_OPERATOR = r"""
    \ ?(?: == | != | <= | >= | \*\* | // | [-+*/%@&|^]?= | [-+*/%<>&|^] )\ ? | ,\ ?
    | \ (?: and | or | in | is | is\ not | not\ in )\ """
_OTHERS = """and|or|if|else|elif|for|in|is|while|with|class|def|try|except|finally|async|import|from|global|nonlocal
    |del|pass|break|continue|lambda|not|await|exec|print|match|case|type|yield"""
"""Words that begin other statements, or go on with a line before."""

_WHOLE_LINE = re.compile(
    rf"""^([\ \t]++) (?! (?:{_OTHERS})\b ) (?:return\ |assert\ |raise\ )?+
    (?= [A-Za-z_] ) (?! [A-Za-z]{{1,2}}["'] ) {_OPERAND} (?> (?:{_OPERATOR}) {_OPERAND} )*+ (,?)$""".encode(),
    re.MULTILINE | re.VERBOSE,
)


def lighter(source: bytes) -> bytes:
    """``source`` with such lines written short."""
    return _WHOLE_LINE.sub(rb"\1x\2", source)
