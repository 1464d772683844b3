"""The journal and the manifest: what survives a kill, what is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.generate.ask import Spent
from pipeline.generate.journal import Journal
from pipeline.generate.manifest import Manifest, settle, weights_text
from pipeline.rollout.endpoint import Usage
from pipeline.settings import WeightsConfig
from tests.generate.making import rollout, said

SPENT = Spent(Usage(10, 2, 4), 1.5, 1)


def filled(out: Path) -> None:
    journal = Journal(out)
    journal.add_rollout(1, rollout("t.1.0", exit="error", patch=""))
    journal.add_rollout(1, rollout("t.1.0.again1"))
    journal.add_rollout(2, rollout("t.2.0", patch="ü \udcff"))
    journal.add_stage("t.1.0.again1", "self_check", {"verdict": "yes"}, SPENT, 0.25)
    journal.add_stage("t.1.0.again1", "description", None, SPENT, None)
    journal.close()


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    filled(tmp_path)
    journal = Journal(tmp_path)
    made = journal.rollout("t", 1, 0)
    assert made is not None and made.id == "t.1.0.again1" and made.messages == ()
    assert journal.with_messages(made).messages == rollout().messages
    second = journal.rollout("t", 2, 0)
    assert second is not None and second.patch == "ü \udcff"
    assert [failed.id for failed in journal.failures("t", 1, 0)] == ["t.1.0"]
    assert journal.stage("t.1.0.again1", "self_check") == {"verdict": "yes"}
    assert journal.stage("t.1.0.again1", "description") is None
    assert journal.rollout("t", 1, 1) is None
    journal.close()


def test_everything_that_was_paid_is_counted_once(tmp_path: Path) -> None:
    filled(tmp_path)
    for _ in range(2):
        journal = Journal(tmp_path)
        tally = journal.tally
        journal.close()
        assert (tally.tokens_in, tally.tokens_out, tally.tokens_cached) == (50, 10, 20)
        assert tally.cost_usd == pytest.approx(1.75) and tally.seconds == pytest.approx(7.5)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 400), name=st.sampled_from(["rollouts.jsonl", "journal.jsonl"]))
def test_a_torn_end_loses_no_more_than_what_was_torn(
    tmp_path_factory: pytest.TempPathFactory, cut: int, name: str
) -> None:
    out = tmp_path_factory.mktemp("torn")
    filled(out)
    data = (out / name).read_bytes()[:-cut]
    (out / name).write_bytes(data)
    journal = Journal(out)
    journal.add_rollout(2, rollout("u.2.0", "u"))
    found = journal.rollout("u", 2, 0)
    assert found is not None and journal.with_messages(found).messages == rollout().messages
    journal.close()
    rows = [json.loads(line) for line in (out / name).read_bytes().splitlines()]
    assert len(rows) >= data.count(b"\n")


MANIFEST = Manifest("r", "a" * 40, 0, "1/1", "m", "bash", "mini", "t", 1, 2, 3, 4, samples=10)


def test_a_folder_keeps_to_what_it_was_begun_with(tmp_path: Path) -> None:
    settle(tmp_path, replace(MANIFEST, teacher="mistyped"))  # nothing was made, so it binds to nothing
    settle(tmp_path, MANIFEST)
    filled(tmp_path)
    settle(tmp_path, MANIFEST)
    settle(tmp_path, replace(MANIFEST, samples=20))
    for other in (replace(MANIFEST, seed=1, samples=20), replace(MANIFEST, base_sha="b" * 40, samples=20)):
        with pytest.raises(InputError, match=r"seed|--base"):
            settle(tmp_path, other)
    with pytest.raises(InputError, match="20 samples"):
        settle(tmp_path, MANIFEST)


def test_growing_and_sharding_do_not_change_the_configurations_identity() -> None:
    assert MANIFEST.sha256 == replace(MANIFEST, samples=11, shard="1/2").sha256
    assert MANIFEST.sha256 != replace(MANIFEST, tools="editor").sha256


def test_an_older_folder_says_nothing_of_newer_settings_and_keeps_its_identity(tmp_path: Path) -> None:
    filled(tmp_path)
    newer = {"kinds", "weights", "limit_usd_per_rollout", "limit_tokens_per_rollout"}
    older = {key: value for key, value in asdict(MANIFEST).items() if key not in newer}
    (tmp_path / "run.json").write_text(json.dumps(older))
    settle(tmp_path, MANIFEST)
    values = {key: value for key, value in older.items() if key not in ("samples", "shard")}
    assert MANIFEST.sha256 == hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def test_another_draw_is_not_mixed_into_a_folder(tmp_path: Path) -> None:
    assert weights_text(WeightsConfig()) == ""
    weighted = replace(MANIFEST, weights=weights_text(WeightsConfig(recent=1.0, paths={"b/**": 2.0, "a": 0.0})))
    assert weighted.weights == weights_text(WeightsConfig(paths={"a": 0.0, "b/**": 2.0}, recent=1.0))
    sections = replace(MANIFEST, kinds=("function", "section"))
    filled(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(asdict(MANIFEST)))
    moved, retold = replace(MANIFEST, base_sha="f" * 40), replace(MANIFEST, texts="own")
    for other, key in ((weighted, "weights"), (sections, "kinds"), (retold, "change types"), (moved, "--base")):
        assert other.sha256 != MANIFEST.sha256
        with pytest.raises(InputError, match=f"begun with {key}"):
            settle(tmp_path, other)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(InputError, match=r"run\.json"):
        settle(tmp_path, MANIFEST)


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match=r"run\.json"):
        settle(tmp_path, MANIFEST)


@pytest.mark.parametrize("name", ["rollouts.jsonl", "journal.jsonl"])
def test_a_row_that_lacks_a_field_is_named(tmp_path: Path, name: str) -> None:
    filled(tmp_path)
    with (tmp_path / name).open("a") as file:
        file.write('{"id": "x"}\n')
    with pytest.raises(InputError, match=rf"{name}: row \d: field '\w+' is missing; mend"):
        Journal(tmp_path)


def test_a_line_that_only_json_can_read_is_read_like_the_others(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    whole = [rollout("t.1.0", marks=("network",), messages=(said("ü"),)), rollout("u.1.0", "u", patch="\udcff")]
    for one in whole:
        journal.add_rollout(1, one)
    journal.close()
    again = Journal(tmp_path)
    for one in whole:
        made = again.rollout(one.task_id, 1, 0)
        assert made == replace(one, messages=(), tools=())
        assert again.with_messages(made) == one
        assert again.has_rollout(one.id) and not again.has_rollout("x")
    again.close()


def test_the_ledger_knows_what_each_function_and_kind_of_stage_has_cost(tmp_path: Path) -> None:
    filled(tmp_path)
    journal = Journal(tmp_path)
    assert journal.ledger.of_task("t").cost_usd == journal.tally.cost_usd == pytest.approx(1.75)
    assert journal.ledger.recent() == {"rollout 1": [0.5], "rollout 2": [0.5], "self_check": [0.25]}
    assert journal.ledger.of_task("nobody").tokens_in == 0
    journal.close()
