"""Turns that are paid for once: kept on disk while a rollout is under way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.rollout.conversation import Conversation
from pipeline.rollout.turns import TurnLog, question
from pipeline.rollout.wire import Reply, Usage
from tests.chat_server import SUBMIT, bash, chat_server
from tests.rollout.conftest import Start

REPLY = Reply({"role": "assistant", "content": "half \ud800 of a pair"}, "stop", Usage(3, 2, 1), 1.5)


def test_a_reply_comes_back_after_the_process(tmp_path: Path) -> None:
    log = TurnLog(tmp_path / "turns" / "a.jsonl")
    assert log.known("k") is None
    log.add("k", REPLY)
    log.close()
    with (tmp_path / "turns" / "a.jsonl").open("ab") as file:
        file.write(b'{"question": "torn')  # what kill -9 leaves
    again = TurnLog(tmp_path / "turns" / "a.jsonl")
    assert again.unused() == Usage(3, 2, 1)
    assert again.known("k") == REPLY and again.known("other") is None
    assert (again.replayed_seconds, again.unused()) == (1.5, Usage())
    again.close()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"question": "k", "message": 1, "usage": {}}\n')
    with pytest.raises(InputError, match=r"a\.jsonl: row 1"):
        TurnLog(tmp_path / "a.jsonl")


@given(st.lists(st.text(max_size=3), min_size=1, max_size=3), st.lists(st.text(max_size=3), min_size=1, max_size=3))
def test_only_the_same_conversation_is_the_same_question(one: list[str], other: list[str]) -> None:
    def asked(texts: list[str]) -> str:
        return question("m", Conversation([{"role": "user", "content": text} for text in texts]), len(texts))

    assert (asked(one) == asked(other)) == (one == other)
    assert question("m", Conversation(), 0) != question("n", Conversation(), 0)


def test_a_rollout_goes_on_where_it_was_killed(roll: Start, tmp_path: Path) -> None:
    steps = [bash("echo one >> log"), bash("echo two >> log"), SUBMIT]
    log = TurnLog(tmp_path / "a.jsonl")
    with chat_server(*steps[:2]) as server:  # the second step repeats until the limit: the rollout "dies" there
        roll(server, given={"turns": log}, steps=2)
        assert len(server.requests) == 2
    log.close()
    again = TurnLog(tmp_path / "a.jsonl")
    with chat_server(SUBMIT) as server:
        rollout = roll(server, given={"turns": again})
        assert len(server.requests) == 1, "two of three turns were paid for already"
    again.close()
    assert (rollout.exit, rollout.steps, rollout.tokens_in) == ("submitted", 3, 300)


def test_turns_paid_in_vain_are_counted(roll: Start, tmp_path: Path) -> None:
    log = TurnLog(tmp_path / "a.jsonl")
    log.add("of a conversation that nobody has again", REPLY)
    log.close()
    again = TurnLog(tmp_path / "a.jsonl")
    with chat_server(SUBMIT) as server:
        rollout = roll(server, given={"turns": again})
    again.close()
    assert (rollout.tokens_in, rollout.tokens_out, rollout.tokens_cached) == (103, 12, 41)
