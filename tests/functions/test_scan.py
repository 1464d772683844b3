"""Scanning trees: what is skipped and why, what one bad file costs, and hostile shapes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.generate.functions import LANGUAGES, functions_in, functions_of, syntax
from pipeline.generate.functions.extract import MAX_SCOPES, extract
from pipeline.generate.functions.files import MAX_BYTES, grammar_for

GOOD = b"def good():\n    return 1\n"


def reasons(root: Path) -> dict[str, str]:
    return {left_out.id: left_out.reason for left_out in functions_in(root).left_out}


def test_a_file_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    files = {
        "a/good.py": GOOD,
        "binary.py": b"\0\1\2",
        "latin.py": b"# \xe9\ndef fine():\n    return '\xe9'\n",
        "bom.py": b"\xef\xbb\xbf" + GOOD,
        "large.py": b"x = 1\n" * (MAX_BYTES // 6 + 2),
        "all.min.js": b"function a(){};" * 400,
        "half.py": b"def broken(:\n    pass\n\ndef fine():\n    pass\n",
        ".git/hooks/x.py": GOOD,
        "empty.py": b"",
        "notes": b"def prose(): no shebang",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "link.py").symlink_to("a/good.py")
    (tmp_path / "linked").symlink_to("a")
    os.mkfifo(tmp_path / "pipe.py")
    assert [(f.path, f.name, f.end_line) for f in functions_in(tmp_path).functions] == [
        ("bom.py", "good", 2),
        ("half.py", "fine", 5),
        ("latin.py", "fine", 3),
        ("a/good.py", "good", 2),
    ]
    assert reasons(tmp_path) == {
        "binary.py": "binary",
        "large.py": "too_large",
        "all.min.js": "minified",
        "half.py::broken": "syntax_error",
        "link.py": "symlink",
        "pipe.py": "unreadable",
    }


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a.rb", b"def ok\n  1\nend\n\ndef bad\n  x = (1\nend\n\ndef fine\n  2\nend\n"),
        ("a.php", b"<?php\nfunction ok() { f(); }\nfunction bad() { return (1; }\nfunction fine() { g(); }\n"),
        ("a.cs", b"class A {\n  int ok() { return 1; }\n  int bad() { return (1; }\n  int fine() { return 2; }\n}\n"),
        ("a.kt", b"fun ok() { f() }\n\nfun bad() { x = (1 }\n\nfun fine() { g() }\n"),
        ("a.sh", b"ok() { a; }\nbad() { echo ) ; }\nfine() { b; }\n"),
    ],
)
def test_a_syntax_error_costs_its_function(path: str, source: bytes) -> None:
    grammar = grammar_for(path, source)
    assert grammar
    found, left_out = extract(path, source, grammar)
    assert {"ok", "fine"} <= {f.name.split(".")[-1] for f in found}
    assert [row.reason for row in left_out] == ["syntax_error"]


def test_a_function_with_an_error_goes_and_its_neighbours_stay() -> None:
    source = b"int ok(void) { return 0; }\nint bad(void) { return (1; }\nint fine(void) { return 2; }\n"
    grammar = grammar_for("a.c", source)
    assert grammar
    found, left_out = extract("a.c", source, grammar)
    assert [f.name for f in found] == ["ok", "fine"]
    assert [(row.thing, row.id, row.reason) for row in left_out] == [("function", "a.c::bad", "syntax_error")]


def test_languages_select(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(GOOD)
    (tmp_path / "b.go").write_bytes(b"package b\nfunc F() {}\n")
    assert {f.language for f in functions_in(tmp_path).functions} == {"python", "go"}
    assert {f.language for f in functions_in(tmp_path, ["go"]).functions} == {"go"}
    assert functions_in(tmp_path, []) == functions_in(tmp_path)


def test_one_file_is_a_tree_of_one(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(GOOD)
    assert functions_in(file) == functions_in(tmp_path)
    script = tmp_path / "script.cfg"
    script.write_bytes(GOOD)
    assert [f.path for f in functions_in(script, ["python"]).functions] == ["script.cfg"]


def test_mistakes_say_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match="language 'cobol' is not known; give one of python, javascript"):
        functions_in(tmp_path, ["python", "cobol"])
    with pytest.raises(InputError, match="'h'"):
        functions_of("a.h", b"", "h")
    with pytest.raises(InputError, match="does not exist"):
        functions_in(tmp_path / "none")
    with pytest.raises(InputError, match=r"a\.txt: in no known language"):
        functions_in(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a.js", b"function f() {" * 3000 + b"}" * 3000),
        ("a.js", b"x = " + b"{a:" * 20000),
        ("a.js", b"function f() { return " + b"(" * 30000),
        ("a.c", b"void f() {" * 3000),
        ("a.rs", b"mod a {" * 10000 + b"fn f() {}" + b"}" * 10000),
        ("a.cpp", b"a<" * 5000),
        ("a.java", b"class A { void f() { new Object() {" * 2000),
        ("a.py", b"".join(b" " * i + b"def f():\n" for i in range(400)) + b" " * 400 + b"pass\n"),
        ("a.py", b"def f():\n    return " + b"(" * 30000 + b"1" + b")" * 30000),
        ("a.rb", b"def f\n  x = " + b"(" * 100_000),
        ("a.rb", b"a." * 100_000),
        ("a.rb", b"def f\n" * 1500 + b"end\n" * 1500),
        ("a.php", b"<?php function f() { $x = " + b"(" * 100_000),
        ("a.php", b"<?php " + b"$a = new class { function f() { " * 900),
        ("a.php", b"<?php $a" + b"->b" * 50_000),
        ("a.cs", b"class A { void F() { x = " + b"(" * 100_000),
        ("a.cs", b"[A]" * 20_000),
        ("a.cs", b"class A { int F() { return 1" + b" + 1" * 50_000 + b"; } }"),
        ("a.kt", b"fun f() { x = " + b"(" * 100_000),
        ("a.kt", b"fun f() {" * 1900),
        ("a.kt", b"fun f() = 1" + b" + 1" * 50_000),
        ("a.sh", b"f() { x=" + b"(" * 100_000),
        ("a.sh", b"f() { " * 1900 + b"; }" * 1900),
        ("a.sh", b"a | " * 250_000),
        ("a.sh", b"f() { echo " + b"a " * 50_000 + b"; }"),
    ],
)
def test_hostile_nesting_neither_crashes_nor_passes(path: str, source: bytes) -> None:
    assert len(functions_of(path, source)) <= MAX_SCOPES + 1


def test_a_slow_parse_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "MAX_CPU_SECONDS", 0.0)
    grammar = grammar_for("a.py", b"")
    assert grammar
    found, left_out = extract("a.py", GOOD * 5000, grammar)
    assert (found, [row.reason for row in left_out]) == ([], ["too_slow"])


def test_deep_but_honest_nesting_is_kept_up_to_the_limit() -> None:
    source = b"".join(b"function f() {\n" for _ in range(60)) + b"}" * 60
    grammar = grammar_for("a.js", source)
    assert grammar
    found, left_out = extract("a.js", source, grammar)
    assert len(found) == MAX_SCOPES + 1
    assert {row.reason for row in left_out} == {"nested_too_deeply"}


@settings(max_examples=60, deadline=None)
@given(source=st.binary(max_size=300), language=st.sampled_from(LANGUAGES))
def test_any_bytes_are_read(source: bytes, language: str) -> None:
    lines = source.count(b"\n") + 1
    for function in functions_of("x", source, language):
        assert 1 <= function.start_line <= function.end_line <= lines


@settings(max_examples=40, deadline=None)
@given(before=st.lists(st.sampled_from(["x = 1", "# c", "", "class A: pass"]), max_size=6))
def test_what_stands_before_only_moves_the_lines(before: list[str]) -> None:
    head = "".join(line + "\n" for line in before).encode()
    (moved,) = functions_of("a.py", head + GOOD)
    assert (moved.start_line, moved.end_line) == (len(before) + 1, len(before) + 2)
