"""Proof and grade on a small real history: real git, real sandbox, real pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.collect.gold import gold_patch
from pipeline.evaluate.hard import Grader, TestLimits
from tests.evaluate.hard.conftest import BROKEN, F2P, MENDED, P2P, Case, OwnPython, case_of


def test_the_proof_sorts_the_tests(case: Case, graded: Grader) -> None:
    proof = graded.proof(case.task)
    assert (proof.fail_to_pass, proof.pass_to_pass) == (F2P, P2P)
    assert proof.thrown_out == {"tests/test_calc.py::TestUnits::test_skipped": "skipped"}
    assert (proof.runs, proof.language) == (6, "own")


def test_human_patch_is_resolved_and_no_patch_is_not(case: Case, graded: Grader) -> None:
    human = graded.grade(case.task, gold_patch(case.clone, case.task))
    assert (human.score, human.f2p_passed, human.p2p_passed, human.reason) == (1.0, 2, 3, None)
    empty = graded.grade(case.task, b"")
    assert (empty.score, empty.f2p_passed, empty.p2p_passed, empty.reason) == (0.0, 0, 3, None)


def test_another_solution_is_as_good_and_a_regression_is_not(case: Case, graded: Grader) -> None:
    other = BROKEN.replace("n + n + 1", "2 * n")
    assert graded.grade(case.task, case.patch({"calc.py": other})).resolved
    breaking = graded.grade(case.task, case.patch({"calc.py": other.replace("n // 2", "n")}))
    assert not breaking.resolved
    assert breaking.f2p_passed == 2 and breaking.p2p_passed < 3


CONFTEST = """import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
SKIPS = "import pytest\nclass TestUnits: pass\ndef test_double(): pass\ndef test_half(): pass\n"

