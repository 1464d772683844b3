"""A database with everything in it that a person or a repository may leave behind; and what its bytes hold."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.collect import collect_clone
from pipeline.config import CollectConfig
from pipeline.store import Store
from pipeline.store.evaluations import add_evaluations
from pipeline.types import ForgePull
from tests.graded import graded
from tests.history import ADA, Builder, code

REPO, OTHER = "o/purgeme", "o/keepme"
ID, OTHER_ID = 7001, 7002
MARK = "xyzzyplugh"
"""In every text of REPO."""
LOGIN = "mallory-7"
"""Wrote #2 and issue #11 in REPO; is mentioned elsewhere."""
MALLORY = f"Mal Lory <77+{LOGIN}@users.noreply.github.com>"
THEIRS = "quuxfrobnitz"
"""In every text of LOGIN's."""


def clone(folder: Path, name: str, words: str) -> Path:
    """A repository with two merged pull requests, the second LOGIN's; ``words`` are in each message."""
    b = Builder(folder / name.split("/")[1])
    b.commit({"a.py": code("a")}, "Begin")
    b.commit({"b.py": code("b")}, f"Add b {words}, says @{LOGIN} (#1)", author=ADA)
    b.commit({"c.py": code("c")}, f"Add c {words} {THEIRS} (#2)", author=MALLORY)
    b.commit({"d.py": code("d")}, f"Add d {words} (#3)\n\nCo-authored-by: {LOGIN} <m@example.org>", author=ADA)
    b.finish()
    return b.path


def database(folder: Path) -> Path:
    """``so.db`` in ``folder``: REPO and OTHER collected from clones with recorded issues, and as the App has them."""
    db = folder / "so.db"
    with Store.open(db) as store:
        for name, id, words in ((REPO, ID, MARK), (OTHER, OTHER_ID, "ordinary")):
            path = clone(folder, name, words)
            (path / ".git" / "config").write_text(f'[core]\n[remote "origin"]\nurl = https://github.com/{name}.git\n')
            payloads = folder / f"{id}.jsonl"
            payloads.write_text("".join(json.dumps(row) + "\n" for row in _issues(name, words)))
            collect_clone(path, store, config=CollectConfig(), payloads=payloads)
            _as_the_app(store, folder, name, id, words)
    return db


def _issues(name: str, words: str) -> list[dict[str, object]]:
    url = f"https://api.github.com/repos/{name}/issues"
    return [
        {"number": number, "title": f"{words} {n}", "body": body, "user": {"login": who}, "url": f"{url}/{number}",
         "created_at": "2024-01-01T00:00:00Z"}
        for n, (number, body, who) in enumerate([
            (10, f"{words}: see what @{LOGIN.upper()} and @{LOGIN}-2 say, https://github.com/{LOGIN}", "ada"),
            (11, f"{words} {THEIRS}", LOGIN.title()),
        ])
    ]  # fmt: skip


def _as_the_app(store: Store, folder: Path, name: str, id: int, words: str) -> None:
    with store.atomic():
        run = store.db.conn.execute
        run("INSERT OR IGNORE INTO installations VALUES (5, 'o', 'Organization', 'active', '{}', NULL, '')")
        store.save_repository(id, name, 5, True, "main")
        store.change_repository(id, watermark="2025-01-01T00:00:00Z", cursor="c", backfill="done", seen=2, total=2)
        store.save_forge_pulls(name, [_told(1, "ada", f"{words} @{LOGIN}"), _told(2, LOGIN, f"{words} {THEIRS}")])
        titles = {1: f"{words} @{LOGIN}", 2: f"{words} {THEIRS}"}
        add_evaluations(store, name, [graded(n, repo=name, title=title) for n, title in titles.items()], run=3)
        for number, (who, state) in enumerate(((LOGIN, "done"), ("ada", "waiting"), ("ada", "done"))):
            body = json.dumps({"sender": {"login": who}, "text": words if who == "ada" else f"{words} {THEIRS}"})
            run(
                "INSERT INTO deliveries (guid, event, repo_id, received_at, source, state, error, body)"
                " VALUES (?, 'issues', ?, '2025-01-01T00:00:00Z', 'webhook', ?, ?, ?)",
                (f"{id}-{number}", id, state, f"{who} may not write to {name}", body.encode()),
            )
        run(
            "INSERT INTO outbox (key, installation, repo_id, kind, target, body, state, created_at)"
            " VALUES (?, 5, ?, 'comment', '{}', ?, 'waiting', '')",
            (f"k{id}", id, f"@{LOGIN}: {words}"),
        )
        record = {
            "at": "2025-01-03T00:00:00Z",
            "state": "ready",
            "evaluations_sha256": "ab",
            "repo": name,
            "words": words,
        }
        store.add_verdict(name, record)
        store.add_route(name, "own", by=LOGIN, how="pull")
        run("INSERT INTO left_out VALUES (?, 'collect', 'pull', '90', 'skipped_author', ?)", (name, LOGIN))
    mirror = folder / "so.db.mirrors" / f"{id}.git"
    mirror.mkdir(parents=True)
    (mirror / "HEAD").write_text("ref: refs/heads/main\n")


def _told(number: int, author: str, words: str) -> ForgePull:
    at = f"2025-01-0{number}T00:00:00Z"
    return ForgePull(number, words, words, author, at, at, at, None, None, "b", "main", 1, ("x",), ())


def holds(db: Path, words: str) -> list[str]:
    """The database's files that hold ``words``, letter case aside."""
    files = [path for path in db.parent.glob(f"{db.name}*") if path.is_file()]
    return [path.name for path in files if words.lower().encode() in path.read_bytes().lower()]
