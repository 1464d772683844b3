"""What can be said of the App's credentials without asking GitHub: for the setup page and for ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.handle.state import WorkerState
from bot.install import pem
from pipeline.credentials import ENVIRONMENT, Credentials, path_for, too_open

LEAST_SECRET = 16
"""Characters of a webhook secret; GitHub makes 40."""


@dataclass(frozen=True)
class Fact:
    """One credential: fine with a finding, or not, with what to do. Shows no secret."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True
    """False: the App works without it, somewhere or after a fashion."""


def facts(credentials: Credentials, db: Path | None) -> list[Fact]:
    """One of each credential, and one more for a file that others may read."""
    found = [_id(credentials), _key(credentials), _secret(credentials)]
    warning = _mode(credentials, db)
    return [*found, warning] if warning else found


def belief(worker: WorkerState | None) -> Fact | None:
    """Whether GitHub believes the App, by what the worker was told last; None where it has not asked yet."""
    if worker is None or worker.state not in ("working", "refused"):
        return None
    if worker.state == "working":
        return Fact("github", True, f"has refused nothing since {worker.since}, says the worker")
    return Fact("github", False, worker.message or "does not believe the App", "then the worker goes on by itself")


def _id(credentials: Credentials) -> Fact:
    if credentials.app_id is None:
        remedy = "set SWITCHOVER_APP_ID to the 'App ID' of the App's settings page"
        return Fact("app id", False, "not set", remedy)
    where = ENVIRONMENT if credentials.source == ENVIRONMENT else Path(credentials.source).name
    return Fact("app id", True, f"{credentials.app_id}, from {where}")


def _key(credentials: Credentials) -> Fact:
    if credentials.private_key is None:
        remedy = "set SWITCHOVER_PRIVATE_KEY_FILE to the .pem file that GitHub lets you download once"
        return Fact("app private key", False, "not set", remedy)
    problem = pem.problem(credentials.private_key)
    if problem:
        found, _, remedy = problem.partition("; ")
        return Fact("app private key", False, found, remedy)
    return Fact("app private key", True, "an RSA key that parses")


def _secret(credentials: Credentials) -> Fact:
    secrets = credentials.webhook_secrets
    if not secrets:
        remedy = "set SWITCHOVER_WEBHOOK_SECRET to the one on the App's settings page; without it nothing is believed"
        return Fact("app webhook secret", False, "not set", remedy)
    shortest = min(map(len, secrets))
    if shortest < LEAST_SECRET:
        found = f"only {shortest} characters"
        return Fact("app webhook secret", False, found, "make one of 40 random characters, here and on GitHub")
    return Fact(
        "app webhook secret", True, "one is set" if len(secrets) == 1 else f"{len(secrets)} are set, each is accepted"
    )


def _mode(credentials: Credentials, db: Path | None) -> Fact | None:
    path = None if db is None else path_for(db)
    warning = too_open(path) if path and path.exists() else None
    if warning is None:
        return None
    found, _, remedy = warning.partition("; ")
    return Fact("app credentials file", False, found, remedy, needed=False)
