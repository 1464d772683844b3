"""What the page holds of a rollout: marks, patches, and blocks that a browser can inflate."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rollout import agent
from pipeline.types import Message
from pipeline.view import marks
from pipeline.view.bodies import rollout_body, task_body
from pipeline.view.marks import cheats, malformed
from pipeline.view.pack import WINDOW, Packer
from pipeline.view.patches import MOST_COLUMNS, MOST_LINES, shown, side_by_side
from pipeline.view.sources import at
from pipeline.view.tasks import Task
from tests.generate.making import said, tool, user
from tests.view.making import FIRST, SECOND, TOOLS, cheating, evaluated, generated, lines, quarrel, rollout, sample
from tests.view.test_view_sources import tasks


def parsed(task: Task) -> dict[str, Any]:
    rows = {one.key: at(one.found.place) for one in task.attempts}
    body: dict[str, Any] = json.loads(task_body(task, rows))
    return body


def test_agents_see_their_checkout_where_the_marks_expect_it() -> None:
    assert str(agent.CHECKOUT) == marks.CHECKOUT


def call(arguments: object, name: str = "bash") -> Message:
    return {"role": "assistant", "tool_calls": [{"function": {"name": name, "arguments": arguments}}]}


@pytest.mark.parametrize(
    ("turn", "is_bad"),
    [
        (said("", "ls"), False), (said("no call"), True), (call("{"), True), (call("[]"), True), (call(None), True),
        (call("{}"), True), (call('{"command": "ls"}', "python"), True), (call('{"command": "ls", "more": 1}'), False),
        ({"role": "assistant", "tool_calls": [1]}, True), (user("no call"), False),
    ],
)  # fmt: skip
def test_a_call_that_its_schema_forbids_is_malformed(turn: Message, is_bad: bool) -> None:
    assert malformed([turn], TOOLS) == ([0] if is_bad else [])


def test_without_tools_nothing_is_malformed() -> None:
    assert malformed([said("hello")], ()) == []


def test_marks_of_cheating_stand_at_the_message_that_earned_them() -> None:
    refused = tool("curl: (6) Could not resolve host: example.org")
    assert cheats([*cheating(), refused, said("", "ls /repo")]) == {1: ("network",), 3: ("network_refused",)}


def test_matching_lines_carry_the_same_number() -> None:
    first, second, counts = side_by_side(FIRST, SECOND)
    assert counts == {"gold": 2, "candidate": 2, "matched": 1}
    for side, error in ((first, "ValueError"), (second, "TypeError")):
        (file,) = side["files"]
        assert file["rows"] == [
            ["h", "@@ -1,2 +1,4 @@"], ["c", "def f(x):"], ["a", "    if x is None:", 1],
            ["a", f'        raise {error}("x is required")', 0], ["c", "    return x"],
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "path", "note"),
    [
        ("new file mode 100644\n--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n", "a", "added"),
        ("deleted file mode 100644\n--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n", "a", "deleted"),
        ("similarity index 100%\nrename from a\nrename to b\n", "b", "renamed from a"),
        ("similarity index 100%\ncopy from a\ncopy to b\n", "b", "copied from a"),
        ("index 1..2 100644\nBinary files a/a and b/a differ\n", "a", ""),
    ],
)
def test_what_a_patch_does_to_a_file_is_said(header: str, path: str, note: str) -> None:
    (file,) = shown(f"diff --git a/a b/{path}\n{header}")["files"]
    assert (file["path"], file["note"]) == (path, note)


def test_long_patches_and_lines_are_cut_and_say_so() -> None:
    count = MOST_LINES + 50
    body = "".join(f"+{'x' * (MOST_COLUMNS + 1)}\n" for _ in range(count))
    patch = shown(f"--- /dev/null\n+++ b/a\n@@ -0,0 +1,{count} @@\n{body}")
    (file,) = patch["files"]
    assert (len(file["rows"]), patch["cut"]) == (MOST_LINES, 51)
    assert file["rows"][1][1] == "x" * MOST_COLUMNS + "…"


@pytest.mark.parametrize("patch", ["no patch", "\ud83d", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\udcff\n+\ud83d\n"])
def test_a_patch_that_is_none_is_shown_as_it_is(patch: str) -> None:
    assert shown(patch)["files"]
    assert side_by_side(FIRST, patch)[0]["files"][0]["path"] == "lib/a.py"


def test_a_function_shows_its_pair_and_a_pull_request_all_its_attempts(tmp_path: Path) -> None:
    first, second = tasks(generated(tmp_path / "g"))
    assert [side["key"] for side in parsed(first)["sides"]] == ["t.1.1", "t.2.0"]
    assert [side["key"] for side in parsed(second)["sides"]] == ["u.1.0", "u.2.0"]
    (pull,) = tasks(evaluated(tmp_path / "e"))
    assert [side["key"] for side in parsed(pull)["sides"]] == ["own", "base", "frontier"]


def test_a_sample_alone_is_shown_beside_the_patch_that_it_carries(tmp_path: Path) -> None:
    (task,) = tasks(lines(tmp_path / "s.jsonl", [sample(rollout("t.2.0", patch=SECOND), 2)]))
    body = parsed(task)
    assert [side["key"] for side in body["sides"]] == [None, "t.2.0"]
    assert body["counts"]["matched"] == 1 and body["description"] == "f takes None."


def test_a_body_is_a_head_and_the_messages(tmp_path: Path) -> None:
    task = tasks(generated(tmp_path))[0]
    one = task.attempts[2]
    head, messages = map(json.loads, rollout_body(one, at(one.found.place), True).split(b"\n"))
    assert messages[1:] == [*quarrel()] and head["malformed"] == [1] and head["opening"] == []
    assert head["patch"]["files"][0]["path"] == "lib/a.py"


def inflated(packer: Packer, block: str) -> bytes:
    """As the page does it."""
    stream = base64.b64decode(packer.head()) + base64.b64decode(block)
    return zlib.decompressobj(-15).decompress(stream)[packer.size :]


@given(typical=st.binary(max_size=300), contents=st.lists(st.binary(max_size=300), max_size=4))
def test_every_block_is_inflated_alone(typical: bytes, contents: Sequence[bytes]) -> None:
    packer = Packer(typical)
    assert [inflated(packer, packer.block(content)) for content in contents] == list(contents)


def test_what_all_have_in_common_is_stored_once() -> None:
    common = bytes(range(256)) * (WINDOW // 128)
    packer = Packer(common)
    content = common[-WINDOW + 100 :] + b"and more"
    assert inflated(packer, packer.block(content)) == content
    assert len(packer.block(content)) < 300
