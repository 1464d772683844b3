"""The journal and the manifest: what survives a kill, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.generate.ask import Spent
from pipeline.generate.journal import Journal
from pipeline.generate.manifest import Manifest, settle
from pipeline.rollout.endpoint import Usage
from tests.generate.making import rollout

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
        with pytest.raises(InputError, match=r"seed|base_sha"):
            settle(tmp_path, other)
    with pytest.raises(InputError, match="20 samples"):
        settle(tmp_path, MANIFEST)


def test_growing_and_sharding_do_not_change_the_configurations_identity() -> None:
    assert MANIFEST.sha256 == replace(MANIFEST, samples=11, shard="1/2").sha256
    assert MANIFEST.sha256 != replace(MANIFEST, tools="editor").sha256


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
