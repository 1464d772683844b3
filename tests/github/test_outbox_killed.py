"""``kill -9`` while a letter is under way: GitHub has it, and nobody has noted that."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from bot.github import Forge
from bot.write.posting import Letter
from pipeline.store import Store
from tests.github.clock import Clock
from tests.github.letters import COMMENT, DISPATCH, put, rows, run
from tests.github.stand_in import Repository, StandIn, faults

CHILD = """
import sys
from pathlib import Path
from bot.github import Forge
from bot.write.outbox import Sender
from pipeline.credentials import Credentials
from pipeline.store import Store

db, url, app_id = sys.argv[1:]
credentials = Credentials(int(app_id), sys.stdin.read(), (), url)
with Store.open(Path(db)) as store, Forge.connect(credentials) as forge:
    Sender().step(store, forge)
"""


@pytest.mark.parametrize("letter", [COMMENT, DISPATCH], ids=lambda letter: letter.kind)
def test_it_is_written_once(
    store: Store, forge: Forge, clock: Clock, github: StandIn, widgets: Repository, letter: Letter
) -> None:
    put(store, letter)
    github.fail(faults.slow(60), "POST", "/repos/")
    command = [sys.executable, "-c", CHILD, str(store.path), github.url, str(github.app_id)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert child.stdin
    child.stdin.write(github.key.encode())
    child.stdin.close()
    wait_until(lambda: bool(widgets.comments or widgets.runs), child)
    child.kill()
    child.wait()
    assert (rows(store)[letter.key]["state"], rows(store)[letter.key]["tries"]) == ("waiting", 1)
    run(store, forge, clock)
    assert len(widgets.comments) + len(widgets.runs) == 1
    assert (rows(store)[letter.key]["state"], rows(store)[letter.key]["remote_id"]) == ("sent", "1000")


def wait_until(done: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    while not done():
        assert child.poll() is None, "it ended before it was killed"
        time.sleep(0.01)
