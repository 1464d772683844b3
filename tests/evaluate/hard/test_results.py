"""Reports are read as something that hostile code may have written."""

from __future__ import annotations

import hmac
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.hard import canary, reports
from pipeline.evaluate.hard.box import left_at
from pipeline.evaluate.hard.results import outcomes, unsealed

KEY = "ab" * 32


def sealed(values: list[Any]) -> bytes:
    chain, lines = hmac.new(bytes.fromhex(KEY), digestmod="sha256"), b""
    for value in values:
        text = json.dumps(value).encode()
        chain.update(text)
        lines += chain.hexdigest().encode() + b" " + text + b"\n"
    return lines


VALUES = [{"test": f"t{n}", "when": "call", "outcome": "failed"} for n in range(4)] + [{"end": 1}]


def test_an_honest_report_is_read_whole_and_a_torn_one_up_to_the_tear() -> None:
    report = sealed(VALUES)
    assert unsealed(report, KEY) == (VALUES, True)
    assert unsealed(report[:-9], KEY) == (VALUES[:-1], True)
    assert unsealed(b"", KEY) == ([], True)


@given(st.data())
def test_whatever_is_changed_before_the_end_is_noticed_and_nothing_after_it_believed(data: st.DataObject) -> None:
    report = sealed(VALUES)
    at = data.draw(st.integers(0, report.rindex(b"\n", 0, -1)))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != report[at]))
    values, ours = unsealed(report[:at] + bytes([byte]) + report[at + 1 :], KEY)
    assert not ours and values == VALUES[: len(values)] and len(values) < len(VALUES)


@pytest.mark.parametrize("order", [(0, 2, 1, 3, 4), (0, 0, 1, 2, 3, 4), (1, 2, 3, 4)])
def test_lines_moved_doubled_or_dropped_are_noticed(order: tuple[int, ...]) -> None:
    lines = sealed(VALUES).splitlines(keepends=True)
    assert not unsealed(b"".join(lines[i] for i in order), KEY)[1]


def phase(test: str, when: str, outcome: str) -> dict[str, str]:
    return {"test": test, "when": when, "outcome": outcome}


def test_a_test_has_the_worst_of_its_phases() -> None:
    rows = [
        *(phase("ok", when, "passed") for when in ("setup", "call", "teardown")),
        *(phase("bad end", when, "failed" if when == "teardown" else "passed") for when in ("call", "teardown")),
        phase("no set-up", "setup", "failed"),
        *(phase("skipped", when, outcome) for when, outcome in (("setup", "skipped"), ("teardown", "passed"))),
        *(phase("subtests", "call", outcome) for outcome in ("failed", "passed")),
        phase("expected", "call", "expected"),
        phase("cut off", "setup", "passed"),
        phase("again", "call", "rerun"),
        {"end": 1},
    ]
    assert outcomes(rows) == (
        {
            "ok": "passed",
            "bad end": "failed",
            "no set-up": "failed",
            "skipped": "skipped",
            "subtests": "failed",
            "expected": "skipped",
        },
        True,
    )


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.dictionaries(st.text(), x)))
def test_no_value_breaks_the_reader(value: Any) -> None:
    row = {"test": value, "when": value, "outcome": value}
    outcomes([row])


def test_the_canary_lies_beside_the_tests_and_is_known_by_its_name() -> None:
    path, content = canary.canary("tests/a/test_x.py", "xyz")
    assert path == "tests/a/test_xyz.py"
    compile(content, path, "exec")
    assert canary.sang(["tests/a/test_xyz.py::test_xyz_error"], path)
    assert not canary.sang(["tests/a/test_x.py::test_xyz_error"], path)


JUNIT = b"""<testsuites><testsuite><testcase classname="a.T" name="ok"/><testcase classname="a" name="no"><failure/>
</testcase><testcase classname="a" name="err"><error/></testcase><testcase classname="a" name="s"><skipped/></testcase>
<testcase classname="a" name="twice"/><testcase classname="a" name="twice"><failure/></testcase></testsuite>
</testsuites>
"""


def test_junit() -> None:
    expected = {"a.T::ok": "passed", "a::no": "failed", "a::err": "failed", "a::s": "skipped", "a::twice": "failed"}
    assert reports.junit(JUNIT) == expected
    for bad in (b"", b"<", b"\xff", JUNIT[:-9], b'<!DOCTYPE x [<!ENTITY a "b">]>' + JUNIT):
        assert reports.junit(bad) == {}
    hidden = '<!DOCTYPE x [<!ENTITY a "b">]>' + JUNIT.decode()
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-7"):
        declared = f'<?xml version="1.0" encoding="{encoding[:6]}"?>' + hidden
        assert reports.junit(declared.encode(encoding)) == {} == reports.junit(hidden.encode(encoding))
    assert reports.junit(b'<?xml version="1.0" encoding="utf-8"?>' + JUNIT) == expected


def test_go() -> None:
    events = [
        {"Action": "pass", "Package": "p", "Test": "TestA"},
        {"Action": "fail", "Package": "p", "Test": "TestB/x"},
        {"Action": "pass", "Package": "p", "Test": "TestB/x"},
        {"Action": "skip", "Package": "p", "Test": "TestC"},
        {"Action": "fail", "Package": "broken"},
        {"Action": "pass", "Package": "p"},
        {"Action": ["pass"], "Package": "p", "Test": "T"},
    ]
    text = b"\n".join(json.dumps(event).encode() for event in events[:-1]) + b"\nnot json\n{"
    expected = {"p/TestA": "passed", "p/TestB/x": "failed", "p/TestC": "skipped", "broken": "failed"}
    assert reports.go(text) == expected
    assert reports.go(json.dumps(events[-1]).encode()) == {}


def test_cargo_and_jest() -> None:
    said = b"""   Running unittests src/lib.rs (target/x)
test a::b ... ok
     Running tests/it.rs (target/y)
test a::b ... FAILED
test slow - should panic ... ok
test off ... ignored
   Doc-tests crate
test src/lib.rs - f (line 3) ... ok
"""
    assert reports.cargo(said) == {
        "src/lib.rs::a::b": "passed",
        "tests/it.rs::a::b": "failed",
        "tests/it.rs::slow": "passed",
        "tests/it.rs::off": "skipped",
        "doc crate::src/lib.rs - f (line 3)": "passed",
    }
    tests = [{"fullName": "x y", "status": "passed"}, {"fullName": "z", "status": "pending"}, 7]
    report = json.dumps({"testResults": [{"name": "/repo/a.test.js", "assertionResults": tests}]}).encode()
    assert reports.jest(report) == {"a.test.js::x y": "passed", "a.test.js::z": "skipped"}
    assert reports.jest(b"[" * 100_000) == reports.jest(b"3") == {}


def test_only_a_regular_file_of_some_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(b"x" * 11)
    (tmp_path / "right").write_bytes(b"x" * 10)
    found = {path.name: left_at(path, 10) for path in sorted(tmp_path.iterdir())}
    assert found == {**dict.fromkeys(("empty", "folder", "large", "link", "pipe")), "right": b"x" * 10}
    assert left_at(tmp_path / "none", 10) is None
