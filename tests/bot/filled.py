"""Databases as the bot leaves them, for the pages and for ``status --db``: calm, busy, in trouble, hostile."""

import json
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.store import Store

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202egnp\x1b[31m{{ 7*7 }}"
LONG = "Traceback: " + "the handler could not do its work; " * 1800
"""An error of 60 kB."""

REASONS = {"bot": 141, "skipped_label": 12, "missing_objects": 3, "before_since": 61, "never_heard_of": 1}


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def insert(store: Store, table: str, **row: Any) -> None:
    store.db.table(table).insert(row)


def empty(path: Path) -> Path:
    Store.open(path).close()
    return path


def calm(path: Path) -> Path:
    """Two organizations, all collected, nothing wrong."""
    with Store.open(path) as store, store.atomic():
        installation(store, 1, "acme")
        installation(store, 2, "octo-person", account_type="User")
        for id, name in enumerate(["acme/gateway", "acme/billing", "octo-person/notes"], 11):
            repository(store, id, 2 if id == 13 else 1, name, configured=int(id != 13))
            collected(store, name, 30 * (id - 10))
        for n in range(260):
            delivery(store, n, state="done" if n % 4 else "ignored", repo_id=11 + n % 3, age=20 + 400 * (260 - n))
        budget(store, 1, "core", 5000, 4310)
        budget(store, 1, "graphql", 5000, 4890)
        budget(store, 0, "core", 5000, 4999)
        outgoing(store, "status:1", 11, "sent")
    return path


def troubled(path: Path) -> Path:
    """Everything that can be wrong, beside a backfill that runs and one that waits."""
    calm(path)
    with Store.open(path) as store, store.atomic():
        installation(store, 3, "suspended-org", state="suspended")
        installation(store, 4, "globex", error="GitHub answered 403: Resource not accessible by integration")
        half = {"seen": 4200, "total": 10000, "calls": 42, "started_at": ago(60), "updated_at": ago(1)}
        repository(store, 21, 1, "acme/monolith", backfill="running", **half)
        repository(store, 22, 1, "acme/next", backfill="waiting", tries=2, due_at=time.time() + 240, seen=0, calls=0)
        broken = {"error": "acme/archive: GitHub answered 451; ask its owner, or remove it from the installation"}
        repository(store, 23, 1, "acme/archive", backfill="failed", seen=300, total=900, calls=3, **broken)
        repository(store, 24, 1, "acme/typo", config_error="decide.margn: unknown key; did you mean margin?")
        repository(store, 25, 1, "acme/quiet", configured=1, paused=1)
        repository(store, 26, None, "acme/by-hand")
        repository(store, 27, 1, "acme/left", state="removed")
        for n in range(1000, 1007):
            cause = "acme/gateway: GitHub answered 422 to GET pulls/7; replay it once this is mended"
            delivery(store, n, state="dead", tries=8, error=cause, age=5000 - n)
        delivery(store, 2000, state="waiting", age=900)
        later = {"due_at": time.time() + 60, "error": "GitHub does not believe the App's key; run 'switchover doctor'"}
        delivery(store, 2001, state="waiting", tries=2, age=70, **later)
        delivery(store, 2002, state="running", age=2)
        delivery(store, 2003, state="done", body=None, age=1, source="recovered", repo_id=None, action=None)
        budget(store, 2, "graphql", 5000, 17)
        refused = "NotAccessible: the observe profile may not write; accept the permission 'issues: write'"
        outgoing(store, "help:2", 11, "dead", tries=1, error=refused)
        outgoing(store, "eyes:3", 11, "waiting", kind="reaction")
    return path


def hostile(path: Path) -> Path:
    """Every text that comes from outside tries to be markup, and errors are 60 kB long."""
    with Store.open(path) as store, store.atomic():
        installation(store, 1, EVIL, error=LONG + EVIL)
        repository(store, 11, 1, f"evil/{EVIL}", config_error=EVIL + LONG, error=EVIL + LONG, backfill="failed")
        collected(store, f"evil/{EVIL}", 3, title=EVIL, author=EVIL)
        left_out(store, f"evil/{EVIL}", "../../x?a=b#c" + EVIL, EVIL, EVIL)
        odd = {"event": EVIL, "action": EVIL, "error": EVIL + LONG, "repo_id": 11}
        delivery(store, 1, state="dead", guid="a/b?c=d#e" + EVIL, **odd)
        budget(store, 1, EVIL, 10, 0)
        outgoing(store, EVIL, 11, "dead", kind=EVIL, error=EVIL + LONG)
    return path


def installation(store: Store, id: int, account: str, **more: Any) -> None:
    row = {"account_type": "Organization", "state": "active", "updated_at": ago(86400 * 3), **more}
    insert(store, "installations", id=id, account=account, **row)


def repository(store: Store, id: int, owner: int | None, name: str, **more: Any) -> None:
    done = {"backfill": "done", "seen": 1280, "total": 1280, "calls": 13, "watermark": ago(7200)}
    row = {"default_branch": "main", "state": "active", "updated_at": ago(3600), **done, **more}
    insert(store, "repositories", id=id, installation=owner, name=name, **row)


def collected(store: Store, repo: str, pulls: int, title: str = "Retry uploads that time out", **more: Any) -> None:
    """Pull requests as both tables have them, an issue each, and what was left out."""
    empty_text = {"body": "", "labels": "[]"}
    for n in range(1, pulls + 1):
        merged = ago(5000 * (pulls - n) + random.Random(n).randrange(60, 4000))
        pull = {
            "repo": repo,
            "number": n,
            "title": title,
            "author": "octocat",
            "merged_at": merged,
            **empty_text,
            **more,
        }
        forge = {"updated_at": merged, "base_branch": "main", "closes": "[]", "stored_at": later(merged, 4 + n % 7)}
        insert(store, "forge_pulls", **pull, **forge)
        shas = {"kind": "squash", "merge_sha": "a" * 40, "base_sha": "b" * 40, "commit_text": "", "files": "[]"}
        insert(store, "pulls", **pull, **shas)
        insert(store, "issues", repo=repo, number=1000 + n, title=title, author="octocat", **empty_text)
    for reason, count in REASONS.items() if pulls > 50 else ():
        for n in range(count):
            left_out(store, repo, f"{5000 + n}{len(reason)}", reason, f"{reason} of this one")


def left_out(store: Store, repo: str, id: str, reason: str, detail: str) -> None:
    row = {"stage": "collect", "thing": "pull", "id": id, "reason": reason, "detail": detail}
    insert(store, "left_out", repo=repo, **row)


def later(time: str, seconds: int) -> str:
    return (datetime.fromisoformat(time) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def delivery(store: Store, n: int, age: float = 60, **more: Any) -> None:
    event, action = (("pull_request", "closed"), ("issues", "edited"), ("push", None))[n % 3]
    row = {"guid": guid(n), "event": event, "action": action, "installation": 1, "repo_id": 11, "source": "webhook"}
    ended = {"finished_at": ago(max(age - 2, 0))} if more.get("state") in ("done", "dead", "ignored") else {}
    text = json.dumps({"secret": "not to be shown"}).encode()
    insert(store, "deliveries", **{**row, "received_at": ago(age), "tries": 1, "body": text, **ended, **more})


def guid(n: int) -> str:
    return f"{n:08x}-0b0e-11ef-8000-0123456789ab"


def budget(store: Store, installation: int, resource: str, allowed: int, remaining: int) -> None:
    row = {"allowed": allowed, "remaining": remaining, "reset_at": int(time.time()) + 1500, "seen_at": ago(5)}
    insert(store, "budgets", installation=installation, resource=resource, **row)


def outgoing(store: Store, key: str, repo_id: int, state: str, **more: Any) -> None:
    row = {"kind": "comment", "target": "{}", "body": "text", "created_at": ago(600), "tries": 1}
    sent = {"sent_at": ago(590)} if state == "sent" else {}
    insert(
        store, "outbox", **{**row, "key": key, "installation": 1, "repo_id": repo_id, "state": state, **sent, **more}
    )
