"""The demo through the first steps of the pipeline: what is collected, left out, and left to train on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import demo
from pipeline.collect import collect_clone, gold_patch, tasks
from pipeline.generate.functions import functions_in
from pipeline.settings import CollectConfig
from pipeline.store import Store
from tests.demo import history
from tests.demo.test_demo_history import EVALUATED

LEFT_OUT = {
    5: "docs_only",
    10: "bot",
    15: "tests_only",
    31: "generated_only",
    34: "reverted",
    36: "revert",
    45: "ci_only",
    64: "docs_only",
}


@pytest.fixture(scope="module")
def store(built: demo.Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("collected") / "so.db") as opened:
        collect_clone(built.repo, opened, config=CollectConfig(), payloads=built.payloads)
        yield opened


@pytest.mark.parametrize("with_payloads", [True, False])
def test_exactly_its_pull_requests_are_found(built: demo.Demo, tmp_path: Path, with_payloads: bool) -> None:
    everybody = CollectConfig(skip_authors=())
    with Store.open(tmp_path / "so.db") as opened:
        collect_clone(built.repo, opened, config=everybody, payloads=built.payloads if with_payloads else None)
        found = {pull.number: (pull.base_sha, pull.merge_sha) for pull in opened.pulls()}
    assert found == {pull.number: (pull.base, pull.merge) for pull in history.merged(built)}


def test_kinds_and_heads(store: Store) -> None:
    assert {pull.kind for pull in store.pulls()} == {"merge", "titled", "squash", "rebase"}
    assert all(pull.verified for pull in store.pulls())


def test_reasons(store: Store) -> None:
    reasons = {task.number: task.left_out for task in tasks(store, CollectConfig()) if task.left_out}
    reasons |= {int(row.id): row.reason for row in store.left_out(demo.NAME)}
    assert reasons == LEFT_OUT


def test_newest_are_tasks_asked_in_the_words_of_an_issue(built: demo.Demo, store: Store) -> None:
    newest = list(tasks(store, CollectConfig()))[:EVALUATED]
    assert [task.left_out for task in newest] == [None] * EVALUATED
    assert {task.prompt_source for task in newest} == {"issue"}
    assert {task.number for task in newest} == {pull.number for pull in history.merged(built)[-EVALUATED:]}
    assert all(task.test_files and gold_patch(built.repo, task) for task in newest)


def test_functions_to_train_on(built: demo.Demo, tmp_path: Path) -> None:
    base = history.merged(built)[-EVALUATED].base
    scan = functions_in(history.unpack(built, base, tmp_path))
    own = [found for found in scan.functions if found.path.startswith("reckon/")]
    assert sum(found.end_line - found.start_line >= 5 for found in own) >= 50
    assert not scan.left_out
