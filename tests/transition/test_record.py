"""transition.json: the same for the same evidence, and a proof of itself."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
from typing import Any

import pytest

from pipeline.decide import Options, judge
from pipeline.errors import InputError
from pipeline.report.check import again, differences
from pipeline.report.evidence import evidence
from pipeline.report.transition import Record, judged, versions, written
from pipeline.settings import DecideConfig, Price
from pipeline.types import Evaluation
from tests.decide.rows import duels, row
from tests.transition.lives import LIVES

SETTINGS = DecideConfig()
PRICES = {"large": Price(usd_per_million_in=3.0, usd_per_million_out=15.0), "large@2026-09-01": Price()}


def record_of(rows: list[Evaluation], options: Options | None = None) -> Record:
    return judged(rows, settings=SETTINGS, options=options or Options(fixed_usd=50.0), prices=PRICES)


def test_it_holds_all_that_a_verdict_rests_on() -> None:
    record = record_of(LIVES["ready"])
    assert record["verdict"] == judge(LIVES["ready"], SETTINGS, Options(fixed_usd=50.0))
    assert record["state"] == "ready" and record["repo"] == "o/n" and record["sentence"].startswith("own is 20 points")
    assert record["settings"]["error_chance"] == 0.05 and record["options"]["fixed_usd"] == 50.0
    assert list(record["prices"]) == ["large", "large@2026-09-01"]
    assert record["versions"] == versions() and set(versions()) == {"switchover", "python"}
    newest = record["changes"][-1]
    assert (newest["adapter"], newest["frontier"], record["since"]) == ("a1", "large", newest["at"])


@pytest.mark.parametrize("name", LIVES)
def test_the_same_evaluations_give_the_same_bytes(name: str) -> None:
    mixed = LIVES[name] + LIVES[name][:3]
    random.Random(7).shuffle(mixed)
    assert written(record_of(mixed)) == written(record_of(LIVES[name]))


def test_the_hash_can_be_made_without_us() -> None:
    rows = LIVES["close"]
    lines = {json.dumps(dataclasses.asdict(r), sort_keys=True) for r in rows}
    ordered = sorted(lines, key=lambda line: (json.loads(line)["at"], line))
    by_hand = hashlib.sha256("".join(f"{line}\n" for line in ordered).encode()).hexdigest()
    assert record_of(rows)["evaluations_sha256"] == by_hand


def test_each_change_names_the_evidence_up_to_it() -> None:
    rows = LIVES["drifted: new_frontier"]
    for change in record_of(rows)["changes"]:
        then = evidence(r for r in rows if r.at <= change["at"])
        assert change["evidence_sha256"] == then.sha256 and then.rows
    assert len({change["evidence_sha256"] for change in record_of(rows)["changes"]}) == 4


@pytest.mark.parametrize("change", [{"score": 0.21}, {"cost_usd": 0.1}, {"title": "x"}, {"at": "2026-01-01T00:30:00Z"}])
def test_any_other_value_is_other_evidence(change: dict[str, Any]) -> None:
    rows = LIVES["close"]
    other = [dataclasses.replace(rows[0], **change), *rows[1:]]
    assert evidence(other).sha256 != evidence(rows).sha256


def test_stand_ins_are_told() -> None:
    rows = [row(1, "own", 0.5), row(1, "frontier", 0.5, scripted=True), row(1, "base", 0.5, scripted=True)]
    assert record_of(rows)["scripted"] == ["base", "frontier"]


def test_nothing_evaluated_has_a_record() -> None:
    record = record_of([])
    assert (record["state"], record["at"], record["since"], record["repo"]) == ("training", "", None, "")


@pytest.mark.parametrize("name", LIVES)
def test_a_record_proves_itself(name: str) -> None:
    record = json.loads(written(record_of(LIVES[name])))
    assert not list(differences(record, again(record, LIVES[name])))


def test_another_machine_may_differ_in_the_last_digits_and_versions() -> None:
    record = json.loads(written(record_of(LIVES["ready"])))
    record["verdict"]["low"] *= 1 + 1e-12
    record["versions"]["python"] = "4.0"
    assert not list(differences(record, again(record, LIVES["ready"])))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("verdict", "n"), 61, "verdict.n: 61 was recorded, 60 is found"),
        (("verdict", "high"), 0.27117, "verdict.high: 0.27117 was recorded, 0.27116649980588"),
        (("verdict", "log_e", "better"), 9.9, "verdict.log_e.better: 9.9 was recorded, 8.4"),
        (("changes", 0, "state"), "ready", "changes[0].state: 'ready' was recorded, 'collecting' is found"),
        (("evaluations_sha256",), "ab", "evaluations_sha256: 'ab' was recorded"),
        (("since",), None, "since: None was recorded, '2026-01-02T00:00:00Z' is found"),
        (("more",), 1, "more: 1 was recorded, None is found"),
    ],
)
def test_what_was_changed_is_named(path: tuple[Any, ...], value: Any, says: str) -> None:
    record = json.loads(written(record_of(LIVES["ready"])))
    place = record
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    (told,) = differences(record, again(record, LIVES["ready"]))
    assert told.startswith(says)


def test_other_evaluations_do_not_pass() -> None:
    record = json.loads(written(record_of(LIVES["ready"])))
    told = list(differences(record, again(record, duels([0.2] * 61))))
    assert any(line.startswith("evaluations_sha256") for line in told) and len(told) > 3


@pytest.mark.parametrize(
    "record", [{}, {"settings": 1}, {"settings": {"margin": 7}, "options": {}, "prices": {}, "repo": "x"}]
)
def test_what_is_no_record_is_said(record: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"not a record .*; give a transition\.json"):
        again(record, LIVES["ready"])


def test_a_record_of_another_repository_does_not_hold() -> None:
    record = record_of(LIVES["ready"])
    (told,) = differences(record | {"repo": "o/other"}, again(record | {"repo": "o/other"}, LIVES["ready"]))
    assert told == "repo: 'o/other' was recorded, 'o/n' is found"


def test_a_record_of_one_repository_is_checked_against_its_rows_alone() -> None:
    record = record_of(LIVES["ready"])
    assert not list(differences(record, again(record, [*LIVES["ready"], *duels([-0.5] * 60, repo="o/m")])))


def test_what_is_missing_from_a_record_is_named() -> None:
    with pytest.raises(InputError, match=r"not a record \(no 'repo'\)"):
        again({"settings": {}, "options": {}, "prices": {}}, [])
