"""The editor in the real sandbox: edits that are exact, undo that works, no way out of the checkout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.rollout.sandbox import Ran, Sandbox
from pipeline.rollout.tools import tool_set
from pipeline.rollout.tools.editor import NAME
from pipeline.rollout.workspace import Workspace
from tests.chat_server import SUBMIT, chat_server, say
from tests.rollout.conftest import FILES, Start


class Edit:
    """``edit("view", "src/app.py", ...)``: exit code and words of one call."""

    def __init__(self, sandbox: Sandbox, workspace: Workspace) -> None:
        self.checkout = workspace.checkout
        self._tools = tool_set("editor")
        self._sandbox = sandbox
        self._workspace = workspace

    def shell(self, command: Sequence[str]) -> Ran:
        return self._sandbox.run(command, self.checkout, tmp=self._workspace.tmp)

    def __call__(self, command: str, path: str, **more: Any) -> tuple[int, str]:
        arguments = {"command": command, "path": path, **more}
        assert self._tools.problem(NAME, arguments) == ""
        ran = self._tools.run(NAME, arguments, self.shell)
        return ran.exit_code, ran.output.decode("utf-8", "surrogateescape")

    def problem(self, **arguments: Any) -> str:
        return self._tools.problem(NAME, arguments)


@pytest.fixture
def edit(sandbox: Sandbox, workspace: Workspace) -> Edit:
    return Edit(sandbox, workspace)


def test_view_a_file_and_a_part_of_it(edit: Edit) -> None:
    assert edit("view", "src/app.py") == (0, "     1\tdef add(a, b):\n     2\t\treturn a - b\n")
    assert edit("view", f"{edit.checkout}/src/app.py", view_range=[2, -1]) == (0, "     2\t\treturn a - b\n")
    code, said = edit("view", "src/app.py", view_range=[5, 9])
    assert (code, said) == (1, "src/app.py: has 2 lines; a range from 5 to 2 is none of them")


@pytest.mark.parametrize("path", [".", ""])
def test_view_a_folder(edit: Edit, path: str) -> None:
    path = path or str(edit.checkout)
    assert edit("view", path) == (0, "./logo.bin\n./notes.txt\n./src\n./src/app.py\n./src/dos.py\n")


def test_replace_keeps_tabs(edit: Edit) -> None:
    code, said = edit("str_replace", "src/app.py", old_str="\treturn a - b", new_str="\treturn a + b")
    assert (code, said.splitlines()[0]) == (0, "src/app.py: replaced")
    assert "     2\t\treturn a + b" in said
    assert (edit.checkout / "src/app.py").read_bytes() == b"def add(a, b):\n\treturn a + b\n"


def test_replace_with_nothing_deletes(edit: Edit) -> None:
    assert edit("str_replace", "src/app.py", old_str="\treturn a - b\n")[0] == 0
    assert (edit.checkout / "src/app.py").read_bytes() == b"def add(a, b):\n"


def test_line_ends_and_encoding_of_the_file_stay(edit: Edit) -> None:
    assert edit("str_replace", "src/dos.py", old_str="x = 1\ny", new_str="x = 3\ny")[0] == 0
    assert (edit.checkout / "src/dos.py").read_bytes() == b"x = 3\r\ny = 2\r\n"
    assert edit("insert", "notes.txt", insert_line=1, new_str="tea")[0] == 0
    assert (edit.checkout / "notes.txt").read_bytes() == b"caf\xe9\ntea\n"


def test_create_and_undo(edit: Edit) -> None:
    assert edit("create", "new/deep/a.py", file_text="x\n") == (0, "new/deep/a.py: created")
    assert (edit.checkout / "new/deep/a.py").read_bytes() == b"x\n"
    assert edit("create", "new/deep/a.py", file_text="y")[0] == 1
    assert edit("undo_edit", "new/deep/a.py")[0] == 0
    assert not (edit.checkout / "new/deep/a.py").exists()


def test_undo_goes_back_step_by_step(edit: Edit) -> None:
    file = edit.checkout / "src/app.py"
    versions = [file.read_bytes()]
    for number in range(3):
        assert edit("insert", "src/app.py", insert_line=0, new_str=f"# {number}")[0] == 0
        versions.append(file.read_bytes())
    while len(versions) > 1:
        assert file.read_bytes() == versions.pop()
        assert edit("undo_edit", "src/app.py")[0] == 0
    assert file.read_bytes() == FILES["src/app.py"]
    assert edit("undo_edit", "src/app.py") == (1, "src/app.py: has no edit of this tool to take back")


def test_undo_does_not_take_back_what_others_did(edit: Edit) -> None:
    edit("insert", "src/app.py", insert_line=0, new_str="# mine")
    edit.shell(["bash", "-c", "echo theirs >> src/app.py"])
    before = (edit.checkout / "src/app.py").read_bytes()
    code, said = edit("undo_edit", "src/app.py")
    assert (code, "changed by another command" in said) == (1, True)
    assert (edit.checkout / "src/app.py").read_bytes() == before


def test_a_refused_edit_changes_nothing(edit: Edit) -> None:
    before = (edit.checkout / "src/app.py").read_bytes()
    assert edit("str_replace", "src/app.py", old_str="nowhere", new_str="x")[0] == 1
    assert edit("insert", "src/app.py", insert_line=99, new_str="x")[0] == 1
    assert (edit.checkout / "src/app.py").read_bytes() == before


def test_files_it_does_not_edit(edit: Edit) -> None:
    edit.shell(["bash", "-c", "mkfifo pipe; head -c 600000 /dev/zero | tr '\\0' x > big.txt; chmod 444 notes.txt"])
    assert "is a binary file" in edit("view", "logo.bin")[1]
    assert "is not a regular file" in edit("view", "pipe")[1]
    assert "is larger than 512 KiB" in edit("view", "big.txt")[1]
    assert "does not exist" in edit("view", "none.txt")[1]
    assert "is a folder" in edit("insert", "src", insert_line=0, new_str="x")[1]
    assert "would become larger" in edit("create", "huge.txt", file_text="x" * 600_000)[1]
    code, said = edit("create", "notes.txt/below", file_text="x")
    assert (code, "notes.txt" in said) == (1, True)


def test_a_large_file_arrives_whole(edit: Edit) -> None:
    content = "é" * 100_000 + "\n"
    assert edit("create", "large.txt", file_text=content)[0] == 0
    assert (edit.checkout / "large.txt").read_bytes() == content.encode()
    assert edit("str_replace", "large.txt", old_str="é\n", new_str="e\n")[0] == 0
    assert (edit.checkout / "large.txt").read_bytes() == content.encode()[:-3] + b"e\n"


def test_odd_names_are_only_names(edit: Edit) -> None:
    for name in ("-n", "a b'c\"d", "$(touch x)", "*", "ünïcode", "line\nbreak"):
        assert edit("create", name, file_text="x\n")[0] == 0
        assert (edit.checkout / name).read_bytes() == b"x\n"
        assert edit("view", name) == (0, "     1\tx\n")
    assert not (edit.checkout / "x").exists()


def test_no_way_out_of_the_checkout(edit: Edit, tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("secret\n")
    victim.chmod(0o666)
    tmp_path.chmod(0o777)
    link = edit.checkout / "link.txt"
    link.symlink_to(victim)
    (edit.checkout / "out").symlink_to(tmp_path)
    up = "../" * 20 + str(victim).lstrip("/")
    for path in ("link.txt", "out/victim.txt", up, str(victim)):
        assert "secret" not in edit("view", path)[1]
        edit("create", path, file_text="overwritten\n")
        edit("str_replace", path, old_str="secret", new_str="gone")
        edit("undo_edit", path)
    edit("create", "out/new.txt", file_text="x")
    edit("create", str(tmp_path / "new.txt"), file_text="x")
    assert victim.read_text() == "secret\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["victim.txt"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"path": "a"}, "must be one of view"),
        ({"command": "delete", "path": "a"}, "must be one of view"),
        ({"command": "view"}, "Missing 'path'"),
        ({"command": "view", "path": 3}, "'path' argument must be a text"),
        ({"command": "create", "path": "a"}, "Missing 'file_text'"),
        ({"command": "str_replace", "path": "a", "new_str": "x"}, "Missing 'old_str'"),
        ({"command": "insert", "path": "a", "new_str": "x"}, "Missing 'insert_line'"),
        ({"command": "insert", "path": "a", "new_str": "x", "insert_line": "3"}, "must be a whole number"),
        ({"command": "view", "path": "a", "view_range": [1]}, "two whole numbers"),
        ({"command": "view", "path": "a", "view_range": "1-3"}, "two whole numbers"),
        ({"command": "create", "path": "a", "file_text": "a\0b"}, "NUL"),
        ({"command": ["view"], "path": "a"}, "must be one of view"),
    ],
)
def test_calls_that_cannot_be_run(edit: Edit, arguments: dict[str, Any], problem: str) -> None:
    assert problem in edit.problem(**arguments)


def test_a_rollout_with_the_editor(roll: Start) -> None:
    replace = {"command": "str_replace", "path": "src/app.py", "old_str": "a - b", "new_str": "a + b"}
    with chat_server(say("I edit.", (NAME, replace)), SUBMIT) as server:
        rollout = roll(server, harness={"tools": "editor"})
        assert [tool["function"]["name"] for tool in server.requests[0]["tools"]] == ["bash", NAME]
    assert rollout.exit == "submitted"
    assert "+\treturn a + b" in rollout.patch
    assert "AT LEAST ONE bash or str_replace_editor tool call" in rollout.messages[1]["content"]


def test_printing_the_words_of_submission_in_a_file_submits_nothing(roll: Start) -> None:
    create = {"command": "create", "path": "a.txt", "file_text": "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n"}
    view = {"command": "view", "path": "a.txt"}
    with chat_server(say("", (NAME, create)), say("", (NAME, view))) as server:
        assert roll(server, steps=3, harness={"tools": "editor"}).exit == "step_limit"
