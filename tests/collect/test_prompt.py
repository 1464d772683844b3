"""Which text a task gets."""

from __future__ import annotations

import dataclasses

from pipeline.collect.prompt import prompt_of
from pipeline.types import Issue, Link, Pull

PULL = Pull(
    "o/n", 9, "Keep all rows", "", "ada", "2025-06-01T00:00:00Z", None, "squash", "a" * 40, "b" * 40, None, None,
    "Keep all rows (#9)\n\n* Keep all rows\n\nThe last one was lost.\n\n--------\n\nCo-authored-by: Ben", (),
)  # fmt: skip


def issue(number: int, title: str = "Rows are lost", created: str | None = "2025-01-01T00:00:00Z") -> Issue:
    return Issue("o/n", number, title, f"Body {number}.", "eve", created)


def asked(pull: Pull, *issues: Issue) -> tuple[str, str]:
    prompt = prompt_of(pull, {i.number: i for i in issues}, frozenset())
    return prompt.source, prompt.text


def linked(*links: tuple[int, bool, str]) -> Pull:
    return dataclasses.replace(PULL, links=tuple(Link(*link) for link in links))


def test_commits_say_the_title_once() -> None:
    assert asked(PULL) == ("commit", "Keep all rows\n\nThe last one was lost.")


def test_a_description_comes_before_commits() -> None:
    pull = dataclasses.replace(PULL, body="It loses the last row.")
    assert asked(pull) == ("pull", "Keep all rows\n\nIt loses the last row.")


def test_a_title_alone_is_the_pull_request_when_the_forge_gave_it() -> None:
    pull = dataclasses.replace(PULL, created_at="2025-05-01T00:00:00Z")
    assert asked(pull) == ("pull", "Keep all rows")


def test_closed_issues_come_first_and_together() -> None:
    pull = linked((1, True, "pull_body"), (2, True, "commit_message"), (3, False, "pull_body"))
    source, text = asked(pull, issue(1), issue(2, "Columns too"), issue(3))
    assert (source, text) == ("issue", "Rows are lost\n\nBody 1.\n\nColumns too\n\nBody 2.")


def test_a_mention_is_not_what_it_is_about() -> None:
    assert asked(linked((1, False, "pull_body")), issue(1))[0] == "commit"


def test_a_lone_change_log_entry_is() -> None:
    assert asked(linked((1, False, "changelog")), issue(1)) == ("issue", "Rows are lost\n\nBody 1.")
    assert asked(linked((1, False, "changelog"), (2, False, "changelog")), issue(1), issue(2))[0] == "commit"


def test_only_issues_that_were_there_before() -> None:
    closing = linked((1, True, "pull_body"))
    assert asked(closing, issue(1, created=None))[0] == "commit"
    assert asked(closing, issue(1, created="2025-06-02T00:00:00Z"))[0] == "commit"
    opened = dataclasses.replace(closing, created_at="2025-05-01T00:00:00Z")
    assert asked(opened, issue(1, created="2025-05-02T00:00:00Z"))[0] == "pull"
    assert asked(opened, issue(1, created="2025-05-01T00:00:00Z"))[0] == "pull"


def test_when_the_text_was_written() -> None:
    pull = linked((1, True, "pull_body"), (2, True, "pull_body"))
    known = {1: issue(1), 2: issue(2, created="2025-02-02T00:00:00Z")}
    assert prompt_of(pull, known, frozenset()).written_at == "2025-02-02T00:00:00Z"
    assert prompt_of(PULL, {}, frozenset()).written_at is None


def test_nothing_usable() -> None:
    pull = dataclasses.replace(PULL, title="Fix", commit_text="Fix (#9)\n\nFixes #1")
    assert asked(pull) == ("commit", "")
