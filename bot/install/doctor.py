"""The App's part of ``switchover doctor``: each credential is proven against GitHub, not only looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import BadCredentials, GitHubError, NotFound
from bot.install import runners
from bot.install.clock import seconds_ahead
from bot.install.facts import Fact, facts
from bot.install.granted import account, app_fact, installation_fact, removed_fact
from bot.install.hook import MOST_SHOWN, config_fact, deliveries_fact
from pipeline import credentials
from pipeline.app_state import reading, repositories
from pipeline.credentials import Credentials
from pipeline.doctor import Check
from pipeline.errors import InputError
from pipeline.labels import Labels

if TYPE_CHECKING:
    from bot.github import Client, Forge

CLOCK_TOLERANCE_S = 30
"""GitHub refuses what was signed 60 s in its future."""


def checks(db: Path | None, runner: tuple[str, Labels] | None = None) -> Iterator[Check]:
    """Each check as it is made; ``runner``: repository and labels, whose runners alone are asked for.

    Else the App's: ``db`` is the bot's database, beside which the credentials may lie, or None.

    Without any credentials it is one check that is not needed. Ends early where nothing more can
    be asked.
    """
    if runner is not None:
        yield from runners.checks(*runner)
        return
    try:
        known = credentials.load(db)
    except InputError as error:
        yield Check("app credentials", False, True, str(error))
        return
    if known.app_id is None and known.private_key is None and not known.webhook_secrets:
        remedy = "only the bot needs one: run 'switchover bot --db FILE' and open its /setup, or name FILE with --db"
        found = "no App is set up" + (f" beside {db}" if db else "")
        yield Check("app credentials", False, False, found, remedy)
        return
    local = facts(known, db)
    yield from map(_check, local)
    if all(fact.ok for fact in local[:2]):
        yield from _asked(known, db)


def _check(fact: Fact) -> Check:
    return Check(fact.name, fact.ok, fact.needed, fact.found, fact.remedy)


def _asked(known: Credentials, db: Path | None) -> Iterator[Check]:
    try:
        clock = _clock(seconds_ahead(known.api_url))
    except GitHubError as error:
        yield Check("github", False, True, str(error))
        return
    yield clock
    try:
        from bot.github import Forge
    except ModuleNotFoundError as error:
        yield Check("app", False, True, f"the package {error.name!r} is missing", "pip install 'switchover[bot]'")
        return
    with Forge.connect(known) as forge:
        try:
            yield from _of_app(forge, known, db)
        except GitHubError as error:
            yield _refused(error, known, clock)


def _clock(ahead: float | None) -> Check:
    if ahead is None:
        return Check("clock", True, True, "not compared: GitHub's answer had no date")
    if abs(ahead) <= CLOCK_TOLERANCE_S:
        return Check("clock", True, True, "agrees with GitHub's")
    way = "ahead of" if ahead > 0 else "behind"
    found = f"{abs(ahead):.0f} s {way} GitHub's, which refuses what is signed at a wrong time"
    return Check("clock", False, True, found, "synchronise it: timedatectl set-ntp true")


def _refused(error: GitHubError, known: Credentials, clock: Check) -> Check:
    if isinstance(error, BadCredentials) and clock.ok:
        remedy = (
            "the key belongs to another App, or was deleted there: compare the id, or make a new key on the App's page"
        )
        return Check("app", False, True, f"GitHub does not accept this key for App {known.app_id}", remedy)
    if isinstance(error, BadCredentials):
        return Check("app", False, True, "GitHub does not accept what is signed at this clock", "mend the clock first")
    return Check("app", False, True, str(error))


def _of_app(forge: Forge, known: Credentials, db: Path | None) -> Iterator[Check]:
    client = forge.app()
    app = client.get("/app").data
    owner = account({"account": app.get("owner"), "id": "unknown"})
    yield Check("app", True, True, f"GitHub knows this key as {app.get('name')} of {owner}")
    settings = f"the settings of the App {app.get('slug')} on GitHub"
    yield _check(app_fact(app, settings))
    yield from _guarded("app webhook", _webhook(client, settings))
    yield from _guarded("app deliveries", _deliveries(client))
    yield from _guarded("installations", _installations(forge, app, db))


def _guarded(name: str, steps: Iterator[Check]) -> Iterator[Check]:
    """``steps``, and a failed check called ``name`` where GitHub does not answer one of them."""
    try:
        yield from steps
    except GitHubError as error:
        yield Check(name, False, True, str(error))


def _webhook(client: Client, settings: str) -> Iterator[Check]:
    try:
        yield _check(config_fact(client.get("/app/hook/config").data, settings))
    except NotFound:
        yield Check("app webhook", False, True, "GitHub has none for this App", f"activate it in {settings}")


def _deliveries(client: Client) -> Iterator[Check]:
    yield _check(deliveries_fact(client.get("/app/hook/deliveries", per_page=MOST_SHOWN).data))


def _installations(forge: Forge, app: Mapping[str, Any], db: Path | None) -> Iterator[Check]:
    found = list(forge.app().pages("/app/installations"))
    if not found:
        where = f"{app.get('html_url')}/installations/new"
        yield Check("installations", False, False, "none yet", f"install the App at {where}")
        return
    granted: dict[int, set[int]] = {}
    for installation in found:
        fact, ids = _looked_at(forge, installation, app)
        if ids is not None:
            granted[installation["id"]] = ids
        yield _check(fact)
    yield from _removed(db, granted)


def _looked_at(forge: Forge, installation: Mapping[str, Any], app: Mapping[str, Any]) -> tuple[Fact, set[int] | None]:
    """What is to be said of one installation, and the ids of its repositories; None where they cannot be asked for."""
    if installation.get("suspended_at"):
        return installation_fact(installation, app, None), None
    try:
        rows = forge.installation(installation["id"]).pages("/installation/repositories", key="repositories")
        ids = {row["id"] for row in rows}
    except GitHubError as error:
        return Fact(f"installation {account(installation)}", False, str(error), needed=False), None
    return installation_fact(installation, app, len(ids)), ids


def _removed(db: Path | None, granted: Mapping[int, set[int]]) -> Iterator[Check]:
    if db is None or not db.exists():
        return
    try:
        with reading(db) as read:
            fact = removed_fact(repositories(read, "installation IS NOT NULL"), granted)
    except InputError as error:
        yield Check("database", False, True, str(error))
        return
    if fact:
        yield _check(fact)
