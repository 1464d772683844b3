"""What counts as a function, and how it is named, by one small tricky source for each language."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.generate.functions import LANGUAGES, functions_of

SOURCES = Path(__file__).parent / "sources"

EXPECTED = {
    "tricky.cpp": """
        method Foo.Foo 2 4
        method Foo.operator bool 5 5
        method A.convert 7 8
        method outer.inner.Point.~Point 13 13
        method outer.inner.Point.operator== 14 14
        method outer.inner.Point.at 15 15
        method outer.inner.Point.swap 17 17
        function table 20 22
        function later 23 26
        function hidden 28 28
    """,
    "Tricky.java": """
        method A.A 4 4
        method A.annotated 8 11
        method A.R.R 16 16
        method A.I.given 21 21
        method A.E.ONE.own 25 25
        method A.E.generic 26 26
        method A.toString 30 30
    """,
    "tricky.js": """
        method A.#hidden 2 2
        method A.x 3 3
        method A.[Symbol.iterator] 4 4
        method A.field 5 5
        method A.quoted name 6 6
        method A.constructor 7 10
        method A.own 8 8
        function A.constructor.inner 9 9
        method o.a 12 12
        method o.b 12 12
        method o.n.m 12 12
        method A.z 13 13
        function held 15 15
        method foo.bar.baz 17 19
        function e 20 20
        method q 21 21
        method K.m 22 22
        function named 23 23
        function x 25 25
        function generator 26 26
        function after 29 29
    """,
    "tricky.ts": """
        method A.constructor 2 2
        method A.field 4 4
        method A.m 6 7
        function N.M.f 10 10
        function overloaded 16 17
        function typed 18 18
    """,
    "tricky.tsx": """
        function View 1 4
        function View.onClick 2 2
    """,
    "tricky.rs": """
        method Foo.a 3 5
        method Foo.new 8 8
        method Q.given 12 12
        function m.z 15 17
        function m.z.inner 16 16
        function generic 20 21
    """,
    "tricky.go": """
        method S.Pointer 3 6
        method S.Value 7 7
        function Generic 9 10
        function init 12 12
    """,
    "tricky.c": """
        function plain 2 7
        function table 9 9
        function pointer 10 10
        function old 11 15
        function attributed 17 17
    """,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_golden(name: str) -> None:
    found = functions_of(name, (SOURCES / name).read_bytes())
    assert [f"{f.kind} {f.name} {f.start_line} {f.end_line}" for f in found] == [
        line.strip() for line in EXPECTED[name].strip().splitlines()
    ]


PYTHON = b'''
def outer(a,
          b=1):
    """Doc."""
    class Inner:
        @property
        def value(self): return 1

        async def run(self):
            def helper():
                pass
            # trailing
    # trailing too
    return lambda x: x
# after

@decorated
def last():
    if 1:
        text = """
# not a comment"""
    # comment

  # odd comment
'''


def test_python() -> None:
    found = functions_of("a.py", PYTHON)
    assert [(f.kind, f.name, f.start_line, f.end_line) for f in found] == [
        ("function", "outer", 2, 14),
        ("method", "outer.Inner.value", 7, 7),
        ("method", "outer.Inner.run", 9, 11),
        ("function", "outer.Inner.run.helper", 10, 11),
        ("function", "last", 18, 21),
    ]


def test_python_2_is_read_too() -> None:
    assert [f.name for f in functions_of("a.py", b"def old():\n    print 'x'\n    exec 'y' in z\n")] == ["old"]


@pytest.mark.parametrize(
    ("path", "source", "language"),
    [
        ("a.py", b"def f(): pass", "python"),
        ("a.mjs", b"function f() {}", "javascript"),
        ("a.cjs", b"function f() {}", "javascript"),
        ("a.jsx", b"function f() { return <a/>; }", "javascript"),
        ("a.mts", b"function f(): void {}", "typescript"),
        ("A.TS", b"function f(): void {}", "typescript"),
        ("tool", b"#!/usr/bin/env python3.11\ndef f(): pass", "python"),
        ("tool", b"#!/usr/bin/env -S node --x\nfunction f() {}", "javascript"),
        ("a.h", b"static inline int f(void) { return 0; }", "c"),
        ("a.h", b'#ifdef __cplusplus\nextern "C" {\n#endif\nclass X;\nint f(void) { return 0; }', "c"),
        ("a.h", b"#ifdef __cplusplus\nnamespace x {\n#endif\nint f(void) { return 0; }", "c"),
        ("a.h", b"namespace x {\nint f() { return 0; }\n}", "cpp"),
        ("a.h", b"class A : public B {\n  int f() { return 0; }\n};", "cpp"),
        ("a.h", b"#include <vector>\nint f() { return 0; }", "cpp"),
        ("a.h", b"template <typename T>\nint f() { return 0; }", "cpp"),
    ],
)
def test_the_language_is_told_from_name_and_content(path: str, source: bytes, language: str) -> None:
    assert [f.language for f in functions_of(path, source)] == [language]
    assert language in LANGUAGES


@pytest.mark.parametrize("path", ["README.md", "data.json", "tool", "types.d.ts", "a.pyi"])
def test_other_files_have_none(path: str) -> None:
    assert functions_of(path, b"declare function f(): void;\n") == []


def test_a_language_may_be_given() -> None:
    assert [f.name for f in functions_of("noname", b"def f(): pass", "python")] == ["f"]
    assert [f.language for f in functions_of("a.h", b"int f(void) { return 0; }", "cpp")] == ["cpp"]
