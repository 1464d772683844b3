"""A database as large as a busy installation's after months: for benchmarks/pages.py."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from pipeline.store import Store

BODIES = 50_000
"""Deliveries whose body is still kept: the newest; 2 kB each."""

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
PULLS_EACH = 30


def fill(path: Path, deliveries: int, repositories: int) -> None:
    """Make ``path`` with so many deliveries (70,000 a day) and repositories, 30 pull requests and issues each."""
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    _deliveries(connection, deliveries)
    _repositories(connection, repositories)
    _collected(connection, repositories)
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()


def _deliveries(connection: sqlite3.Connection, count: int) -> None:
    connection.execute(
        f"""{NUMBERS} INSERT INTO deliveries
        (guid, event, action, installation, repo_id, received_at, source, state, tries, finished_at, error, body)
        SELECT printf('%08x-0000-4000-8000-%012x', i, i),
          CASE WHEN i % 5003 = 0 THEN 'installation' WHEN i % 3 = 0 THEN 'issues' ELSE 'pull_request' END,
          'closed', 1 + i % 50, 1 + i % 10000,
          strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-' || ((:count - i) * 1.25) || ' seconds'), 'webhook',
          CASE WHEN i % 10007 = 0 THEN 'dead' WHEN i > :count - 200 THEN 'waiting' WHEN i % 4 = 0 THEN 'ignored'
            ELSE 'done' END,
          1, NULL, CASE WHEN i % 10007 = 0 THEN 'the handler failed: ' || hex(zeroblob(200)) END,
          CASE WHEN i > :count - {BODIES} THEN randomblob(2000) END FROM n""",
        {"count": count},
    )


def _repositories(connection: sqlite3.Connection, count: int) -> None:
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO installations "
        "SELECT i, 'org-' || i, 'Organization', 'active', '{}', NULL, '2026-11-20T00:00:00Z' FROM n"
    )
    connection.execute(
        f"""{NUMBERS} INSERT INTO repositories
        (id, installation, name, default_branch, state, configured, backfill, calls, seen, total, updated_at)
        SELECT i, 1 + i % 50, 'org-' || (1 + i % 50) || '/repository-' || i, 'main', 'active', i % 3 = 0,
          CASE WHEN i % 997 = 0 THEN 'running' WHEN i % 1999 = 0 THEN 'failed' ELSE 'done' END,
          40, 4000, 4000, '2026-11-20T00:00:00Z' FROM n""",
        {"count": count},
    )
    connection.execute(
        f"""{NUMBERS} INSERT INTO outbox (key, installation, repo_id, kind, target, body, state, created_at)
        SELECT 'key-' || i, 1, 1 + i % 10000, 'comment', '{{"number": 1}}', hex(zeroblob(400)),
          CASE WHEN i % 9973 = 0 THEN 'dead' ELSE 'sent' END, '2026-11-20T00:00:00Z' FROM n""",
        {"count": 100_000},
    )


def _collected(connection: sqlite3.Connection, repositories: int) -> None:
    values = {"count": repositories * PULLS_EACH}
    repo = "SELECT (SELECT name FROM repositories WHERE id = 1 + (i - 1) / 30)"
    connection.execute(
        f"""{NUMBERS} INSERT INTO forge_pulls (repo, number, title, body, author, merged_at, updated_at, base_branch,
          labels, closes) {repo}, i % 30, 'A change', hex(zeroblob(300)), 'someone', '2026-11-20T00:00:00Z',
          '2026-11-20T00:00:00Z', 'main', '[]', '[]' FROM n""",
        values,
    )
    connection.execute(
        f"""{NUMBERS} INSERT INTO pulls (repo, number, title, body, author, merged_at, kind, merge_sha, base_sha,
          commit_text, files, labels) {repo}, i % 30, 'A change', hex(zeroblob(300)), 'someone',
          '2026-11-20T00:00:00Z', 'squash', hex(randomblob(20)), hex(randomblob(20)), '', '[]', '[]' FROM n""",
        values,
    )
    connection.execute(
        f"""{NUMBERS} INSERT INTO issues (repo, number, title, body, author, labels)
          {repo}, 100 + i % 30, 'A wish', hex(zeroblob(300)), 'someone', '[]' FROM n""",
        values,
    )
    connection.execute(
        f"""{NUMBERS} INSERT INTO left_out {repo}, 'collect', 'pull', i % 30,
          CASE i % 3 WHEN 0 THEN 'bot' WHEN 1 THEN 'skipped_label' ELSE 'missing_objects' END, 'detail' FROM n""",
        values,
    )
