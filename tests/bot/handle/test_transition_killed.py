"""The real worker, killed with SIGKILL at each of the writes: GitHub has it, and nobody has noted that."""

from __future__ import annotations

from collections.abc import Callable

from bot.handle.change import Context
from tests.bot.handle.conftest import arrive, rows
from tests.bot.handle.lives import Nursery, register
from tests.bot.handle.transitions import (
    RUN,
    decide,
    edited,
    let_write,
    opened,
    ours,
    said,
    the_issue,
    tick,
)
from tests.bot.handle.waiting import until
from tests.github.stand_in import CONFIG, Repository, StandIn, faults


def test_each_write_is_there_once(context: Context, github: StandIn, widgets: Repository) -> None:
    github.installations[1].permissions["contents"] = "write"
    let_write(context, widgets)
    register(context.store.path, github)
    with Nursery(context.store.path) as nursery:

        def killed(verb: str, path: str, effect: Callable[[], object]) -> None:
            """A life that ends between the effect and its note."""
            github.fail(faults.slow(3.0), verb, path)
            nursery.start()
            until(effect)
            nursery.kill()

        decide(context.store, RUN["ready"])
        killed("POST", "/issues", lambda: ours(widgets))
        nursery.start()  # the box's delivery belongs to an issue that is known
        until(lambda: rows(context.store, "transitions", "number")[0]["number"])
        nursery.end()
        arrive(context.store, "issues", edited(widgets, tick(the_issue(widgets)["body"], "switch"), "ann"))
        killed("POST", "/git/refs", lambda: widgets.branches)
        branch = widgets.branches["switchover/route-own-1"].files
        killed("PUT", "/contents/", lambda: "route: own" in branch[CONFIG])
        killed("POST", "/pulls", lambda: opened(widgets))
        killed("PATCH", "/issues/", lambda: "[pull request" in the_issue(widgets)["body"])
        decide(context.store, RUN["drifted"])
        killed("PATCH", "/issues/", lambda: the_issue(widgets)["state"] == "CLOSED")
        killed("POST", "/comments", lambda: said(widgets))
        nursery.start()
        until(lambda: not [row for row in rows(context.store, "outbox", "state") if row["state"] == "waiting"])
        nursery.end()
    assert len(ours(widgets)) == len(opened(widgets)) == len(widgets.branches) == len(said(widgets)) == 1
    assert {row["state"] for row in rows(context.store, "outbox")} == {"sent"}
    kinds = [row["kind"] for row in rows(context.store, "outbox", "kind")]
    assert kinds == ["comment", "issue", "issue_edit", "issue_edit", "route"]
