"""Reading functions and task texts, and the words that describe and task must share."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate import plan, record
from pipeline.rollout.scripted import agent, code, locate
from pipeline.rollout.scripted.code import read_function
from pipeline.rollout.scripted.conversation import draw, output
from pipeline.rollout.scripted.edits import KINDS
from pipeline.rollout.scripted.parameters import Parameter, split
from pipeline.rollout.scripted.symptoms import Hint, hint_in, preferred, symptom
from pipeline.rollout.scripted.task import understand

MODULES = (agent, code, locate, plan, record)


@pytest.mark.parametrize("kind", KINDS)
def test_every_symptom_is_read_back_as_its_hint(kind: str) -> None:
    """Otherwise rollout 2 would not know what rollout 1 was about."""
    hint = Hint(kind, "expects" if kind == "docstring" else "rows")
    for choice in "abcdefgh":
        assert hint_in(symptom(hint, "Table.insert", choice)) == hint


def test_a_function_is_read_to_its_end() -> None:
    for module in MODULES:
        lines = inspect.getsource(module).splitlines()
        for node in ast.parse("\n".join(lines)).body:
            if isinstance(node, ast.FunctionDef):
                found = read_function("x.py", node.name, node.lineno, "", lines[node.lineno - 1 :], False)
                assert found is not None and found.complete
                assert found.first + len(found.lines) - 1 == node.end_lineno


def test_a_function_cut_off_by_the_window_is_incomplete() -> None:
    lines = ["def f(a):", "    for x in a:", "        print(x)", "        if x:", "            print("]
    found = read_function("x.py", "f", 10, "", lines, True)
    assert found is not None and not found.complete and found.body == 11


@pytest.mark.parametrize("text", ["def f(): pass", "def f(a): return a", "def f():\n    '''Doc.'''", "x = 1", "def ("])
def test_what_has_no_body_of_its_own_lines_is_declined(text: str) -> None:
    assert read_function("x.py", "f", 1, "", text.splitlines(), False) is None


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("go", "a, b int, c *Node", [("a", "int"), ("b", "int"), ("c", "*Node")]),
        ("rust", "&self, text: &str, map: HashMap<String, u8>", [("text", "&str"), ("map", "HashMap<String, u8>")]),
        ("java", "final String a, List<Map<K, V>> b", [("a", "String"), ("b", "List<Map<K, V>>")]),
        ("typescript", "a: string, { b }: P, ...rest: X[]", [("a", "string")]),
        ("c", "const char *name, int n", [("name", "const char *"), ("n", "int")]),
        ("c", "void", []),
    ],
)
def test_parameters(language: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert [(p.name, p.type) for p in split(text, language)] == expected


def test_optional_parameters_are_not_required() -> None:
    assert split("a?: string, b = 1, c: X", "typescript") == (
        Parameter("a", "string", False),
        Parameter("b", "", False),
        Parameter("c", "X", True),
    )


def test_a_task_text_is_read_for_file_names_and_functions() -> None:
    task = understand('See `Table.insert` in `src/db/table.py`.\n  File "/x/src/db/other.py", line 3, in fetch_all')
    assert task.path == "src/db/table.py"
    assert task.names[:2] == ("Table.insert", "fetch_all")


@given(st.text(), st.integers(1, 100))
def test_draws_are_in_range_and_stable(text: str, sides: int) -> None:
    assert 0 <= draw(text, sides) < sides
    assert draw(text, sides) == draw(text, sides)


@given(st.text())
def test_no_task_text_breaks_the_reader(text: str) -> None:
    understand(text)
    assert set(preferred(text)) <= set(KINDS)


@given(st.text())
def test_no_tool_result_breaks_the_reader(text: str) -> None:
    assert isinstance(output(text), str)


def test_only_whole_lines_of_a_cut_result_are_used() -> None:
    assert output('{"returncode": 0, "output": "one\\ntw", "elided_chars": 5, "output_tail": "x"}') == "one\n"


def test_a_window_is_viewed_from_the_line_above() -> None:
    source = textwrap.dedent("""\
        # about f
        def f(a):
            return a
        """)
    found = read_function("x.py", "f", 2, source.splitlines()[0], source.splitlines()[1:], False)
    assert found is not None and found.above == "# about f" and found.parameters == (Parameter("a", "", True),)
