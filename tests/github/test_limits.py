"""Rate limits over real HTTP: short ones are waited for, long ones raised at once, and nothing is asked meanwhile."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from bot.errors import Limited
from bot.github import Budget, Client, Forge
from tests.github.calls import ask, read, say
from tests.github.clock import Clock
from tests.github.stand_in import Repository, StandIn, faults


@pytest.mark.parametrize("call", [read, say, ask])
@pytest.mark.parametrize("fault", [faults.secondary(7), faults.status(429, retry_after="7")], ids=str)
def test_a_short_limit_is_waited_for(
    github: StandIn, client: Client, clock: Clock, fault: faults.Fault, call: Callable[[Client], Any]
) -> None:
    client.token()
    github.fail(fault)
    assert call(client) in ("acme/widgets", "hello")
    assert sum(clock.slept) == pytest.approx(7, abs=1)


@pytest.mark.parametrize("call", [read, say, ask])
@pytest.mark.parametrize(
    "fault",
    [
        faults.secondary(None),
        faults.secondary(31),
        faults.status(429),
        faults.status(403, "API rate limit exceeded", x_ratelimit_remaining="0"),
    ],
    ids=str,
)
def test_a_long_limit_is_raised_at_once(
    github: StandIn, client: Client, clock: Clock, fault: faults.Fault, call: Callable[[Client], Any]
) -> None:
    client.token()
    github.fail(fault)
    asked = len(github.requests)
    for _ in range(3):
        with pytest.raises(Limited) as raised:
            call(client)
    assert clock.now() + 20 < raised.value.until <= clock.now() + 3605
    assert len(github.requests) == asked + 1, "asking on would prolong it"
    assert sum(clock.slept) == 0


def test_limits_that_come_again_are_not_waited_for_without_end(github: StandIn, client: Client, clock: Clock) -> None:
    client.token()
    github.fail(faults.secondary(12), times=99)
    with pytest.raises(Limited):
        read(client)
    assert sum(clock.slept) <= 30


def test_after_the_limit_it_goes_on(github: StandIn, client: Client, clock: Clock) -> None:
    client.token()
    github.fail(faults.secondary(300))
    with pytest.raises(Limited):
        read(client)
    clock.sleep(301)
    assert read(client) == "acme/widgets"


def test_graphql_points_used_up(github: StandIn, client: Client, clock: Clock) -> None:
    github.allowed["graphql"] = 1
    ask(client)
    with pytest.raises(Limited, match="primary rate limit"):
        ask(client)
    assert read(client) == "acme/widgets", "another budget"


def test_budgets_are_told_for_each_answer(github: StandIn, widgets: Repository) -> None:
    told: list[tuple[int, Budget]] = []
    with Forge.connect(github.credentials(), on_budget=lambda id, left: told.append((id, left))) as forge:
        ask(forge.installation(1))
        read(forge.installation(1))
    assert [(id, left.resource, left.remaining) for id, left in told] == [
        (0, "core", 4999),
        (1, "graphql", 4999),
        (1, "core", 4999),
    ]
    assert all(left.allowed == 5000 and left.reset_at > time.time() for _, left in told)


def test_a_secondary_limit_shuts_both_doors(github: StandIn, client: Client) -> None:
    client.token()
    github.fail(faults.secondary(300), path="/repos/")
    for call in (read, ask, say):
        with pytest.raises(Limited, match="secondary rate limit"):
            call(client)
    assert github.graphql_calls == 0


def test_a_limit_that_is_met_a_thousand_times_keeps_nothing_of_them(github: StandIn, client: Client) -> None:
    """An exception keeps the frames of each time that it is raised, and with them whatever they held."""
    client.token()
    github.fail(faults.secondary(300))
    lengths = []
    for _ in range(5):
        with pytest.raises(Limited, match="secondary rate limit") as met:
            read(client)
        lengths.append(len(traceback.extract_tb(met.value.__traceback__)))
    assert lengths[1:] == lengths[1:2] * 4
