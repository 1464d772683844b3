"""bash, and a file editor: view, create, str_replace, insert, undo_edit.

The name and the arguments are those that published models were trained with. Every read and write
is a command inside the sandbox, so links, ``..`` and limits hold exactly as they do for bash; the
text work between them happens here, on values. Tabs and line ends stay as they are in the file.
Not covered: binary files, and files above 512 KiB (bash can do those).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.rollout.tools import Ran, Said, Shell
from pipeline.rollout.tools import text as texts
from pipeline.rollout.tools.bash import Bash, unusable

NAME = "str_replace_editor"
_LARGEST = 512 * 1024
_CHUNK = 96 * 1024
"""Bytes of one argument, below Linux's 128 KiB."""

_READ = (
    'if [ -d "$1" ]; then cd "$1" && find . -mindepth 1 -maxdepth 2 -not -path "*/.*" | LC_ALL=C sort | head -n 500; '
    'exit 3; fi; [ -e "$1" ] || exit 4; [ -f "$1" ] || exit 5; '
    f'[ "$(stat -Lc %s -- "$1")" -le {_LARGEST} ] || exit 6; cat -- "$1"'
)
_WRITE = 'mkdir -p -- "$(dirname -- "$1")" && f="$1" && shift && printf %s "$@" > "$f"'
_REMOVE = 'rm -- "$1"'
_REFUSED = {4: "does not exist", 5: "is not a regular file", 6: "is larger than 512 KiB; use bash"}

_NEEDS = {
    "view": (),
    "create": ("file_text",),
    "str_replace": ("old_str",),
    "insert": ("insert_line", "new_str"),
    "undo_edit": (),
}
_SCHEMA: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": NAME,
        "description": "View, create and edit text files. Edits stay; undo_edit takes back the last edit of a file.",
        "parameters": {
            "type": "object",
            "properties": {
                "command": {"type": "string", "enum": list(_NEEDS), "description": "What to do."},
                "path": {"type": "string", "description": "The file; for view also a folder."},
                "file_text": {"type": "string", "description": "create: the whole content."},
                "old_str": {
                    "type": "string",
                    "description": "str_replace: text that occurs exactly once, with its white space.",
                },
                "new_str": {"type": "string", "description": "str_replace, insert: the new text; empty deletes."},
                "insert_line": {"type": "integer", "description": "insert: after this line; 0 is the file's start."},
                "view_range": {
                    "type": "array",
                    "items": {"type": "integer"},
                    "description": "view: first and last line, from 1; -1 as last is the file's end.",
                },
            },
            "required": ["command", "path"],
        },
    },
}


@dataclass(frozen=True)
class _Edit:
    before: str | None
    """None when the edit made the file."""
    after: str


class _Refused(Exception):
    """An edit that cannot be done; its text is for the model."""


