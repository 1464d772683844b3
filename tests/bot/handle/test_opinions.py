"""What people say of scores: by reaction and by command, counted only from those who may write."""

from __future__ import annotations

import pytest

from bot.handle.change import Context
from bot.handle.commands import Command, parse
from pipeline.report.people import People
from pipeline.store.opinions import opinions, reactions
from tests.bot.handle.conftest import deliver, payload, send
from tests.bot.handle.evaluated import NAME, attempts, ours, poll, react, settle, take_in, the_comment
from tests.github.stand_in import Repository, StandIn


@pytest.fixture(autouse=True)
def commented(context: Context, widgets: Repository) -> None:
    take_in(context, attempts(1))


def said(context: Context) -> list[tuple[str, str]]:
    return [(each.verdict, each.reason) for each in opinions(context.store, NAME, 1)]


def asked(github: StandIn, part: str) -> int:
    return sum(part in request.path for request in github.requests)


def say(context: Context, repository: Repository, text: str, login: str = "wim", number: int = 1) -> None:
    comment = {"id": 7, "body": text}
    repository.comments.append({"id": 7, "issue": number, "body": text, "updated_at": "", "user": {"login": login}})
    issue = {"number": number, "pull_request": {}}
    told = payload(repository, "created", issue=issue, comment=comment) | {"sender": {"login": login, "type": "User"}}
    deliver(context, "issue_comment", told)
    settle(context)


def test_a_thumb_down_is_counted_and_shown(context: Context, widgets: Repository) -> None:
    react(widgets, 1, "wim", "-1")
    react(widgets, 1, "ann", "+1")
    react(widgets, 1, "max", "heart")
    assert poll(context) == 1
    assert sorted(said(context)) == [("fair", ""), ("unfair", "")]
    assert "**1 person finds it unfair, 1 fair**" in the_comment(widgets, 1)["body"]
    assert "| own | 0.80 |" in the_comment(widgets, 1)["body"], "no score changes"


def test_strangers_triagers_and_bots_do_not_count(github: StandIn, context: Context, widgets: Repository) -> None:
    for login in ("rob", "tri", "nobody", "helper[bot]"):
        react(widgets, 1, login, "-1")
    poll(context)
    assert said(context) == [] and "unfair**" not in the_comment(widgets, 1)["body"]
    before = asked(github, "/permission")
    assert before == 3, "a bot is not asked about"
    poll(context, hours=2)
    assert asked(github, "/permission") == before, "nor is anybody twice"


def test_both_thumbs_say_nothing_and_one_that_is_taken_back_goes(context: Context, widgets: Repository) -> None:
    react(widgets, 1, "wim", "-1")
    poll(context)
    assert said(context) == [("unfair", "")]
    react(widgets, 1, "wim", "+1")
    poll(context, hours=2)
    assert said(context) == [] and "finds it" not in the_comment(widgets, 1)["body"]


def test_asking_is_bounded(github: StandIn, context: Context, widgets: Repository) -> None:
    before = asked(github, "/reactions")
    for hour in range(24 * 30):
        poll(context, hours=hour)
    assert asked(github, "/reactions") - before <= 37
    assert poll(context, hours=24 * 60) == 0


def test_a_crowd_is_asked_about_in_parts(github: StandIn, context: Context, widgets: Repository) -> None:
    for number in range(50):
        react(widgets, 1, f"rob{number}", "-1")
    poll(context)
    assert asked(github, "/permission") == 20
    poll(context, hours=2)
    poll(context, hours=4)
    assert asked(github, "/permission") == 50 and len(reactions(context.store, NAME, 1)) == 50


def test_a_deleted_comment_is_not_made_again(context: Context, widgets: Repository) -> None:
    widgets.comments.clear()
    poll(context)
    take_in(context, attempts(1, attempt=1))
    assert not ours(widgets, 1)


def test_a_command_with_its_reason(context: Context, widgets: Repository) -> None:
    say(context, widgets, "/switchover unfair The test was wrong, see @octocat")
    assert said(context) == [("unfair", "The test was wrong, see @octocat")]
    body = the_comment(widgets, 1)["body"]
    assert "**1 person finds it unfair**: “The test was wrong, see @\u200boctocat”" in body
    assert "noted, the scores of 1 are unfair" in widgets.comments_on(1)[-1]
    say(context, widgets, "/switchover fair")
    assert said(context) == [("fair", "")], "one voice for each person"


def test_a_command_counts_before_a_reaction(context: Context, widgets: Repository) -> None:
    react(widgets, 1, "wim", "+1")
    poll(context)
    say(context, widgets, "/switchover unfair no")
    assert said(context) == [("unfair", "no")]
    poll(context, hours=2)
    assert said(context) == [("unfair", "no")]


def test_a_stranger_s_command_is_not_heard(context: Context, widgets: Repository) -> None:
    say(context, widgets, "/switchover unfair", login="rob")
    assert said(context) == []


def test_where_nothing_was_evaluated_that_is_said(context: Context, widgets: Repository) -> None:
    say(context, widgets, "/switchover unfair", number=2)
    send(context)
    assert "nothing was evaluated here" in widgets.comments_on(2)[-1] and opinions(context.store, NAME) == []


def test_who_has_said_it_can_be_purged(context: Context, widgets: Repository) -> None:
    from pipeline.forget import people
    from pipeline.forget.subject import Subject

    say(context, widgets, "/switchover unfair as @ann says")
    react(widgets, 1, "ann", "-1")
    poll(context)
    people.purge(context.store, Subject("ann", "person", ()))
    assert said(context) == [("unfair", "as @[forgotten] says")]
    poll(context, hours=2)
    assert len(opinions(context.store, NAME)) == 1, "and stays away"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/switchover unfair", Command("unfair")),
        ("/Switchover UNFAIR  Ignores Windows ", Command("unfair", reason="Ignores Windows")),
        ("/switchover fair\tyes", Command("fair", reason="yes")),
        ("/switchover fairly", Command("help", "fairly")),
    ],
)
def test_the_grammar(text: str, command: Command) -> None:
    assert parse(text) == command


def test_counts_in_words() -> None:
    assert (People().words, People(2).words, People(0, 2).words, People(3, 1).words) == (
        "",
        "2 people find it fair",
        "2 people find it unfair",
        "1 person finds it unfair, 3 fair",
    )
