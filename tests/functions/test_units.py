"""What counts as a section, block or module, and how it is named, by one small tricky source for each format."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generate.functions import KINDS, functions_in, functions_of
from pipeline.generate.functions.units import UNITS

SOURCES = Path(__file__).parent / "units"
OTHERS = [kind for kind in KINDS if kind != "function"]

EXPECTED = {
    "guide.md": """
        section The shop tool 5 7
        section The shop tool > Install 9 21
        section The shop tool > Install > From source 23 29
        section The shop tool > C# 30 32
    """,
    "guide.rst": """
        section Guide 3 10
        section Guide > Install 12 15
        section Guide > Install > From source 17 24
        section Guide > Install > From source > Ünïcödé code 26 27
        section Guide > Install > Short title here 29 33
        section Guide > Use 35 37
    """,
    "guide.adoc": """
        section Guide 1 4
        section Guide > Install 6 11
        section Guide > Install > From source 13 18
        section Guide > Older form 20 27
        section Guide > Use 29 29
    """,
    "schema.sql": """
        block create table Shop.users 3 6
        block create index on users 7 7
        block create index idx_name 8 8
        block alter table users 11 11
        block alter table users #2 12 12
        block insert into users 13 13
        block create function touch 14 19
        block create trigger touched 20 20
        block with 24 24
        block select from ref('orders; x') 25 25
        block create procedure dbo.Do It 27 29
        block create procedure p 32 35
        block create function one 37 37
        block create procedure oracle_one 38 42
        block drop table old 44 44
        block grant on users 45 45
    """,
    "main.tf": """
        block terraform 1 5
        block resource.aws_s3_bucket.logs 7 9
        block locals 11 11
        block locals #2 12 17
        block module.vpc 23 25
        ! resource.broken.one syntax_error
    """,
    "deploy.yaml": """
        block Deployment/web 2 6
        block ConfigMap/settings 8 14
        block document 3 17 18
        ! document 4 template
        ! document 5 template
        ! document 6 syntax_error
    """,
    "workflow.yml": """
        block name 1 1
        block on.push 3 4
        block env 5 6
        block jobs.build 8 12
        block jobs.test it 14 15
        block paths./users.get 18 19
        block paths./users.post 20 21
    """,
    "playbook.yml": """
        block Install nginx 2 3
        block all 4 6
        block item 3 7 7
        block Install nginx #2 8 8
    """,
    "deploy.sh": """
        block deploy.sh 1 9
    """,
    "fifo.v": """
        module fifo 6 15
        module fifo.next 10 12
        module fifo.clear 13 14
        module p 16 26
        module p.C 20 24
        module p.C.size 22 22
        module p.C.outside 25 25
        module bus 27 29
    """,
    "fifo.vhd": """
        module fifo 2 4
        module fifo.rtl 6 17
        module fifo.rtl.inc 7 10
        module fifo.rtl.main 12 14
        module fifo.rtl.process 15 15
        module fifo.rtl.process #2 16 16
        module p 19 21
        module p.body 22 24
        module p.body.declared 23 23
    """,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_golden(name: str) -> None:
    scan = functions_in(SOURCES / name, kinds=OTHERS)
    found = [f"{f.kind} {f.name} {f.start_line} {f.end_line}" for f in scan.functions]
    found += [f"! {row.id.split('::')[1]} {row.reason}" for row in scan.left_out]
    assert found == [line.strip() for line in EXPECTED[name].strip().splitlines()]


def test_each_format_has_a_source_here() -> None:
    shown = {f.language for f in functions_in(SOURCES, kinds=OTHERS).functions}
    assert shown == {grammar.language for grammar in UNITS}


def names(path: str, text: str) -> list[str]:
    return [f.name for f in functions_of(path, text.encode(), kinds=OTHERS)]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("`a` and *b*", "a and b"),
        ("Use [the `x`](http://a.b/c) now", "Use the x now"),
        ("snake_case_name __init__", "snake_case_name init"),
        ("v1.2.3", "v1.2.3"),
        ("Title {#id}", "Title"),
        ("<a name='x'></a>Anchored", "Anchored"),
        ("", "(untitled)"),
        ("x" * 500, "x" * 80),
    ],
)
def test_a_heading_is_named_without_its_markup(title: str, shown: str) -> None:
    assert names("a.md", f"# {title}\n\ntext\n") == [shown]


def test_a_script_of_functions_is_no_block() -> None:
    function = "f() {\n  a\n  b\n  c\n}\n"
    assert names("a.sh", f"#!/bin/sh\n{function}f\n") == []
    assert names("a.sh", "#!/bin/sh\n" + "a\n" * 9 + function) == ["a.sh"]
    assert names("tool", "#!/bin/bash\necho\n") == ["tool"]


def test_names_can_stand_between_backquotes_on_one_line() -> None:
    hostile = ["# a `b` ``c`` d\nx\n", '"a`\\nb":\n  c: 1\n', 'a "x`y" {\n}\n', "create table `a\nb` (c int);"]
    for path, text in zip(("a.md", "a.yml", "a.tf", "a.sql"), hostile, strict=True):
        (name,) = names(path, text)
        assert not set("`\n") & set(name)


SHAPES = {
    "a.md": ["# x\n", "> ", "```\n", "<!--", "[", "x\n===\n", "- "],
    "a.rst": ["x\n=\n", "====\nx\n====\n", ".. x::\n\n   y\n"],
    "a.adoc": ["== x\n", "----\n", "x\n--\n\n"],
    "a.sql": ["$a$ ", "/* ", "'", "copy x\n", "{{ ", "create function f as begin ", "case ", '"', "with "],
    "a.tf": ["a {\n", "a = [", '"${'],
    "a.yaml": ["a:\n  ", "- ", "--- \n", "{", "[", "? ", "a: |\n  x\n"],
    "a.v": ["module m;\n", "/*", '"', "function f;", "endmodule ", "`define x \\\n", "["],
    "a.vhd": ["architecture a of b is begin\n", "process begin ", "(", "package p is "],
    "a.sh": ["f() {\n", "$(", "<<E\n", "'"],
}


@pytest.mark.parametrize("path", SHAPES)
def test_hostile_shapes_neither_crash_nor_take_long(path: str) -> None:
    for shape in SHAPES[path]:
        for unit in functions_of(path, shape.encode() * 3000, kinds=OTHERS):
            assert unit.start_line <= unit.end_line


@settings(max_examples=80, deadline=None)
@given(source=st.binary(max_size=300), grammar=st.sampled_from(UNITS))
def test_any_bytes_are_read(source: bytes, grammar: object) -> None:
    lines = source.count(b"\n") + 1
    for unit in functions_of("x", source, grammar.language, kinds=OTHERS):  # type: ignore[attr-defined]
        assert 1 <= unit.start_line <= unit.end_line <= lines


@settings(max_examples=60, deadline=None)
@given(
    levels=st.lists(st.integers(1, 6), min_size=1, max_size=12),
    form=st.sampled_from([("a.md", "#"), ("a.adoc", "="), ("a.rst", "")]),
)
def test_sections_of_all_formats_are_nested_alike(levels: list[int], form: tuple[str, str]) -> None:
    """By a plain reading of levels: the nearest earlier heading of a higher level is the one around."""
    path, sign = form
    for at in range(len(levels)):  # no level is left out on the way down
        levels[at] = min(levels[at], 1 + (levels[at - 1] if at else 0))
    parts, around = [], list[tuple[int, str]]()
    expected = []
    for number, level in enumerate(levels):
        title = f"Title {number}"
        parts.append(f"{sign * level} {title}\n\ntext\n" if sign else f"{title}\n{'=-~^+*'[level - 1] * 9}\n\ntext\n")
        around = [*(row for row in around if row[0] < level), (level, title)]
        expected.append(" > ".join(name for _, name in around))
    assert names(path, "\n".join(parts)) == expected
