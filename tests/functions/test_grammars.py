"""What counts as a function, and how it is named, by one small tricky source for each language."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.generate.functions import LANGUAGES, functions_of
from tests.functions.expected import EXPECTED

SOURCES = Path(__file__).parent / "sources"


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
        ("a.rb", b"def f; end", "ruby"),
        ("a.gemspec", b"def f; end", "ruby"),
        ("a.php", b"<?php function f() {}", "php"),
        ("a.cs", b"class A { void F() {} }", "csharp"),
        ("a.kts", b"fun f() {}", "kotlin"),
        ("a.bash", b"f() { :; }", "shell"),
        ("tool", b"#!/usr/bin/env ruby\ndef f; end", "ruby"),
        ("tool", b"#!/usr/bin/php8.2 -q\n<?php function f() {}", "php"),
        ("tool", b"#!/bin/sh -e\nf() { :; }", "shell"),
        ("tool", b"#!/usr/bin/env bash\nf() { :; }", "shell"),
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
