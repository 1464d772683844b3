"""What becomes of rollouts that are duplicates, undescribed, unfinished or too long: one reason each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.generate.ask import Spent
from pipeline.generate.journal import Journal
from pipeline.generate.plan import Target
from pipeline.generate.select import Recipe
from pipeline.generate.stories import Kept, outcomes, story
from pipeline.types import LeftOut, Recall
from tests.generate.making import PATCH, function, rollout

HALF = Recall(0.5, 0.5, 1.0, 0.7, 2, 1, 1, 1.0)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path)
    yield opened
    opened.close()


def target(id: str) -> Target:
    return Target(id, function("a.py", "f"), 0, 0)


def verified(journal: Journal, id: str, patch: str = PATCH) -> str:
    journal.add_rollout(1, rollout(f"{id}.1.0", id, patch=patch))
    journal.add_stage(f"{id}.1.0", "self_check", {"verdict": "yes"}, Spent(), None)
    return f"{id}.1.0"


def described(journal: Journal, id: str, reason: str | None = None) -> None:
    result = {"text": "" if reason else "An issue.", "reason": reason, "detail": "why"}
    journal.add_stage(id, "description", result, Spent(), None)


def redone(journal: Journal, id: str, recall: Recall | None = HALF) -> None:
    journal.add_rollout(2, rollout(f"{id}.2.0", id))
    journal.add_recall(id, recall, 0.5, "does not apply" if recall is None else "")


def results(journal: Journal, *ids: str, recipe: Recipe | None = None) -> dict[str, str]:
    """Rollout id to reason, "kept" for samples."""
    stories = [story(target(id), journal) for id in ids]
    found = {}
    for one in outcomes(stories, journal, recipe or Recipe()):
        key, value = (one.rollout.id, "kept") if isinstance(one, Kept) else (one.id, one.reason)
        assert key not in found
        found[key] = value
    return found


def test_a_whole_chain_gives_two_samples(journal: Journal) -> None:
    described(journal, verified(journal, "a"))
    redone(journal, "a")
    assert results(journal, "a") == {"a.1.0": "kept", "a.2.0": "kept"}


def test_the_first_of_equal_patches_in_the_plan_is_kept_whoever_was_faster(journal: Journal) -> None:
    for id in ("b", "a"):
        described(journal, verified(journal, id))
        redone(journal, id)
    assert results(journal, "a", "b") == {
        "a.1.0": "kept",
        "a.2.0": "kept",
        "b.1.0": "duplicate_patch",
        "b.2.0": "duplicate_patch",
    }


def test_a_change_without_a_description_is_kept_and_the_description_counted(journal: Journal) -> None:
    described(journal, verified(journal, "a"), "description_leaks")
    assert results(journal, "a") == {"a.1.0": "kept", "a": "description_leaks"}


def test_patches_that_cannot_be_compared_say_so(journal: Journal) -> None:
    described(journal, verified(journal, "a"))
    redone(journal, "a", None)
    assert results(journal, "a")["a.2.0"] == "not_comparable"


def test_what_is_still_to_be_done_is_no_sample_yet(journal: Journal) -> None:
    journal.add_rollout(1, rollout("a.1.0", "a"))
    assert results(journal, "a") == {"a.1.0": "unfinished"}


def test_attempts_before_the_verified_one_have_their_own_reasons(journal: Journal) -> None:
    journal.add_rollout(1, rollout("a.1.0", "a", exit="step_limit"))
    journal.add_rollout(1, rollout("a.1.1", "a", attempt=1))
    journal.add_stage("a.1.1", "self_check", {"verdict": "no"}, Spent(), None)
    journal.add_rollout(1, rollout("a.1.2", "a", attempt=2, patch=PATCH + "\n"))
    journal.add_stage("a.1.2", "self_check", {"verdict": "yes"}, Spent(), None)
    assert results(journal, "a") == {"a.1.0": "not_submitted", "a.1.1": "self_check_no", "a.1.2": "kept"}
    verified_one = story(target("a"), journal).verified
    assert verified_one is not None and verified_one.attempt == 2


def test_an_abstention_is_told_from_an_empty_hand_in(journal: Journal) -> None:
    for id, said in (("a", True), ("b", False)):
        journal.add_rollout(1, rollout(f"{id}.1.0", id, exit="no_patch", patch=""))
        journal.add_stage(f"{id}.1.0", "abstained", {"abstained": said}, Spent(), None)
    assert results(journal, "a", "b") == {"a.1.0": "abstained", "b.1.0": "no_patch"}


def test_failures_of_ours_are_listed_beside_what_made_them_good(journal: Journal) -> None:
    journal.add_rollout(1, rollout("a.1.0", "a", exit="error", patch=""))
    journal.add_rollout(1, rollout("a.1.0.again1", "a"))
    journal.add_stage("a.1.0.again1", "self_check", {"verdict": "yes"}, Spent(), None)
    assert results(journal, "a") == {"a.1.0": "failed_by_us", "a.1.0.again1": "kept"}


def test_what_training_cannot_read_is_left_out(journal: Journal) -> None:
    verified(journal, "a")
    assert results(journal, "a", recipe=Recipe(context_tokens=5)) == {"a.1.0": "too_long"}


def test_an_unknown_function_has_no_story(journal: Journal) -> None:
    assert list(outcomes([story(target("z"), journal)], journal, Recipe())) == []
    assert not [one for one in outcomes([], journal, Recipe()) if isinstance(one, LeftOut)]
