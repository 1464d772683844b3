"""``kill -9`` at any moment: the same command goes on, and ends with no byte left."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.store import Store
from pipeline.types import Issue
from tests.forget.made import LOGIN, MARK, REPO, THEIRS, database, holds


@pytest.mark.parametrize(("name", "words"), [(REPO, MARK), (LOGIN, THEIRS)])
def test_killed_at_any_moment_the_same_command_goes_on(tmp_path: Path, name: str, words: str) -> None:
    db = database(tmp_path)
    with Store.open(db) as store:  # enough that the transaction and the new file take a while
        texts = [f"{words} @{LOGIN} {number} " * 400 for number in range(800)]
        store.save_issues(
            Issue(REPO, 1000 + n, "x", text, LOGIN, "2025-01-01T00:00:00Z") for n, text in enumerate(texts)
        )
    command = [sys.executable, "-m", "pipeline.cli", "forget", name, "--db", str(db)]
    killed = 0
    for wait in (0.3, 0.45, 0.6, 0.8, 1.0, 1.3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        with Store.open(db) as store:  # whole, and either as it was or purged
            assert len(store.issues(REPO)) in ((802,) if REPO not in store_names(store) else (0, 1, 802))
    assert killed
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert not holds(db, words)


def store_names(store: Store) -> list[str]:
    return [REPO] if store.forgotten().people or store.forgotten().repositories else []
