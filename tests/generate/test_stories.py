"""What becomes of rollouts that are duplicates, undescribed, unfinished or too long: one reason each."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


SHARE = {"patch_lines": 1, "tool_output_tokens": 1.0, "kept_share": 0.9, "whole_thoughts": True, "secrets": []}


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


def test_what_was_measured_when_it_ended_is_not_measured_again(journal: Journal) -> None:
    told = {**SHARE, "secrets": ["token in message 1"], "context_tokens": 32768}
    journal.add_stage(verified(journal, "a"), "facts", told, Spent(), None)
    assert results(journal, "a") == {"a.1.0": "secret"}


@pytest.mark.parametrize("told", [{**SHARE, "context_tokens": 99}, {"context_tokens": 32768}, None])
def test_facts_of_another_recipe_or_an_older_version_are_measured_anew(
    journal: Journal, told: dict[str, object] | None
) -> None:
    if told:
        journal.add_stage(verified(journal, "a"), "facts", told, Spent(), None)
    else:
        verified(journal, "a")
    kept = next(iter(outcomes([story(target("a"), journal)], journal, Recipe())))
    assert isinstance(kept, Kept) and kept.kept_share == 1.0


def test_a_duplicate_takes_the_place_of_one_that_is_left_out_for_itself(journal: Journal) -> None:
    described(journal, verified(journal, "a"))
    redone(journal, "a", replace(HALF, recall=0.1))
    journal.add_stage("a.1.0", "facts", {**SHARE, "kept_share": 0.1, "context_tokens": 32768}, Spent(), None)
    described(journal, verified(journal, "b"))
    redone(journal, "b")
    assert results(journal, "a", "b") == {"a.1.0": "too_long", "a.2.0": "low_recall", "b.1.0": "kept", "b.2.0": "kept"}


def test_a_nearly_equal_patch_is_left_out(journal: Journal) -> None:
    verified(journal, "a")
    verified(journal, "b", PATCH.replace("    x = check(x, strict=True)", "      x =  check(x, strict=True)"))
    assert results(journal, "a", "b") == {"a.1.0": "kept", "b.1.0": "near_duplicate"}


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("pqr"), st.booleans(), st.booleans()), max_size=6), st.randoms())
def test_finishing_order_changes_which_duplicate_is_kept_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[str, bool, bool]], order: random.Random
) -> None:
    """Functions with equal patches; of each the change, or what was made of its description, may be no good."""
    with contextlib.closing(Journal(tmp_path_factory.mktemp("order"))) as journal:
        for number, (patch, is_short, is_right) in enumerate(made):
            id = f"t{number}"
            described(journal, verified(journal, id, PATCH.replace("check", patch * 9)))
            redone(journal, id, replace(HALF, recall=0.9 if is_right else 0.1))
            told = {**SHARE, "kept_share": 1.0 if is_short else 0.1, "context_tokens": 32768}
            journal.add_stage(f"{id}.1.0", "facts", told, Spent(), None)
        ids = [f"t{number}" for number in range(len(made))]
        planned = results(journal, *ids)
        order.shuffle(ids)
        finished = results(journal, *ids)
    patches = {f"t{number}": patch for number, (patch, _, _) in enumerate(made)}
    kept = [
        Counter((patches[id.split(".")[0]], id.split(".")[1]) for id, why in one.items() if why == "kept")
        for one in (planned, finished)
    ]
    assert kept[0] == kept[1]
    assert {id for id, why in planned.items() if why not in ("kept", "duplicate_patch")} == {
        id for id, why in finished.items() if why not in ("kept", "duplicate_patch")
    }


def test_an_unknown_function_has_no_story(journal: Journal) -> None:
    assert list(outcomes([story(target("z"), journal)], journal, Recipe())) == []
    assert not [one for one in outcomes([], journal, Recipe()) if isinstance(one, LeftOut)]
