"""What is measured of a rollout: lines, tokens, thoughts, secrets."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pipeline.generate.select import Facts, facts_of
from pipeline.generate.select.facts import patch_lines
from pipeline.types import Message, from_json, to_json
from tests.generate.making import PATCH, rollout, said, tool, user

MESSAGES = (user("x" * 35), said("y" * 35), tool("z" * 70), tool("z" * 140))
KEY = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2


def facts(*messages: Message, context: int = 1000, **given: Any) -> Facts:
    return facts_of(replace(rollout(), messages=messages, tools=(), **given), context)


def test_patch_lines_counts_what_hunks_hold() -> None:
    assert patch_lines(PATCH) == 1
    assert patch_lines("--- a/a\n+++ b/a\n@@ -1,0 +1,7 @@\n" + "+\n" * 7) == 7
    assert patch_lines("--- a/a\n+++ b/a\n@@ -1,2 +1,1 @@\n--- sql\n x\n") == 1
    assert patch_lines("") == 0


def test_tokens_are_estimated_where_the_server_has_not_counted() -> None:
    known = facts(*MESSAGES)
    assert (known.tool_output_tokens, known.kept_share) == ((10 + 20 + 40) / 2, 1.0)
    # 15 of the request, 15 of the turn, 25 and 45 of the results, 5 of each being its frame
    assert facts(*MESSAGES, context=101).kept_share == 1.0
    assert facts(*MESSAGES, context=100).kept_share == 0.5  # cut after the assistant's only turn
    assert facts(*MESSAGES, context=30).kept_share == 0.0


def test_the_servers_count_of_the_conversation_is_spread_over_its_messages() -> None:
    counted = facts(*MESSAGES, context_tokens=60)  # up to the turn: twice the estimate
    assert counted.tool_output_tokens == 70
    assert facts(*MESSAGES, context=201, context_tokens=60).kept_share == 1.0
    assert facts(*MESSAGES, context=200, context_tokens=60).kept_share == 0.5
    assert facts(user("x"), context_tokens=60).kept_share == 1.0, "no turn was counted"


def test_tools_take_their_part_of_the_context() -> None:
    schema = {"type": "function", "function": {"name": "bash", "description": "d" * 700}}
    whole = rollout(messages=MESSAGES)
    assert (
        facts_of(replace(whole, tools=(schema,)), 200).kept_share < facts_of(replace(whole, tools=()), 200).kept_share
    )


def test_a_rollout_without_messages_has_facts() -> None:
    assert facts() == Facts(1, 0.0, 1000, 1.0, True)


@pytest.mark.parametrize(
    ("text", "whole"),
    [("<think>a</think>b", True), ("b", True), ("<think>a", False), ("a</think>", False), ("</think><think>", False)],
)
def test_think_tags_of_the_assistant_come_in_pairs(text: str, whole: bool) -> None:
    assert facts(said(text)).whole_thoughts is whole
    assert facts(tool(text), user(text)).whole_thoughts, "what is shown may hold the tag as it likes"


@pytest.mark.parametrize(
    ("messages", "patch", "found"),
    [
        ((user("hi"), said("ok"), tool(f"settings.py:3:TOKEN = '{KEY}'")), PATCH, ("token in message 2",)),
        ((user("hi"), said("", f"export DB_PASSWORD='s3cr3t-and-l0ng'; curl -H 'X: {KEY}'")), PATCH,
         ("token in message 1", "password in message 1")),
        (({**said("ok"), "reasoning": f"The key is {KEY}."},), PATCH, ("token in message 0",)),
        ((user("hi"),), PATCH.replace("strict=True", f"'{KEY}'"), ("token in the patch",)),
        ((tool("-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow" * 20 + "\n-----END RSA PRIVATE KEY-----"),), PATCH,
         ("private_key in message 0",)),
        ((tool("# (c) A. Person <a.person@example.org>, +49 30 23125001, host 93.184.216.34"),), PATCH, ()),
        ((tool("password = os.environ['PASSWORD']  # token: see config"),), PATCH, ()),
    ],
)  # fmt: skip
def test_secrets_are_found_wherever_they_stand(
    messages: tuple[Message, ...], patch: str, found: tuple[str, ...]
) -> None:
    known = facts(*messages, patch=patch)
    assert known.secrets == found
    assert KEY not in str(known)


def test_arguments_that_are_no_json_are_read_as_they_are() -> None:
    broken = said("", "ls")
    broken["tool_calls"][0]["function"]["arguments"] = f'{{"command": "echo {KEY}'
    assert facts(broken).secrets == ("token in message 0",)


def test_facts_come_back_from_the_journal() -> None:
    known = facts(*MESSAGES, tool(KEY))
    assert from_json(Facts, json.loads(json.dumps(to_json(known)))) == known