class Editor:
    """The bash tool and the editor; keeps the edits of one rollout for undo_edit."""

    named = f"bash or {NAME} tool"

    def __init__(self) -> None:
        self._bash = Bash()
        self._edits: dict[str, list[_Edit]] = {}
        self.schemas: Sequence[dict[str, Any]] = (*self._bash.schemas, _SCHEMA)

    def problem(self, name: str, arguments: Mapping[str, Any]) -> str:
        if name != NAME:
            return self._bash.problem(name, arguments)
        command = arguments.get("command")
        if not isinstance(command, str) or command not in _NEEDS:
            return f"The 'command' argument of {NAME} must be one of {', '.join(_NEEDS)}."
        missing = [key for key in ("path", *_NEEDS[command]) if arguments.get(key) is None]
        if missing:
            return f"Missing '{missing[0]}' argument for {command}."
        return _wrong_types(arguments)

    def run(self, name: str, arguments: Mapping[str, Any], shell: Shell) -> Ran:
        if name != NAME:
            return self._bash.run(name, arguments, shell)
        path = arguments["path"]
        try:
            done = getattr(self, f"_{arguments['command']}")(path, arguments, shell)
        except (_Refused, texts.EditError) as refused:
            return Said(f"{path}: {refused}".encode(), 1)
        return Said(done.encode("utf-8", "surrogateescape"))

    def _view(self, path: str, arguments: Mapping[str, Any], shell: Shell) -> str:
        ran = _run(shell, _READ, path)
        if ran.exit_code == 3:
            return ran.output.decode("utf-8", "surrogateescape")
        return texts.numbered(_content(ran), arguments.get("view_range"))

    def _create(self, path: str, arguments: Mapping[str, Any], shell: Shell) -> str:
        if _run(shell, _READ, path).exit_code != 4:
            raise _Refused("exists already; use str_replace to change it")
        self._write(path, _Edit(None, arguments["file_text"]), shell)
        return f"{path}: created"

    def _str_replace(self, path: str, arguments: Mapping[str, Any], shell: Shell) -> str:
        before = _content(_run(shell, _READ, path))
        after, line = texts.replace(before, arguments["old_str"], arguments.get("new_str") or "")
        self._write(path, _Edit(before, after), shell)
        return f"{path}: replaced\n" + texts.around(after, line, arguments.get("new_str") or "")

    def _insert(self, path: str, arguments: Mapping[str, Any], shell: Shell) -> str:
        before = _content(_run(shell, _READ, path))
        after = texts.insert(before, arguments["insert_line"], arguments["new_str"])
        self._write(path, _Edit(before, after), shell)
        return f"{path}: inserted\n" + texts.around(after, arguments["insert_line"] + 1, arguments["new_str"])

    def _undo_edit(self, path: str, arguments: Mapping[str, Any], shell: Shell) -> str:
        if not self._edits.get(path):
            raise _Refused("has no edit of this tool to take back")
        last = self._edits[path][-1]
        if _content(_run(shell, _READ, path)) != last.after:
            raise _Refused("was changed by another command since its last edit; nothing was taken back")
        if last.before is None:
            _done(_run(shell, _REMOVE, path))
        else:
            _done(_run(shell, _WRITE, path, *_chunks(last.before)))
        self._edits[path].pop()
        return f"{path}: last edit taken back"

    def _write(self, path: str, edit: _Edit, shell: Shell) -> None:
        if len(edit.after.encode("utf-8", "surrogateescape")) > _LARGEST:
            raise _Refused("would become larger than 512 KiB; use bash")
        _done(_run(shell, _WRITE, path, *_chunks(edit.after)))
        self._edits.setdefault(path, []).append(edit)


def _wrong_types(arguments: Mapping[str, Any]) -> str:
    for key in ("path", "file_text", "old_str", "new_str"):
        if arguments.get(key) is not None and (wrong := unusable(key, arguments[key])):
            return wrong
    if not isinstance(arguments.get("insert_line", 0), int):
        return "The 'insert_line' argument must be a whole number."
    span = arguments.get("view_range")
    if span is not None and not (isinstance(span, list) and len(span) == 2 and all(isinstance(n, int) for n in span)):
        return "The 'view_range' argument must be two whole numbers."
    return ""


def _run(shell: Shell, script: str, path: str, *more: str) -> Ran:
    # A path that begins with "-" would be an option to find and stat; with "./" it is a path.
    return shell(["bash", "-c", script, "editor", path if path.startswith("/") else f"./{path}", *more])


def _content(ran: Ran) -> str:
    if ran.exit_code == 3:
        raise _Refused("is a folder")
    _done(ran)
    if b"\0" in ran.output or len(ran.output) != ran.output_bytes:
        raise _Refused("is a binary file; use bash")
    return ran.output.decode("utf-8", "surrogateescape")


def _done(ran: Ran) -> None:
    if ran.exit_code != 0:
        said = _REFUSED.get(ran.exit_code) or ran.output.decode("utf-8", "replace").strip()
        raise _Refused(said or f"stopped for {ran.stopped_for}")


def _chunks(content: str) -> list[str]:
    data = content.encode("utf-8", "surrogateescape")
    pieces = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    return [piece.decode("utf-8", "surrogateescape") for piece in pieces] or [""]
