"""The short form of Python source: the same definitions on the same lines, less to parse."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.functions.extract import extract
from pipeline.generate.functions.grammars.lighter import lighter
from pipeline.generate.functions.grammars.python import PYTHON
from pipeline.generate.functions.syntax import parse
from tests.functions.test_against_ast import FILES

PLAIN = dataclasses.replace(PYTHON, lighter=None)


@pytest.mark.parametrize(
    "line",
    [
        "a = f(b, c=[1, {2: 'x # y'}])",
        "return not a.b[1:2] and -c ** 2 >= (d,)",
        'assert f("it\'s", "(") == {}, "no"',
        "raise ValueError(f'{a}')",
        "a += b or c is not d",
        "call()",
        "a, b = b, a",
    ],
)
def test_a_whole_line_is_one_name(line: str) -> None:
    assert lighter(f"    {line}\n\t{line},\n".encode()) == b"    x\n\tx,\n"


@pytest.mark.parametrize(
    "line",
    [
        "a = (b,",
        "a = f(g(h(i(j(k)))))",
        "a = f(b]",
        "a = b +",
        "a b",
        "a = 'it",
        r"a = 'b\'c'",
        "a = b  # why",
        "a: int = b",
        "if a: b",
        "and a",
        "for a in b",
        "else b",
        "f'a' 'b'",
        '"a"',
        "+ a",
        "a = b \\",
        "def f(a)",
        "a = lambda b: c",
        "import a",
    ],
)
def test_every_other_line_stays(line: str) -> None:
    assert lighter(f"    {line}\n".encode()) == f"    {line}\n".encode()


def test_the_standard_library_has_the_same_functions_and_less_to_parse() -> None:
    before = after = misjudged = 0
    for path in FILES:
        source = path.read_bytes()
        short = parse(lighter(source), PYTHON)
        misjudged += short.has_error
        before, after = before + parse(source, PYTHON).descendant_count, after + short.descendant_count
        assert extract("a.py", source, PYTHON) == extract("a.py", source, PLAIN)
    assert after < 0.75 * before and misjudged < 0.05 * len(FILES)


def test_a_misjudged_line_costs_nothing_but_time() -> None:
    source = b"def f():\n    return (a\n    .b\n    c)\n\ndef g():\n    return (a and not\n    b)\n"
    assert extract("a.py", source, PYTHON) == extract("a.py", source, PLAIN)
    assert [found.name for found in extract("a.py", source, PYTHON)[0]] == ["g"]


@given(st.text("ab01 ()[]{}'\"\\#:,.=+-\n\t", max_size=200))
def test_lines_stay_lines(text: str) -> None:
    source = text.encode()
    assert len(lighter(source).split(b"\n")) == len(source.split(b"\n"))
    for short, line in zip(lighter(source).split(b"\n"), source.split(b"\n"), strict=True):
        assert short == line or short.strip() in (b"x", b"x,")


@pytest.mark.parametrize("piece", ["a(", "(", "a and ", "'", "'a' ", "a,", "[(", "a.b", "-", "not a ", "a = "])
def test_a_long_line_takes_linear_time(piece: str) -> None:
    """Quadratic time would take hours."""
    lighter(b"  a = " + piece.encode() * 1_000_000 + b"\n")
