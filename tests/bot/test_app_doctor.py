"""``switchover doctor`` against a GitHub: each credential is proven, and each mistake says what to do."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bot.install.doctor import checks
from bot.install.permissions import Profile, manifest
from pipeline import cli, credentials
from pipeline.credentials import Registration
from pipeline.doctor import Check
from pipeline.store import Store
from tests.bot.github_web import SECRET, made
from tests.github.stand_in import StandIn, faults
from tests.github.stand_in.identity import private_key
from tests.github.stand_in.wire import Response

Examine = Callable[..., dict[str, Check]]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SWITCHOVER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as github:
        register(github, "full")
        github.add("acme/widgets")
        yield github


def register(github: StandIn, profile: Profile, **permissions: str) -> None:
    """The stand-in's App is one that the manifest of ``profile`` has made; ``permissions`` are changed."""
    asked = manifest(profile, "So", "https://acme.dev", "https://bot.acme.dev/webhook", "http://127.0.0.1/")
    asked["default_permissions"].update(permissions)
    made(github, asked)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "so.db"


@pytest.fixture
def examine(github: StandIn, db: Path) -> Examine:
    def run(**changes: Any) -> dict[str, Check]:
        credentials.path_for(db).unlink(missing_ok=True)
        credentials.save(credentials.path_for(db), Registration(**{**asdict(registration(github)), **changes}))
        return {check.name: check for check in checks(db)}

    return run


def registration(github: StandIn) -> Registration:
    return Registration(
        app_id=github.app_id, slug="so", name="So", html_url="https://github.com/apps/so", api_url=github.url,
        client_id="Iv1.1", private_key=github.key, webhook_secret=SECRET, made_at="2026-01-01T00:00:00Z",
    )  # fmt: skip


def test_all_is_well(examine: Examine, github: StandIn) -> None:
    found = examine()
    assert all(check.ok for check in found.values()), [check.line() for check in found.values()]
    assert found["app"].found == "GitHub knows this key as So of acme"
    assert found["app permissions"].found == "all of the profile 'full'"
    assert found["app webhook"].found == "signed deliveries go to https://bot.acme.dev/webhook"
    assert found["installation acme"].found == "1 repository granted"
    assert found["clock"].found == "agrees with GitHub's"
    said = " ".join(check.line() for check in found.values())
    assert not any(secret in said for secret in (SECRET, "BEGIN", github.key[60:100]))


def test_the_observing_profile_is_as_good(examine: Examine) -> None:
    with StandIn() as github:
        register(github, "observe")
        found = examine(api_url=github.url)
    assert found["app permissions"].found == "all of the profile 'observe'"
    assert found["installations"].found == "none yet" and not found["installations"].needed
    assert (
        "install the App at https://github.com/apps/switchover-acme/installations/new" in found["installations"].remedy
    )


def test_a_wrong_key(examine: Examine) -> None:
    found = examine(private_key=private_key(1))
    assert not found["app"].ok and found["app"].needed
    assert "does not accept this key for App 4242" in found["app"].found
    assert "belongs to another App, or was deleted there" in found["app"].remedy
    assert "app permissions" not in found, "nothing more can be asked"


def test_a_revoked_key(examine: Examine, github: StandIn) -> None:
    ours = github.key
    github.key = private_key(2)  # the owner has deleted ours and made another
    found = examine(private_key=ours)
    assert "make a new key on the App's page" in found["app"].remedy


def test_an_app_that_was_deleted_or_is_another_githubs(examine: Examine) -> None:
    assert "does not accept this key for App 99" in examine(app_id=99)["app"].found


@pytest.mark.parametrize(("skew", "way"), [(-400, "ahead of"), (-90, "ahead of"), (400, "behind")])
def test_a_clock_that_is_off(examine: Examine, github: StandIn, skew: float, way: str) -> None:
    github.skew = skew
    found = examine()
    seconds = int(found["clock"].found.split(" ")[0])
    assert abs(seconds - abs(skew)) <= 20 and way in found["clock"].found and not found["clock"].ok
    assert "synchronise it" in found["clock"].remedy
    assert found["app"].remedy == "mend the clock first"


