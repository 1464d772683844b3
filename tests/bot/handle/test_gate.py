"""The gate: shut without credentials or with ones that GitHub refuses, and open again by itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import BadCredentials
from bot.github import Forge
from bot.handle import state
from bot.handle.gate import Gate
from pipeline import credentials
from pipeline.credentials import Registration
from tests.bot.handle.waiting import until
from tests.github.stand_in import StandIn, faults
from tests.github.stand_in.identity import private_key


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_FILE", "GITHUB_URL", "WEBHOOK_SECRET"):
        monkeypatch.delenv(f"SWITCHOVER_{name}", raising=False)
    return tmp_path / "so.db"


def register(db: Path, github: StandIn, key: str | None = None) -> None:
    """What the setup page writes."""
    path = credentials.path_for(db)
    path.unlink(missing_ok=True)
    made = Registration(github.app_id, "switchover", "Switchover", "", github.url, "Iv1", key or github.key, "hush", "")
    credentials.save(path, made)


@pytest.fixture
def tended(db: Path) -> Iterator[tuple[Gate, list[bool]]]:
    """A gate that is looked after, and the times that it opened."""
    opened: list[bool] = []
    gate = Gate(db, opened=lambda: opened.append(True), look_seconds=0.01, ask_seconds=0.05)
    stopping = threading.Event()
    thread = threading.Thread(target=gate.tend, args=(stopping,))
    thread.start()
    yield gate, opened
    stopping.set()
    gate.wake()
    thread.join()
    gate.close()


Tended = tuple[Gate, list[bool]]


def shows(db: Path, what: str, words: str = "") -> Callable[[], bool]:
    def look() -> bool:
        found = state.read(db)
        return found is not None and found.state == what and words in found.message

    return look


def opened(gate: Gate) -> Forge:
    until(lambda: gate.forge() is not None)
    forge = gate.forge()
    assert forge
    return forge


def test_it_waits_for_credentials_and_says_so(db: Path, github: StandIn, tended: Tended) -> None:
    gate, times = tended
    until(shows(db, "waiting", "no App id and no private key yet; open /setup"))
    assert gate.forge() is None and not times
    register(db, github)
    opened(gate)
    until(shows(db, "working"))
    until(lambda: times == [True])
    assert not github.requests, "nothing is asked of GitHub to open it"


def test_broken_credentials_are_named(db: Path, tended: Tended) -> None:
    credentials.path_for(db).write_text("{")
    until(shows(db, "waiting", "not JSON"))


def test_a_key_that_is_none_is_named_and_a_mended_one_opens(db: Path, github: StandIn, tended: Tended) -> None:
    register(db, github, key="no key")
    until(shows(db, "refused", "not an RSA key"))
    register(db, github)
    opened(tended[0])


def test_a_refused_key_shuts_it_until_it_is_another(db: Path, github: StandIn, tended: Tended) -> None:
    gate, times = tended
    register(db, github, key=private_key(7))
    forge = opened(gate)
    with pytest.raises(BadCredentials) as refused:
        forge.app().get("/app/installations/1")
    assert gate.doubt(forge, refused.value) is True and gate.forge() is None
    until(shows(db, "refused", "does not believe the App"))
    assert gate.doubt(forge, refused.value) is True, "another thread noticed it too"
    register(db, github)
    opened(gate)
    until(lambda: len(times) == 2)


def test_the_same_key_is_tried_again_now_and_then(db: Path, github: StandIn, tended: Tended) -> None:
    gate, _ = tended
    register(db, github)
    forge = opened(gate)
    github.fail(faults.status(401, "Bad credentials"), path="/app", times=3)
    assert gate.doubt(forge, BadCredentials("no")) is True
    assert opened(gate) is not forge


def test_an_installations_own_trouble_does_not_shut_it(db: Path, github: StandIn, tended: Tended) -> None:
    register(db, github)
    forge = opened(tended[0])
    assert tended[0].doubt(forge, BadCredentials("no")) is False
    github.fail(faults.status(404), path="/app", times=9)
    assert tended[0].doubt(forge, BadCredentials("no")) is False and tended[0].forge() is forge


def test_the_state_is_a_small_file_without_secrets(db: Path, github: StandIn, tended: Tended) -> None:
    register(db, github)
    until(shows(db, "working"))
    text = state.path_for(db).read_text()
    assert set(json.loads(text)) == {"pid", "since", "state", "message"} and "BEGIN" not in text


def test_a_torn_or_foreign_state_file_is_none(db: Path) -> None:
    assert state.read(db) is None
    for text in ("", "{", "[]", "{}", '{"pid": "x"}'):
        state.path_for(db).write_text(text)
        assert state.read(db) is None
    state.write(db, "ended", "told to")
    found = state.read(db)
    assert found and replace(found, pid=1, since="") == state.WorkerState(1, "", "ended", "told to")
