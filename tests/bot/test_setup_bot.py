"""The real ``switchover bot``: from the setup page to a worker that works, and what it says when something is wrong."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from bot.handle import state
from bot.install.doctor import checks
from pipeline import credentials
from pipeline.app_state import installations, reading, repositories
from pipeline.store import Store
from tests.bot.github_web import API, web
from tests.bot.served import get
from tests.bot.test_app_doctor import register, registration
from tests.bot.test_setup_page import begin
from tests.github.stand_in import StandIn
from tests.github.stand_in.identity import private_key


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn(prefix=API) as github:
        github.add("acme/widgets")
        yield github


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "so.db"


@contextmanager
def bot(db: Path) -> Iterator[int]:
    """The port of a running one, whose log is beside the database."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SWITCHOVER_")}
    command = [sys.executable, "-m", "pipeline.cli", "bot", "--db", str(db), "--port", "0", "--json"]
    with db.with_name("log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment)
    assert process.stdout is not None
    try:
        yield int(urlsplit(json.loads(process.stdout.readline())["url"]).port or 0)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def until(true: Callable[[], object], db: Path) -> None:
    deadline = time.monotonic() + 150
    while not true():
        assert time.monotonic() < deadline, log(db)
        time.sleep(0.1)


def log(db: Path) -> str:
    return db.with_name("log").read_text()


def keep(github: StandIn, db: Path) -> None:
    """The credentials of an App that was set up before."""
    register(github, "full")
    credentials.save(credentials.path_for(db), registration(github))


def test_from_the_page_to_the_first_repository(github: StandIn, db: Path) -> None:
    with web(github) as page, bot(db) as port:
        shown, known = begin(port, page.url)
        manifest = shown.said.partition('name="manifest" value="')[2].partition('}">')[0] + "}"
        page.page(f"/settings/apps/new?state={known}", {}, urlencode({"manifest": manifest}))
        back = urlsplit(next(iter(page.ways_back.values())))
        assert get(port, f"{back.path}?{back.query}", cookie=shown.cookie).status == 303
        until(lambda: state.read(db) and state.read(db).state == "working", db)  # type: ignore[union-attr]

        def found() -> list[str]:
            with reading(db) as read:
                return [row.name for row in repositories(read)]

        until(lambda: found() == ["acme/widgets"], db)
        assert all(check.ok for check in checks(db)), [check.line() for check in checks(db)]
    assert github.key[60:100] not in log(db) and "BEGIN" not in log(db)


@pytest.mark.parametrize("wrong", ["key", "clock"])
def test_credentials_that_github_does_not_believe(github: StandIn, db: Path, wrong: str) -> None:
    keep(github, db)
    if wrong == "key":
        github.key = private_key(9)  # ours was deleted there, or is another App's
        says, doctor_says = "check the App id and that its private key still exists", "make a new key"
    else:
        github.skew = -400
        says, doctor_says = "ahead of GitHub's; set it right", "synchronise it"
    with bot(db) as port:
        until(lambda: state.read(db) and state.read(db).state == "refused", db)  # type: ignore[union-attr]
        assert says in get(port, "/setup").said
        assert get(port, "/").status == 200
    assert "worker refused: " in log(db) and says in log(db)
    assert any(doctor_says in check.line() for check in checks(db) if not check.ok)


def test_a_suspended_installation_and_a_removed_repository(github: StandIn, db: Path) -> None:
    keep(github, db)
    github.install(2, "globex", suspended=True)
    with Store.open(db) as store, store.atomic():
        row = {"id": 900, "name": "acme/secret", "installation": 1, "state": "active", "updated_at": ""}
        store.db.table("repositories").insert(row)

    def seen() -> bool:
        with reading(db) as read:
            states = {row.account: row.state for row in installations(read)}
            removed = [row.name for row in repositories(read, "state = 'removed'")]
        return states == {"acme": "active", "globex": "suspended"} and removed == ["acme/secret"]

    with bot(db) as port:
        until(seen, db)
        shown = get(port, "/").said
    assert "globex" in shown and "suspended" in shown
    found = {check.name: check for check in checks(db)}
    assert "its owner can lift that" in found["installation globex"].remedy
    assert "acme/secret" in found["removed repositories"].found