def test_a_clock_that_is_a_little_off_is_told_before_it_hurts(examine: Examine, github: StandIn) -> None:
    github.skew = -45
    found = examine()
    assert not found["clock"].ok and found["app"].ok


@pytest.mark.parametrize(
    ("key", "says"), [("", "is empty"), (private_key()[:900], "is cut off"), ("x.pem", "is the path of a file")]
)
def test_a_key_that_is_none_asks_nothing_of_github(examine: Examine, github: StandIn, key: str, says: str) -> None:
    found = examine(private_key=key)
    assert says in found["app private key"].found and found["app private key"].remedy
    assert "app" not in found and not github.requests


def test_a_suspended_installation(examine: Examine, github: StandIn) -> None:
    github.install(2, "globex", suspended=True)
    found = examine()["installation globex"]
    assert not found.ok and not found.needed
    assert "suspended since 2026-01-01" in found.found and "its owner can lift that" in found.remedy


def test_permissions_that_are_not_accepted_yet(examine: Examine, github: StandIn) -> None:
    github.installations[1].permissions["checks"] = "read"
    found = examine()["installation acme"]
    assert "not accepted yet: Checks: write (Shows each result as a check" in found.found
    assert "accept the new permissions" in found.remedy


def test_permissions_that_the_app_lacks_or_does_not_need(examine: Examine, github: StandIn) -> None:
    del github._rules[:]
    register(github, "full", issues="read")
    github.installations[1].permissions["issues"] = "read"
    found = examine()
    assert "lacks Issues: write (Reads the issues that" in found["app permissions"].found
    del github._rules[:]
    register(github, "full", secrets="write")
    assert "more than it needs, and better removed: secrets: write" in examine()["app permissions"].found


def test_events_that_the_app_lacks(examine: Examine, github: StandIn) -> None:
    app = {"slug": "so", "permissions": {}, "events": ["push"]}
    del github._rules[:]
    github.fail(faults.Fault(Response(200, app)), path="/app", when=lambda request: request.path == "/app")
    found = examine()["app permissions"].found
    assert "for the profile 'observe' it lacks Metadata: read" in found and "the event pull_request" in found


def test_an_installation_without_repositories(examine: Examine, github: StandIn) -> None:
    github.install(3, "initech")
    assert examine()["installation initech"].found == "no repository is granted"


def test_an_installation_that_goes_while_we_look(examine: Examine, github: StandIn) -> None:
    github.fail(faults.status(404), "POST", "/access_tokens")
    found = examine()["installation acme"]
    assert not found.ok and "is gone" in found.found


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"url": ""}, "GitHub has no webhook address"),
        ({"url": "http://bot.acme.dev/webhook"}, "deliveries go unencrypted"),
        ({"url": "https://bot.acme.dev/"}, "its path must end in /webhook"),
        ({"content_type": "form"}, "set the content type application/json"),
        ({"insecure_ssl": "1"}, "enable SSL verification"),
    ],
)
def test_a_webhook_that_is_set_wrong(examine: Examine, github: StandIn, config: dict[str, str], says: str) -> None:
    github.hook.update(config)
    found = examine()["app webhook"]
    assert not found.ok and says in found.line()


def test_a_webhook_without_a_secret_or_none_at_all(examine: Examine, github: StandIn) -> None:
    nothing = faults.Fault(Response(200, {**github.hook, "secret": None}))
    github.fail(nothing, path="/app/hook/config")
    assert "GitHub signs nothing" in examine()["app webhook"].found
    github.fail(faults.status(404), path="/app/hook/config")
    found = examine()
    assert "activate it" in found["app webhook"].remedy and found["installation acme"].ok


