"""Lines that came from a runner: every one that is not what ``evaluate`` writes is refused, naming line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.intake import rows
from bot.intake.reasons import Refused
from bot.intake.rows import Reader
from pipeline.evaluations import REQUIRED
from pipeline.types import Evaluation, to_json
from tests.bot.intake.world import lines
from tests.graded import graded


def reader(asked: frozenset[int] = frozenset()) -> Reader:
    return Reader("acme/widgets", asked, frozenset([2, 3]), "2026-03-02T00:00:00Z")


def read(folder: Path, data: bytes) -> list[Evaluation]:
    path = folder / "rows"
    path.write_bytes(data)
    return list(reader().read(path))


def reason(folder: Path, data: bytes) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        read(folder, data)
    return caught.value.reason, caught.value.detail


def row(**fields: Any) -> bytes:
    return lines([{**to_json(graded(2)), **fields}])


def test_good_rows_are_what_they_were(tmp_path: Path) -> None:
    wanted = [
        graded(2),
        graded(
            3,
            role="frontier",
            cost_usd=None,
            marks=("sealed",),
            task_id="acme/widgets#3/sealed/50",
            sealed_at="2026-02-01T00:00:00Z",
            patch="--- a\n+++ b\n\ud800",
        ),
    ]
    assert read(tmp_path, lines(wanted) + b"\n") == wanted
    assert read(tmp_path, b"") == []


def test_a_newer_versions_fields_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, row(not_known_yet={"a": [1]})) == [graded(2)]


RAW: dict[str, tuple[str, bytes]] = {
    "not json": ("wrong_schema", b"hello\n"),
    "a list": ("wrong_schema", b"[1]\n"),
    "two in a line": ("wrong_schema", row().strip() + row()),
    "torn": ("wrong_schema", row()[:-20]),
    "not utf-8": ("wrong_schema", b"\xff\xfe{}\n"),
    "nested deeply": ("wrong_schema", b"[" * 500_000 + b"\n"),
    "objects nested deeply": ("wrong_schema", b'{"a":' * 300_000 + b"\n"),
    "a number of a million digits": ("wrong_schema", b'{"number": ' + b"9" * 1_000_000 + b"}\n"),
    "one huge line": ("too_long", b" " * (rows.MOST_LINE + 1) + b"\n"),
    "one huge line without end": ("too_long", b'"' + b"x" * (rows.MOST_LINE + 1)),
}


@pytest.mark.parametrize("case", RAW)
def test_bytes_that_are_no_rows(tmp_path: Path, case: str) -> None:
    wanted, data = RAW[case]
    assert reason(tmp_path, data)[0] == wanted


SEALED: dict[str, Any] = {
    "task_id": "acme/widgets#2/sealed/50", "marks": ["sealed"], "sealed_at": "2026-02-01T00:00:00Z",
}  # fmt: skip

FIELDS: list[tuple[str, dict[str, Any]]] = [
    *(("wrong_schema", {"score": value}) for value in (float("nan"), float("inf"), -0.1, 1.1, "1", None, True, [])),
    *(("wrong_schema", {"seconds": value}) for value in (float("inf"), -1, 1e300)),
    *(("wrong_schema", {"cost_usd": value}) for value in (float("nan"), -1, 1e9)),
    *(("wrong_schema", {"number": value}) for value in ("2", 2.0, -1, 2**70, None)),
    *(("wrong_schema", {"attempt": value}) for value in (-1, 10**9, 0.5)),
    *(("wrong_schema", {"tokens_in": value}) for value in (2**63, -5)),
    *(("wrong_schema", {"role": value}) for value in ("teacher", "", "OWN", 1)),
    *(("wrong_schema", {"measure": value}) for value in ("vibes", None)),
    *(("wrong_schema", {"exit": value}) for value in ("fine", None)),
    *(
        ("wrong_schema", {"at": value})
        for value in (
            "yesterday",
            "2026-03-01",
            "2999-01-01T00:00:00Z",
            "",
            5,
            "2026-02-30T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:00:00+00:00",
        )
    ),
    *(("wrong_schema", {"merged_at": value}) for value in ("<script>", 1)),
    *(("wrong_schema", {"model": value}) for value in ("", "a\nb", "a\u202eb", "\ud800", "a\0b")),
    *(("wrong_schema", {"task_id": value}) for value in ("acme/widgets#3", "../../x", "acme/others#2")),
    *(
        ("wrong_schema", {**SEALED, **part})
        for part in (
            {"task_id": "acme/widgets#2"},
            {"marks": []},
            {"sealed_at": None},
            *({"task_id": f"acme/widgets#2/sealed{end}"} for end in ("", "/", "/0", "/x", "/50/50", "/٥", "/050")),
            {"task_id": "/sealed/50"},
        )
    ),
    *(("wrong_schema", {"marks": value}) for value in (["<img>"], ["a"] * 51, "a", [1], None)),
    *(("too_long", {name: "x" * 301}) for name in ("model", "adapter", "language", "rollout_id")),
    ("too_long", {"title": "x" * 1_001}),
    ("too_long", {"patch": "x" * 1_000_001}),
    ("too_long", {"not_known_yet": "x" * 301}),
    ("wrong_repository", {"repo": "acme/others", "task_id": "acme/others#2"}),
    ("unknown_pull", {"number": 4, "task_id": "acme/widgets#4"}),
]


@pytest.mark.parametrize(("wanted", "fields"), FIELDS, ids=lambda value: str(value)[:40])
def test_a_field_that_is_wrong(tmp_path: Path, wanted: str, fields: dict[str, Any]) -> None:
    code, detail = reason(tmp_path, row(attempt=1) + row(**fields))
    assert code == wanted, detail
    assert detail.startswith("line 2: ") and len(detail) < 300


@pytest.mark.parametrize("name", REQUIRED)
def test_a_field_that_is_missing(tmp_path: Path, name: str) -> None:
    whole = to_json(graded(2))
    del whole[name]
    code, detail = reason(tmp_path, lines([whole]))
    assert (code, detail) == ("wrong_schema", f"line 1: field {name!r} is missing")


def test_more_rows_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_ROWS", 3)
    assert len(read(tmp_path, lines(graded(2, attempt=n) for n in range(3)))) == 3
    assert reason(tmp_path, lines(graded(2, attempt=n) for n in range(4)))[0] == "too_many_rows"


def test_rows_count_over_all_files_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_ROWS", 3)
    one = reader()
    for place in range(2):
        (tmp_path / str(place)).write_bytes(lines(graded(2, attempt=2 * place + n) for n in range(2)))
    list(one.read(tmp_path / "0"))
    with pytest.raises(Refused, match="too_many_rows"):
        list(one.read(tmp_path / "1"))


def test_the_same_attempt_twice_also_in_another_file(tmp_path: Path) -> None:
    one = reader()
    (tmp_path / "a").write_bytes(row())
    list(one.read(tmp_path / "a"))
    with pytest.raises(Refused, match="duplicate_row"):
        list(one.read(tmp_path / "a"))


def test_only_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(lines([graded(2), graded(3)]))
    with pytest.raises(Refused, match="foreign_pull: line 2: #3"):
        list(reader(frozenset([2])).read(tmp_path / "a"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(to_json(graded(2)))), value=JSON)
def test_any_value_in_any_field_is_taken_or_refused(tmp_path: Path, name: str, value: Any) -> None:
    try:
        (found,) = read(tmp_path, row(**{name: value}))
    except Refused:
        return
    assert json.loads(json.dumps(to_json(found)))["repo"].casefold() == "acme/widgets"
    assert found.number in (2, 3) and 0 <= found.score <= 1
