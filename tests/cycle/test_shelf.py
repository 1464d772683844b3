"""What becomes of a trained adapter: promoted when it has passed, else the last one stays; one retraining at a time."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config import AdaptersConfig, Config
from pipeline.errors import InputError, RunError
from pipeline.gates.record import Record, read_record
from pipeline.status import status
from pipeline.steps.lock import alone, lock_file
from pipeline.steps.server import Server
from pipeline.steps.shelf import Shelf, is_finished
from pipeline.train.progress import Progress, write_progress
from tests.adapters.made import REPO, adapter, changed, gated
from tests.graded import graded


def shelf(out: Path) -> Shelf:
    return Shelf(Config(), REPO, out)


def record(folder: Path) -> Record:
    found = read_record(folder)
    assert found is not None
    return found


def settled(of: Shelf, folder: Path) -> str | None:
    """The id that is promoted after ``folder`` was settled."""
    of.settle(folder, record(folder))
    current = of.promoted()
    return current.entry.id if current else None


def test_what_has_passed_takes_the_place_of_the_last(tmp_path: Path) -> None:
    of = shelf(tmp_path / "out")
    first = settled(of, gated(tmp_path / "a"))
    second = settled(of, gated(tmp_path / "b", weights=b"b"))
    assert first and second and first != second
    assert [event.before for event in of.registry.promotions()] == [None, first]
    current = of.promoted()
    assert current and (current.folder / "adapter_model.safetensors").read_bytes() == b"b"


def test_what_has_failed_leaves_the_last_in_place_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    of = shelf(tmp_path / "out")
    first = settled(of, gated(tmp_path / "a"))
    with caplog.at_level(logging.WARNING):
        assert settled(of, gated(tmp_path / "b", failing="valid_calls", weights=b"b")) == first
    assert "valid_calls failed (valid_calls measured)" in caplog.text and f"{(first or '')[:12]} stays" in caplog.text
    assert len(of.registry.entries()[0]) == 2, "what has failed is registered too"


def test_where_none_has_passed_yet_the_error_says_how_to_go_on(tmp_path: Path) -> None:
    of = shelf(tmp_path / "out")
    made = gated(tmp_path / "a", failing="held_out_loss")
    assert settled(of, made) is None
    with pytest.raises(RunError, match=r"held_out_loss failed .* --force") as caught:
        of.must_have(made)
    id = str(caught.value).split("promote ")[-1].split()[0]
    of.registry.promote(of.registry.find(id), REPO, force=True)
    assert of.must_have(made).entry.id.startswith(id)


def test_what_a_person_decides_stands(tmp_path: Path) -> None:
    of = shelf(tmp_path / "out")
    first = settled(of, gated(tmp_path / "a"))
    settled(of, gated(tmp_path / "b", weights=b"b"))
    assert of.registry.rollback(REPO).id == first
    assert settled(of, tmp_path / "b") == first, "the same cycle again does not promote it again"


def test_what_is_stale_is_not_promoted(tmp_path: Path) -> None:
    made = gated(tmp_path / "a")
    changed(made, stale={"at": "2026-01-01T00:00:00Z", "why": "o/n was purged"})
    assert settled(shelf(tmp_path / "out"), made) is None


def test_a_registry_named_by_the_config_is_used(tmp_path: Path) -> None:
    config = Config(adapters=AdaptersConfig(registry=f"memory://shelf-{tmp_path.name}"))
    of = Shelf(config, REPO, tmp_path / "out")
    assert settled(of, gated(tmp_path / "a"))
    assert not (tmp_path / "out").exists() and of.lock.parent.name == "locks"


def test_scores_stay_with_each_adapter(tmp_path: Path) -> None:
    of = shelf(tmp_path / "out")
    settled(of, gated(tmp_path / "a"))
    current = of.promoted()
    assert current is not None
    rows = [graded(n, adapter=current.entry.card.sha256, score=0.5) for n in range(3)]
    of.store_scores(rows)
    found = of.registry.find(current.entry.id).scores
    assert found and (found["pulls"], found["score"]["own"]) == (3, 0.5)


def test_gates_that_came_to_an_end_are_not_run_again(tmp_path: Path) -> None:
    made = gated(tmp_path / "a", failing="general_skill")
    assert is_finished(made) and not is_finished(adapter(tmp_path / "b"))
    with Server(Config(), tmp_path / "out") as server:
        found = shelf(tmp_path / "out").gate(made, tmp_path / "none", tmp_path, tmp_path / "gates", server, 0)
    assert found == record(made)


def test_gates_of_other_weights_in_the_same_folder_count_for_nothing(tmp_path: Path) -> None:
    made = gated(tmp_path / "a")
    assert is_finished(made)
    adapter(made, weights=b"trained anew")
    assert not is_finished(made)


def test_status_tells_the_trigger_and_what_the_gates_found(tmp_path: Path) -> None:
    place = tmp_path / "epochs" / "002"
    gated(place / "adapter", failing="valid_calls")
    row = {"number": 2, "base_sha": "a", "trigger": "drift", "why": "own is worse", "planned_at": ""}
    (place / "epoch.json").write_text(json.dumps(row))
    found = status(tmp_path)
    assert found["epoch"]["trigger"] == "drift" and found["epoch"]["why"] == "own is worse"
    assert found["gate"]["failed"] == ["valid_calls"] and "measured" in found["gate"]["objection"]


def test_one_retraining_at_a_time_and_the_message_says_whose(tmp_path: Path) -> None:
    lock = shelf(tmp_path / "out").lock
    assert lock == shelf(tmp_path / "out").lock != Shelf(Config(), "o/other", tmp_path / "out").lock
    code = (
        "import sys, time; from pathlib import Path; from pipeline.steps.lock import alone\n"
        "with alone(Path(sys.argv[1]), 'o/n', Path('elsewhere')):\n    print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "held\n"
        said = rf"by process {process.pid} on .* in elsewhere, since 20"
        with pytest.raises(InputError, match=said), alone(lock, REPO, tmp_path):
            raise AssertionError("two at once")
        os.kill(process.pid, signal.SIGKILL)
    with alone(lock, REPO, tmp_path):
        assert json.loads(lock.read_text())["pid"] == os.getpid()


def test_the_lock_of_a_registry_elsewhere_is_this_machines() -> None:
    one, other = lock_file("s3://a/b", None, "o/n"), lock_file("s3://a/c", None, "o/n")
    assert one != other and one == lock_file("s3://a/b", None, "O/N")


def test_status_tells_how_far_a_training_is(tmp_path: Path) -> None:
    progress = Progress("2026-01-01T00:00:00Z", "training", 12, 240, 1.5, 9000, 100.0, 90.0, "2026-01-01T01:00:00Z")
    for place in (tmp_path / "retrain" / "adapter", tmp_path / "train"):
        place.mkdir(parents=True)
        write_progress(place, progress)
    for out in (tmp_path / "retrain", tmp_path / "train"):
        found = status(out)["train"]
        assert (found["state"], found["step"], found["of"], found["ends_at"]) == (
            "training", 12, 240, "2026-01-01T01:00:00Z",
        )  # fmt: skip
    gated(tmp_path / "train")
    assert status(tmp_path / "train")["train"]["loss"] == 0.5, "a finished one tells its card"
