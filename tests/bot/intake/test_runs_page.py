"""The repository's page, over real HTTP: every state of a run in words, with the next step, and nothing comes alive."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.intake import reasons, runs
from bot.intake.runs import Job
from bot.pages import links
from pipeline.store import Store
from tests.bot import filled
from tests.bot.filled import EVIL
from tests.bot.intake.test_adapters import CARD, record
from tests.bot.markup import Markup, markup
from tests.bot.pages_served import Pages, pages_served

SHOWN = {
    "queued": "queued", "asked": "queued", "running": "running", "finished": "running", "taken_in": "taken in",
    "refused": "refused", "failed": "failed",
}  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return filled.calm(tmp_path / "so.db")


@pytest.fixture
def server(db: Path) -> Iterator[Pages]:
    with pages_served(db) as server:
        yield server


def put(db: Path, state: str, reason: str | None = None, detail: str | None = None, count: int | None = None) -> Job:
    with Store.open(db) as store, store.atomic():
        key = f"job-{state}-{reason}"
        runs.add(store, key, 11, "switchover-evaluate.yml", "main", pulls=[29])
        runs.change(store, key, state=state, run=None if state == "queued" else hash(key) % 10**6, rows=count)
        runs.change(store, key, reason=reason, detail=detail)
        found = runs.get(store, key)
    assert found
    return found


def clear(db: Path) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("DELETE FROM runs")


def page(server: Pages) -> Markup:
    answer = server.get(links.repository("acme/gateway"))
    assert answer.status == 200, answer.text
    return markup(answer.text)


def test_each_state_is_shown(server: Pages, db: Path) -> None:
    reasons_of = {"failed": "run_failed", "refused": "wrong_run"}
    for state, shown in SHOWN.items():
        job = put(db, state, reasons_of.get(state), count=3)
        seen = page(server)
        assert "Workflow runs" in seen.text and shown in seen.text.split("Workflow runs")[1]
        if job.run:
            assert f"https://github.com/acme/gateway/actions/runs/{job.run}" in seen.links
        assert ("3 graded attempts" in seen.text) is (state == "taken_in")
        clear(db)


def test_a_run_on_an_open_issue_links_it_and_counts_what_it_sealed(server: Pages, db: Path) -> None:
    with Store.open(db) as store, store.atomic():
        runs.add(store, "job", 11, "switchover-evaluate.yml", "main", issue=31)
        runs.change(store, "job", state="taken_in", rows=3)
    seen = page(server)
    assert "3 sealed attempts" in seen.text and "https://github.com/acme/gateway/issues/31" in seen.links


def test_each_reason_is_told_in_words_with_the_next_step(server: Pages, db: Path) -> None:
    for reason, why in reasons.ALL.items():
        put(db, "refused" if reason in reasons.REFUSED else "failed", reason, "line 7: field 'score' is 3")
        said = page(server).text
        assert why.meaning in said and why.do.replace("`", "") in said and reason in said
        assert "line 7: field 'score' is 3" in said
        clear(db)


def test_foreign_text_stays_text(server: Pages, db: Path) -> None:
    put(db, "refused", "wrong_schema", EVIL)
    with closing(sqlite3.connect(db)) as connection, connection:
        gates = record(False).as_json()
        gates["gates"][0]["why"] = EVIL
        card = {"base": EVIL}
        connection.execute(
            "INSERT INTO adapters VALUES ('acme/gateway', ?, 1, ?, 0, ?, ?, ?)",
            ["a" * 64, EVIL, json.dumps(card), json.dumps(gates), EVIL],
        )
    answer = server.get(links.repository("acme/gateway"))
    assert answer.status == 200 and "<img src=x" not in answer.text and "<script>alert" not in answer.text
    assert "49" not in markup(answer.text).text.split("Workflow runs")[1].split("Adapters")[0]


def test_an_adapter_and_its_gates(server: Pages, db: Path) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        for name, passed, gates in (("a", 1, record()), ("b", 0, record(False)), ("c", 0, None)):
            told = json.dumps(gates.as_json() if gates else {})
            values = [name * 64, CARD.trained_until, passed, json.dumps({"base": CARD.base}), told, filled.ago(60)]
            connection.execute("INSERT INTO adapters VALUES ('acme/gateway', ?, 1, ?, ?, ?, ?, ?)", values)
    said = page(server).text.split("Adapters")[1]
    assert all(words in said for words in ("gates passed", "not promoted", "not gated", "a" * 11, "held_out_loss"))


def test_a_repository_without_any_has_no_such_list(server: Pages) -> None:
    assert "Workflow runs" not in page(server).text
