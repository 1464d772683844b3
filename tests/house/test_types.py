"""Nouns and their JSON: there and back, and forward-compatible."""

import pytest

from pipeline.types import ChangedFile, Evaluation, Link, Pull, Recall, from_json, to_json

PULL = Pull(
    "o/n", 7, "t", "b", "a", "2026-01-01T00:00:00Z", None, "squash", "f" * 40, "e" * 40, None, None, "c",
    (ChangedFile("a.py", "source", 1, 0),), (Link(3, True, "pull_body"),), ("bug",),
)  # fmt: skip


def test_nested_nouns_come_back() -> None:
    assert from_json(Pull, to_json(PULL)) == PULL


def test_a_newer_versions_field_is_ignored() -> None:
    assert from_json(Pull, {**to_json(PULL), "new_field": 1}) == PULL


def test_a_missing_field_is_named() -> None:
    row = to_json(PULL)
    del row["merged_at"]
    with pytest.raises(TypeError, match="merged_at"):
        from_json(Pull, row)


def test_an_evaluation_needs_only_the_contracts_fields() -> None:
    row = {
        "at": "2026-01-01T00:00:00Z", "repo": "o/n", "number": 1, "task_id": "o/n#1", "role": "own", "model": "m",
        "adapter": None, "attempt": 0, "score": 0.5, "measure": "recall", "exit": "submitted", "tokens_in": 1,
        "tokens_out": 1, "tokens_cached": 0, "seconds": 1.0, "cost_usd": None, "cheat_marks": [],
    }  # fmt: skip
    assert from_json(Evaluation, row).cheat_marks == ()


def test_nouns_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Recall(1.0, 1.0, 1.0, 1.0, 1, 1, 1, 1.0).recall = 0.0  # type: ignore[misc]
