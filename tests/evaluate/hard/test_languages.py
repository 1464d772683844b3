"""Other languages, each where its tools are on this machine; and a command of the user's own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from pipeline.collect.gold import gold_patch
from pipeline.errors import InputError
from pipeline.evaluate.hard import Grader, TestLimits
from pipeline.evaluate.hard.command import CommandKit
from pipeline.evaluate.hard.go import GoKit
from pipeline.evaluate.hard.javascript import JavaScriptKit
from pipeline.evaluate.hard.kit import Kit
from pipeline.evaluate.hard.rust import RustKit
from tests.evaluate.hard.conftest import BROKEN, MENDED, Case, case_of


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not on this machine")


def grader_of(case: Case, kit: Kit, folder: Path) -> Grader:
    limits = TestLimits(seconds=200)
    return Grader(case.clone, folder / "cache", [kit], scratch=folder / "scratch", limits=limits)


def check(case: Case, kit: Kit, folder: Path, f2p: tuple[str, ...], p2p: tuple[str, ...]) -> None:
    grader = grader_of(case, kit, folder)
    proof = grader.proof(case.task)
    assert (proof.left_out, proof.fail_to_pass, proof.pass_to_pass) == (None, f2p, p2p), proof
    assert grader.grade(case.task, gold_patch(case.clone, case.task)).score == 1.0
    assert grader.grade(case.task, b"").score == 0.0


@needs("node")
def test_javascript_by_nodes_own_runner(tmp_path: Path) -> None:
    source = "exports.double = n => n + n + 1;\nexports.half = n => n / 2;\n"
    tests = (
        "const {test} = require('node:test'), assert = require('assert'), calc = require('../calc.js');\n"
        "test('doubles', () => assert.equal(calc.double(2), 4));\n"
        "test('halves', () => assert.equal(calc.half(4), 2));\n"
    )
    after = {"calc.js": source.replace(" + 1", ""), "test/calc.test.js": tests}
    case = case_of(tmp_path / "repo", {"calc.js": source, "package.json": '{"name": "calc"}'}, dict(after))
    check(case, JavaScriptKit(tmp_path / "js"), tmp_path, ("test::doubles",), ("test::halves",))


@needs("cargo")
def test_rust(tmp_path: Path) -> None:
    source = "pub fn double(n: i32) -> i32 { n + n + 1 }\npub fn half(n: i32) -> i32 { n / 2 }\n"
    tests = "#[test] fn doubles() { assert_eq!(calc::double(2), 4); }\n"
    tests += "#[test] fn halves() { assert_eq!(calc::half(4), 2); }\n"
    package = (
        '[package]\nname = "calc"\nversion = "0.1.0"\nedition = "2021"\n[profile.dev]\nopt-level = 0\ndebug = false\n'
    )
    lock = 'version = 3\n\n[[package]]\nname = "calc"\nversion = "0.1.0"\n'
    before = {"src/lib.rs": source, "Cargo.toml": package, "Cargo.lock": lock}
    case = case_of(tmp_path / "repo", before, {"src/lib.rs": source.replace(" + 1", ""), "tests/it.rs": tests})
    name = "tests/it.rs"
    check(case, RustKit(tmp_path / "rust"), tmp_path, (f"{name}::doubles",), (f"{name}::halves",))


@needs("go")
def test_go(tmp_path: Path) -> None:
    source = "package calc\n\nfunc Double(n int) int { return n + n + 1 }\n\nfunc Half(n int) int { return n / 2 }\n"
    tests = (
        'package calc\n\nimport "testing"\n\nfunc TestDouble(t *testing.T) { if Double(2) != 4 { t.Fail() } }\n\n'
        "func TestHalf(t *testing.T) { if Half(4) != 2 { t.Fail() } }\n"
    )
    after = {"calc.go": source.replace(" + 1", ""), "calc_test.go": tests}
    case = case_of(tmp_path / "repo", {"calc.go": source, "go.mod": "module calc\n\ngo 1.19\n"}, dict(after))
    check(case, GoKit(tmp_path / "go"), tmp_path, ("calc/TestDouble",), ("calc/TestHalf",))


@pytest.mark.parametrize(("kit", "name"), [(GoKit, "a_test.go"), (RustKit, "tests/a.rs"), (JavaScriptKit, "a.test.js")])
def test_absent_tools_are_a_reason(
    kit: type[GoKit | RustKit | JavaScriptKit], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = case_of(tmp_path / "repo", {"x": "1"}, {"x": "2", name: ""})
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(bin))
    assert grader_of(case, kit(tmp_path / "kit"), tmp_path).proof(case.task).left_out == "no_toolchain"


UNIT = """import unittest, calc


class T(unittest.TestCase):
    def test_double(self):
        self.assertEqual(calc.double(4), 8)
"""


def test_a_command_of_the_users_with_its_own_set_up(tmp_path: Path) -> None:
    before = {"calc.py": BROKEN, "tests/__init__.py": ""}
    case = case_of(tmp_path / "repo", before, {"calc.py": MENDED, "tests/test_calc.py": UNIT})
    setup = f"{sys.executable} -m venv --without-pip {{environment}} && echo made > made.txt"
    kit = CommandKit(tmp_path / "kit", "test -f made.txt && python -m unittest {files}", setup)
    check(case, kit, tmp_path, ("test_command",), ())


REPORT = (
    """printf '<testsuite><testcase classname="c" name="%s"/></testsuite>' $(grep -c 'n + n$' calc.py) > {report}"""
)


def test_a_command_with_a_report(tmp_path: Path) -> None:
    case = case_of(tmp_path / "repo", {"calc.py": BROKEN}, {"calc.py": MENDED, "tests/test_calc.py": UNIT})
    check(case, CommandKit(tmp_path / "kit", REPORT, None), tmp_path, ("c::1",), ())


@pytest.mark.parametrize(("test", "setup"), [("x {environment}", None), ("x", "y {files}"), ("x", "y {report}")])
def test_a_placeholder_without_meaning_is_refused(test: str, setup: str | None, tmp_path: Path) -> None:
    if setup is None:
        case = case_of(tmp_path / "repo", {"calc.py": BROKEN}, {"calc.py": MENDED, "tests/test_calc.py": UNIT})
        with pytest.raises(InputError, match="has no meaning here"):
            grader_of(case, CommandKit(tmp_path / "kit", test, setup), tmp_path).proof(case.task)
    else:
        with pytest.raises(InputError, match="has no meaning here"):
            CommandKit(tmp_path / "kit", test, setup)