@pytest.mark.parametrize(
    ("codes", "ok", "says"),
    [
        ([], True, "none yet"),
        ([202, 202], True, "the last 2 were all answered with 2xx"),
        ([401, 202, 202], True, "1 of the last 3 deliveries were not answered with 2xx"),
        ([202, 502], False, "the proxy reaches no 'switchover bot'"),
        ([202, 0], False, "GitHub did not reach the server"),
        ([502, 401], False, "the webhook secret here is not the one on GitHub"),
        ([500], False, "see the log of the bot"),
    ],
)
def test_what_became_of_the_deliveries(
    examine: Examine, github: StandIn, codes: list[int], ok: bool, says: str
) -> None:
    for code in codes:
        github.deliver("push", {}, code=code)
    found = examine()["app deliveries"]
    assert found.ok is ok and says in f"{found.found}; {found.remedy}"


def test_only_the_newest_hundred_deliveries_are_looked_at(examine: Examine, github: StandIn) -> None:
    for _ in range(120):
        github.deliver("push", {}, code=502)
    assert "100 of the last 100" in examine()["app deliveries"].found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/app/hook/config", "app webhook"),
        ("/hook/deliveries", "app deliveries"),
        ("/app/installations", "installations"),
    ],
)
def test_what_github_refuses_is_told_in_its_place(examine: Examine, github: StandIn, path: str, name: str) -> None:
    github.fail(faults.status(422, "no"), "GET", path)
    found = examine()
    assert [check.name for check in found.values() if not check.ok] == [name] and "422" in found[name].found


def test_a_short_webhook_secret_and_an_open_file(examine: Examine, db: Path) -> None:
    found = examine(webhook_secret="hush")
    assert found["app webhook secret"].found == "only 4 characters"
    credentials.path_for(db).chmod(0o644)
    opened = {check.name: check for check in checks(db)}["app credentials file"]
    assert not opened.ok and not opened.needed and "chmod 600" in opened.remedy


def test_two_secrets_while_rotating(examine: Examine) -> None:
    assert examine(webhook_secret=f"{SECRET},{SECRET}2")["app webhook secret"].found == "2 are set, each is accepted"


def test_a_removed_repository(examine: Examine, github: StandIn, db: Path) -> None:
    github.install(2, "globex", suspended=True)
    with Store.open(db) as store, store.atomic():
        for id, name, installation, state in (
            (501, "acme/widgets", 1, "active"), (900, "acme/secret", 1, "active"), (901, "acme/old", 1, "deleted"),
            (902, "globex/x", 2, "active"), (903, "other/y", None, "active"),
        ):  # fmt: skip
            row = {"id": id, "name": name, "installation": installation, "state": state, "updated_at": ""}
            store.db.table("repositories").insert(row)
    found = examine()["removed repositories"]
    assert found.found.startswith("acme/old, acme/secret: collected before") and not found.ok and not found.needed
    assert "switchover forget OWNER/NAME --db FILE" in found.remedy


def test_a_database_that_is_none(examine: Examine, db: Path) -> None:
    db.write_bytes(b"hello" * 1000)
    assert "file is not a database" in examine()["database"].found


def test_github_cannot_be_reached(examine: Examine) -> None:
    found = examine(api_url="http://127.0.0.1:9")
    assert not found["github"].ok and "cannot be reached" in found["github"].found and "app" not in found


def test_without_an_app_nothing_is_needed(db: Path) -> None:
    (found,) = checks(db)
    assert not found.ok and not found.needed and f"no App is set up beside {db}" == found.found
    assert "open its /setup" in found.remedy


def test_credentials_that_cannot_be_read(db: Path) -> None:
    credentials.path_for(db).write_text("{")
    (found,) = checks(db)
    assert not found.ok and found.needed and "not JSON" in found.found


def test_part_of_the_variables(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHOVER_WEBHOOK_SECRET", SECRET)
    found = {check.name: check for check in checks(db)}
    assert [name for name, check in found.items() if not check.ok] == ["app id", "app private key"]


def test_the_verb(
    examine: Examine, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    examine()
    monkeypatch.chdir(tmp_path)
    cli.run(["doctor", "--db", str(db), "--json"])
    out, err = capfd.readouterr()
    shown = {check["name"]: check for check in json.loads(out)["checks"]}
    assert shown["app"]["ok"] and shown["installation acme"]["ok"] and not err
    cli.run(["doctor"])
    assert "absent   app credentials: no App is set up" in capfd.readouterr().out
    assert not db.exists(), "looking makes no database"
