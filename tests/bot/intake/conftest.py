"""A stand-in for GitHub with the workflows of a repository, and its pull requests known here."""

from __future__ import annotations

import pytest

from bot.handle.change import Context
from pipeline.types import ForgePull
from tests.bot.handle.conftest import context, github, know, store  # noqa: F401 - fixtures
from tests.github.stand_in import CONFIG, Repository, StandIn

FOLDER = ".github/workflows/"
FILES = {
    f"{FOLDER}switchover-{name}.yml": "on: workflow_dispatch\n" for name in ("evaluate", "retrain", "cycle", "collect")
}
TIME = "2026-02-01T00:00:00Z"


@pytest.fixture
def widgets(github: StandIn, context: Context) -> Repository:  # noqa: F811
    """A repository that is set up, known here and configured; 1 to 3 are merged and collected."""
    made = github.add("acme/widgets", pulls=5, files={CONFIG: "{}\n", **FILES})
    made.people = {"ann": "admin", "rob": "read"}
    know(context.store, made, configured=1)
    pulls = [
        ForgePull(n, f"Mend {n}", "", "ada", TIME, TIME, TIME, None, None, "", "main", 1, (), ()) for n in (1, 2, 3)
    ]
    context.store.save_forge_pulls(made.name, pulls)
    return made
