"""``/switchover switch``: from the comment to the pull request, and what is said where there is none."""

from __future__ import annotations

import json

import pytest

from bot.handle.change import Context
from tests.bot.handle.conftest import send
from tests.bot.handle.test_obeying import answers, comment
from tests.github.stand_in import CONFIG, Repository, StandIn


@pytest.mark.parametrize("route", ["own", "canary=0.1"])
def test_a_switch_opens_the_pull_request_and_says_where(
    github: StandIn, context: Context, widgets: Repository, route: str
) -> None:
    grant_writing(github, context)
    comment(context, widgets, f"/switchover Switch  {route}", "wim")
    send(context)
    branch = f"switchover/route-{route.replace('=', '-')}-1"
    assert widgets.branches[branch].files[CONFIG] == f"{{serve: {{route: {route}}}}}\n"
    (said,) = answers(widgets)
    assert said.startswith(f"**Switchover: `serve.route: {route}`.** Opening a pull request from [`{branch}`](")
    (pull,) = [each for each in widgets.pulls.values() if each["headRefName"] == branch]
    assert "Asked for by wim." in pull["body"] and "No verdict is known here" in pull["body"]
    comment(context, widgets, f"/switchover switch {route}")
    assert f"Its [pull request {pull['number']}](" in answers(widgets)[1] and len(widgets.branches) == 1


def test_a_switch_to_what_is_so_already(github: StandIn, context: Context, widgets: Repository) -> None:
    grant_writing(github, context)
    comment(context, widgets, "/switchover switch frontier")
    assert "`serve.route` is `frontier` already on main." in answers(widgets)[0] and not widgets.branches
    widgets.files[CONFIG] = "no: such key\n"
    comment(context, widgets, "/switchover switch own")
    assert "is not there on main, or not valid" in answers(widgets)[1] and not widgets.branches


def test_a_switch_where_the_app_may_not_write_files(context: Context, widgets: Repository) -> None:
    comment(context, widgets, "/switchover switch own")
    (said,) = answers(widgets)
    assert "run `switchover switch own` in a clone" in said
    assert "/acme/widgets/edit/main/.github/switchover.yml)" in said and not widgets.branches


@pytest.mark.parametrize("words", ["switch", "switch own now", "switch base", "switch canary=0.9", "switch own; id"])
def test_a_switch_takes_no_other_words(github: StandIn, context: Context, widgets: Repository, words: str) -> None:
    grant_writing(github, context)
    comment(context, widgets, f"/switchover {words}")
    assert "knows no command" in answers(widgets)[0] and not widgets.branches


def grant_writing(github: StandIn, context: Context) -> None:
    github.installations[1].permissions["contents"] = "write"
    granted = json.dumps({"issues": "write", "contents": "write", "pull_requests": "write"})
    context.store.db.execute("UPDATE installations SET permissions = ?", [granted])
    context.store.db.conn.commit()