HARMLESS = {
    "edits the tests": {"tests/test_calc.py": SKIPS},
    "deletes the tests": {"tests/test_calc.py": None, "tests/__init__.py": None},
    "adds a conftest": {"conftest.py": CONFTEST, "tests/conftest.py": CONFTEST},
    "deselects by settings": {"pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-k nothing"\n'},
    "adds settings that win": {"pytest.ini": "[pytest]\naddopts = -p no:python\n", "tox.ini": "[pytest]\n"},
    "makes the folder a file": {"tests/test_calc.py": None, "tests/__init__.py": None, "tests": "x"},
    "runs at start": {"sitecustomize.py": "import os\nos._exit(0)\n", "usercustomize/__init__.py": "raise SystemExit"},
    "replaces the runner": {"pytest.py": "raise SystemExit(0)\n", "_pytest/__init__.py": "raise SystemExit(0)\n"},
    "turns filters on": {".gitattributes": "*.py export-ignore filter=x eol=crlf\n"},
}


@pytest.mark.parametrize("trick", HARMLESS)
def test_what_a_candidate_does_to_tests_and_settings_has_no_effect(case: Case, graded: Grader, trick: str) -> None:
    alone = graded.grade(case.task, case.patch(dict(HARMLESS[trick])))
    assert (alone.score, alone.f2p_passed, alone.p2p_passed, alone.reason) == (0.0, 0, 3, None)


def test_a_mended_source_counts_whatever_else_the_patch_does(case: Case, graded: Grader) -> None:
    every = {name: text for files in HARMLESS.values() for name, text in files.items() if name != "tests"}
    assert graded.grade(case.task, case.patch({**every, "calc.py": MENDED})).score == 1.0


HOSTILE = {
    "leaves early": "import os; os._exit(0)",
    "leaves with a good word": "import atexit, os; atexit.register(os._exit, 0); raise SystemExit(0)",
    "makes every unittest pass": "import unittest; unittest.TestCase.assertEqual = lambda *a, **k: None",
    "makes every function pass": "import _pytest.python as p; p.Function.runtest = lambda self: None",
    "rewrites reports": (
        "import _pytest.reports as r; of = r.TestReport.from_item_and_call\n"
        "def lie(item, call):\n    report = of(item, call); report.outcome = 'passed'; return report\n"
        "r.TestReport.from_item_and_call = lie"
    ),
    "writes the report itself": (
        "import os\nfor test in ('test_double', 'TestUnits::test_zero'):\n"
        "    open('/tmp/out/report', 'a').write('0' * 64 + ' {\"test\": \"tests/test_calc.py::' + test + '\", '\n"
        '        \'"when": "call", "outcome": "passed"}\\n\')'
    ),
    "removes the report": (
        "import os; os.unlink('/tmp/out/report'); open('/tmp/out/report', 'w').write('{\"end\": 0}\\n')"
    ),
    "makes the report a link": "import os; os.unlink('/tmp/out/report'); os.symlink('/etc/passwd', '/tmp/out/report')",
}


@pytest.mark.parametrize("trick", HOSTILE)
def test_code_in_the_test_process_does_not_make_itself_a_solution(case: Case, graded: Grader, trick: str) -> None:
    grade = graded.grade(case.task, case.patch({"calc.py": f"{HOSTILE[trick]}\n{BROKEN}"}))
    assert not grade.resolved
    if trick not in ("leaves with a good word",):
        assert grade.reason in ("tampered", "tests_ended_early")


@pytest.mark.parametrize("patch", [b"no patch at all\n", b"--- a/calc.py\n+++ b/calc.py\n@@ -1 +1 @@\n-nope\n+x\n"])
def test_a_patch_that_does_not_apply(case: Case, graded: Grader, patch: bytes) -> None:
    grade = graded.grade(case.task, patch)
    assert (grade.resolved, grade.reason, grade.f2p_total) == (False, "patch_does_not_apply", 2)


def test_proofs_and_grades_are_made_once(case: Case, kit: OwnPython, graded: Grader, tmp_path: Path) -> None:
    human = gold_patch(case.clone, case.task)
    first = graded.grade(case.task, human)
    before = kit.runs
    again = Grader(case.clone, graded._cache, [kit], scratch=tmp_path)
    assert again.proof(case.task) == graded.proof(case.task)
    assert again.grade(case.task, human, kept=True) == first
    assert kit.runs == before
    assert again.grade(case.task, human) == first
    assert kit.runs == before + 1


REFUSED: dict[str, tuple[dict[str, str], dict[str, str | None]]] = {
    "no_fail_to_pass": ({"calc.py": MENDED}, {"calc.py": MENDED + "\n", "tests/test_a.py": "def test_a(): pass\n"}),
    "tests_not_run": ({"calc.py": BROKEN}, {"calc.py": MENDED, "tests/test_a.py": "import not_there\n"}),
    "no_tests": ({"calc.py": BROKEN}, {"calc.py": MENDED, "tests/conftest.py": ""}),
    "no_test_kit": ({"calc.c": "int x;"}, {"calc.c": "int y;", "tests/test_a.c": "int z;"}),
    "tests_time_out": (
        {"calc.py": BROKEN},
        {"calc.py": MENDED, "tests/test_a.py": "import time\ndef test_a():\n    time.sleep(60)\n"},
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_each_task_that_cannot_be_proven_has_one_reason(reason: str, kit: OwnPython, tmp_path: Path) -> None:
    before, after = REFUSED[reason]
    case = case_of(tmp_path / "repo", {**before, "tests/__init__.py": ""}, after)
    seconds = 4 if reason == "tests_time_out" else 60
    limits = TestLimits(seconds=seconds, seconds_per_test=30)
    grader = Grader(case.clone, tmp_path / "cache", [kit], scratch=tmp_path / "scratch", limits=limits)
    assert grader.proof(case.task).left_out == reason
    with pytest.raises(ValueError, match=reason):
        grader.grade(case.task, b"")


def test_a_test_that_hangs_is_stopped_alone(kit: OwnPython, tmp_path: Path) -> None:
    tests = "def test_ends(): assert calc.double(2) == 4\ndef test_hangs():\n    while calc.double(2) != 4: pass\n"
    before = {"calc.py": BROKEN, "tests/__init__.py": ""}
    case = case_of(tmp_path / "repo", before, {"calc.py": MENDED, "tests/test_a.py": f"import calc\n{tests}"})
    limits = TestLimits(seconds=60, seconds_per_test=4)
    grader = Grader(case.clone, tmp_path / "cache", [kit], scratch=tmp_path / "scratch", limits=limits)
    proof = grader.proof(case.task)
    assert proof.fail_to_pass == ("tests/test_a.py::test_ends", "tests/test_a.py::test_hangs"), proof
