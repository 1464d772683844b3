"""``kill -9`` at every moment of taking results in: nothing twice, nothing lost, nothing left on the disk."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from bot.handle.change import Context
from pipeline.store.evaluations import evaluations
from tests.bot.handle.conftest import rows, settle
from tests.bot.intake.world import merge, only, over, results, work
from tests.github.stand_in import Repository, StandIn, faults
from tests.github.stand_in.rest_actions import add_artifact

CHILD = """
import os, signal, sys
from pathlib import Path
from bot.github import Forge
from bot.intake import outcome, step, take
from pipeline.credentials import Credentials
from pipeline.store import Store

db, url, app_id, moment = sys.argv[1:]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def dying(function):
    def wrapped(*given, **named):
        function(*given, **named)
        die()
    return wrapped

if moment == "fetched":
    take.unpack = die
elif moment == "checked":
    take._save = die
elif moment == "stored":
    take.add_evaluations = dying(take.add_evaluations)
elif moment == "settled":
    outcome.taken_in = die
elif moment == "committed":
    take._save = dying(take._save)
with Store.open(Path(db)) as store, Forge.connect(Credentials(int(app_id), sys.stdin.read(), (), url)) as forge:
    while step.step(store, forge) == 0:
        pass
"""


def start(github: StandIn, context: Context, moment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CHILD, str(context.store.path), github.url, str(github.app_id), moment]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert child.stdin
    child.stdin.write(github.key.encode())
    child.stdin.close()
    return child


@pytest.mark.parametrize("moment", ["asked", "fetched", "checked", "stored", "settled", "committed"])
def test_killed_anywhere_it_is_taken_in_once(
    github: StandIn, context: Context, widgets: Repository, moment: str
) -> None:
    merge(context, widgets, 2)
    work(context)
    add_artifact(github, widgets, widgets.runs[0], results())
    over(context, widgets, widgets.runs[0])
    settle(context)
    if moment == "asked":
        github.fail(faults.slow(30.0), path="/zip")
    child = start(github, context, moment)
    if moment == "asked":
        until(lambda: any(request.path.endswith("/zip") for request in github.requests), child)
        child.kill()
        github.revoke_tokens()
    assert child.wait() == -signal.SIGKILL
    kept = 3 if moment == "committed" else 0
    assert len(rows(context.store, "evaluations")) == kept
    assert only(context).state == ("taken_in" if moment == "committed" else "finished")
    work(context)
    assert (only(context).state, only(context).rows) == ("taken_in", 3)
    assert [row.role for row in evaluations(context.store, widgets.name)] == ["own", "base", "frontier"]
    assert len(widgets.runs) == 1 and not list(context.store.path.parent.glob("*.intake"))


def until(done: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    while not done():
        assert child.poll() is None, "it ended before it was killed"
        time.sleep(0.01)


def test_the_child_dies_of_what_it_is_meant_to(github: StandIn, context: Context, widgets: Repository) -> None:
    child = start(github, context, "none")
    assert child.wait() == 0
