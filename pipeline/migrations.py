"""Steps of the database's schema: each applied once, in order, and recorded in the file itself.

A step that has shipped is never edited; a change is a new step at the end.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("switchover")


@migrations()
def collected_pulls(db: Database) -> None:
    """What ``collect`` finds. Lists are JSON; times sort as text."""
    db.create_table("repos", {"name": str, "clone": str}, pk="name", not_null={"clone"}, strict=True)
    text = ["title", "body", "author", "merged_at", "kind", "merge_sha", "base_sha", "commit_text", "files", "labels"]
    optional = ["created_at", "head_sha", "reverted_by"]
    columns: dict[str, type] = {"repo": str, "number": int, **dict.fromkeys(text + optional, str), "verified": int}
    db.create_table("pulls", columns, pk=("repo", "number"), not_null=set(text), strict=True)
    db.table("pulls").create_index(["repo", "merged_at"])


@migrations()
def collected_issues(db: Database) -> None:
    text = ["title", "body", "author", "labels"]
    columns: dict[str, type] = {"repo": str, "number": int, **dict.fromkeys([*text, "created_at"], str)}
    db.create_table("issues", columns, pk=("repo", "number"), not_null=set(text), strict=True)
    links = {"repo": str, "pull": int, "number": int, "closes": int, "source": str}
    key = ("repo", "pull", "number", "source")
    db.create_table("links", links, pk=key, not_null={"closes"}, strict=True)


@migrations()
def things_left_out(db: Database) -> None:
    columns = dict.fromkeys(["repo", "stage", "thing", "id", "reason", "detail"], str)
    key = ("repo", "stage", "thing", "id")
    db.create_table("left_out", columns, pk=key, not_null={"reason", "detail"}, strict=True)


@migrations()
def app_deliveries(db: Database) -> None:
    """Webhook deliveries as they came. ``body`` is last, so that reading the others does not read it."""
    db.execute(
        """
        CREATE TABLE deliveries (
            id INTEGER PRIMARY KEY,
            guid TEXT NOT NULL UNIQUE,
            event TEXT NOT NULL,
            action TEXT,
            installation INTEGER,
            repo_id INTEGER,
            received_at TEXT NOT NULL,
            source TEXT NOT NULL,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0,
            due_at REAL NOT NULL DEFAULT 0,
            error TEXT,
            finished_at TEXT,
            body BLOB
        ) STRICT
        """
    )
    db.execute("CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE state IN ('waiting', 'running')")
    db.execute("CREATE INDEX deliveries_state ON deliveries (state, id)")
    db.execute("CREATE INDEX deliveries_repo ON deliveries (repo_id) WHERE repo_id IS NOT NULL")


@migrations()
def app_installations(db: Database) -> None:
    """Where the App is installed, which repositories it may see, and how far each is collected."""
    db.execute(
        """
        CREATE TABLE installations (
            id INTEGER PRIMARY KEY,
            account TEXT NOT NULL,
            account_type TEXT NOT NULL,
            state TEXT NOT NULL,
            permissions TEXT NOT NULL DEFAULT '{}',
            error TEXT,
            updated_at TEXT NOT NULL
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE repositories (
            id INTEGER PRIMARY KEY,
            installation INTEGER,
            name TEXT NOT NULL UNIQUE,
            private INTEGER NOT NULL DEFAULT 1,
            default_branch TEXT,
            state TEXT NOT NULL,
            paused INTEGER NOT NULL DEFAULT 0,
            configured INTEGER NOT NULL DEFAULT 0,
            config_error TEXT,
            watermark TEXT,
            backfill TEXT NOT NULL DEFAULT 'waiting',
            cursor TEXT,
            page_size INTEGER NOT NULL DEFAULT 100,
            calls INTEGER NOT NULL DEFAULT 0,
            seen INTEGER NOT NULL DEFAULT 0,
            total INTEGER,
            started_at TEXT,
            dirty INTEGER NOT NULL DEFAULT 0,
            tries INTEGER NOT NULL DEFAULT 0,
            due_at REAL NOT NULL DEFAULT 0,
            error TEXT,
            updated_at TEXT NOT NULL
        ) STRICT
        """
    )
    db.execute("CREATE INDEX repositories_installation ON repositories (installation)")


@migrations()
def forge_pulls(db: Database) -> None:
    """What the forge says of each merged pull request, before the clone is asked for its files."""
    db.execute(
        """
        CREATE TABLE forge_pulls (
            repo TEXT NOT NULL,
            number INTEGER NOT NULL,
            title TEXT NOT NULL,
            body TEXT NOT NULL,
            author TEXT NOT NULL,
            created_at TEXT,
            merged_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            merge_sha TEXT,
            head_sha TEXT,
            head_branch TEXT NOT NULL DEFAULT '',
            base_branch TEXT NOT NULL,
            commits INTEGER,
            labels TEXT NOT NULL,
            closes TEXT NOT NULL,
            stored_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
            PRIMARY KEY (repo, number)
        ) STRICT
        """
    )
    db.execute("CREATE INDEX forge_pulls_merged_by ON forge_pulls (repo, merge_sha)")


@migrations()
def app_outbox(db: Database) -> None:
    """What is to be written on the forge, once per key; and what is left of each budget there."""
    db.execute(
        """
        CREATE TABLE outbox (
            key TEXT PRIMARY KEY,
            installation INTEGER NOT NULL,
            repo_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            body TEXT NOT NULL,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0,
            due_at REAL NOT NULL DEFAULT 0,
            remote_id TEXT,
            error TEXT,
            created_at TEXT NOT NULL,
            sent_at TEXT
        ) STRICT
        """
    )
    db.execute("CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting'")
    db.execute(
        """
        CREATE TABLE budgets (
            installation INTEGER NOT NULL,
            resource TEXT NOT NULL,
            allowed INTEGER NOT NULL,
            remaining INTEGER NOT NULL,
            reset_at INTEGER NOT NULL,
            seen_at TEXT NOT NULL,
            PRIMARY KEY (installation, resource)
        ) STRICT
        """
    )


@migrations()
def indices_of_the_pages(db: Database) -> None:
    """Without these the dashboard would read whole tables, texts included."""
    db.execute("CREATE INDEX deliveries_event ON deliveries (event, state, id)")
    db.execute("CREATE INDEX left_out_reason ON left_out (stage, reason)")
    db.execute("CREATE INDEX outbox_dead ON outbox (created_at) WHERE state = 'dead'")
    db.execute("CREATE INDEX outbox_repo ON outbox (repo_id, created_at)")


@migrations()
def app_marks(db: Database) -> None:
    """Points in time up to which something was seen to, by name: ``recovered`` is all there is so far."""
    db.execute("CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")


@migrations()
def forgotten_things(db: Database) -> None:
    """What was purged, so that it stays so: repositories by name and number, people by a salted hash."""
    db.execute(
        """
        CREATE TABLE forgotten (
            kind TEXT NOT NULL,
            mark TEXT NOT NULL,
            repo_id INTEGER,
            at TEXT NOT NULL,
            PRIMARY KEY (kind, mark)
        ) STRICT
        """
    )


@migrations()
def verdicts_and_routes(db: Database) -> None:
    """What was decided of each repository, and who was set to serve its team; the newest row of each counts."""
    db.execute(
        """
        CREATE TABLE verdicts (
            repo TEXT NOT NULL,
            seq INTEGER NOT NULL,
            at TEXT NOT NULL,
            state TEXT NOT NULL,
            evidence_sha256 TEXT NOT NULL,
            record TEXT NOT NULL,
            created_at TEXT NOT NULL,
            PRIMARY KEY (repo, seq)
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE routes (
            id INTEGER PRIMARY KEY,
            repo TEXT NOT NULL,
            at TEXT NOT NULL,
            route TEXT NOT NULL,
            by TEXT,
            how TEXT NOT NULL,
            verdict_seq INTEGER
        ) STRICT
        """
    )
    db.execute("CREATE INDEX routes_repo ON routes (repo, id)")


@migrations()
def app_transitions(db: Database) -> None:
    """The issue about the transition point: one for each repository, and what people ticked in it."""
    db.execute(
        """
        CREATE TABLE transitions (
            repo_id INTEGER PRIMARY KEY,
            seq INTEGER NOT NULL,
            again INTEGER NOT NULL,
            due_at REAL NOT NULL,
            revision INTEGER NOT NULL,
            letter TEXT,
            number INTEGER,
            title TEXT NOT NULL,
            told TEXT NOT NULL,
            epoch TEXT NOT NULL,
            shut_in TEXT NOT NULL,
            kept TEXT NOT NULL,
            boxes TEXT NOT NULL
        ) STRICT
        """
    )


@migrations()
def evaluations_taken_in(db: Database) -> None:
    """Graded attempts as workflow runs have reported them; ``task`` lacks the repository's name, which may change."""
    db.execute(
        """
        CREATE TABLE evaluations (
            repo TEXT NOT NULL,
            task TEXT NOT NULL,
            role TEXT NOT NULL,
            adapter TEXT NOT NULL,
            model TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            number INTEGER NOT NULL,
            at TEXT NOT NULL,
            exit TEXT NOT NULL,
            run INTEGER,
            taken_at TEXT NOT NULL,
            row TEXT NOT NULL,
            PRIMARY KEY (repo, task, role, adapter, model, attempt)
        ) STRICT
        """
    )
    db.execute("CREATE INDEX evaluations_order ON evaluations (repo, at, number)")
    db.execute("CREATE INDEX evaluations_pull ON evaluations (repo, number)")


@migrations()
def workflow_runs(db: Database) -> None:
    """Workflow runs that the App has asked for, from the wish to what came of it; and adapters that they made."""
    db.execute(
        """
        CREATE TABLE runs (
            job TEXT PRIMARY KEY,
            repo_id INTEGER NOT NULL,
            workflow TEXT NOT NULL,
            branch TEXT NOT NULL,
            pulls TEXT NOT NULL,
            asked_in INTEGER,
            state TEXT NOT NULL,
            letter TEXT,
            run INTEGER,
            conclusion TEXT,
            reason TEXT,
            detail TEXT,
            rows INTEGER,
            tries INTEGER NOT NULL DEFAULT 0,
            due_at REAL NOT NULL DEFAULT 0,
            asked_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT
        """
    )
    db.execute("CREATE INDEX runs_repo ON runs (repo_id, state)")
    db.execute("CREATE UNIQUE INDEX runs_run ON runs (repo_id, run) WHERE run IS NOT NULL")
    db.execute(
        """
        CREATE TABLE adapters (
            repo TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            run INTEGER,
            trained_until TEXT NOT NULL,
            passed INTEGER NOT NULL,
            card TEXT NOT NULL,
            gates TEXT NOT NULL,
            taken_at TEXT NOT NULL,
            PRIMARY KEY (repo, sha256)
        ) STRICT
        """
    )


@migrations()
def app_evaluated(db: Database) -> None:
    """What the App has posted about graded attempts, and what people say of the scores."""
    db.execute(
        """
        CREATE TABLE evaluated (
            repo_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            seen TEXT NOT NULL,
            again INTEGER NOT NULL,
            due_at REAL NOT NULL,
            revision INTEGER NOT NULL,
            comment_letter TEXT,
            comment INTEGER,
            comment_told TEXT NOT NULL,
            check_letter TEXT,
            check_run INTEGER,
            check_told TEXT NOT NULL,
            gone INTEGER NOT NULL,
            posted_at REAL NOT NULL,
            polled_at REAL NOT NULL,
            PRIMARY KEY (repo_id, number)
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE digests (
            repo_id INTEGER PRIMARY KEY,
            letter TEXT,
            number INTEGER,
            week TEXT NOT NULL,
            due_at REAL NOT NULL
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE opinions (
            repo TEXT NOT NULL,
            number INTEGER NOT NULL,
            login TEXT NOT NULL,
            source TEXT NOT NULL,
            verdict TEXT NOT NULL,
            reason TEXT NOT NULL,
            counts INTEGER NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (repo, number, login, source)
        ) STRICT
        """
    )


@migrations()
def sealed_forecasts(db: Database) -> None:
    """The issue that a workflow run attempts, and the hashes of the patches that it has sealed."""
    db.execute("ALTER TABLE runs ADD COLUMN issue INTEGER")
    db.execute(
        """
        CREATE TABLE seals (
            repo TEXT NOT NULL,
            issue INTEGER NOT NULL,
            role TEXT NOT NULL,
            adapter TEXT NOT NULL,
            model TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            at TEXT NOT NULL,
            patch_sha256 TEXT NOT NULL,
            run INTEGER,
            taken_at TEXT NOT NULL,
            row TEXT NOT NULL,
            PRIMARY KEY (repo, issue, role, adapter, model, attempt)
        ) STRICT
        """
    )
