"""Somebody else's agent as a contender: its command in our workspace and sandbox, its patch taken as ever.

The same time limit as for everybody. Its network is the model API that the config names, through
``proxy``, and nothing else. A failure of the command itself (not found, API down) is ours: ``error``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.cost import cost_usd
from pipeline.errors import InputError, SandboxUnavailable
from pipeline.rollout.cheating import cheat_marks
from pipeline.rollout.external import outputs
from pipeline.rollout.external.outputs import Claims
from pipeline.rollout.external.proxy import Traffic, Upstream, proxy
from pipeline.rollout.sandbox import Limits, Ran, Sandbox
from pipeline.rollout.sandbox.identity import identity
from pipeline.rollout.workspace import Workspace
from pipeline.settings import AgentConfig, Price
from pipeline.types import Exit, Message, Role, Rollout

CHECKOUT = Path("/repo")
_FOLDER = ".switchover"
"""In the agent's /tmp: the task, the start script, the socket."""
_INSIDE = Path("/tmp") / _FOLDER  # noqa: S108 - the sandbox's own
_PORT = 47391
"""Of the sandbox's own loopback, where only its own processes are."""
_SOCKET = "api.sock"
_RELAY = Path(__file__).with_name("relay.py")
_SYSTEM_PYTHON = Path("/usr/bin/python3")
_OUTPUT_BYTES = 8 * 1024 * 1024
_NOT_FOUND = (126, 127)

_VARIABLES = {
    "anthropic": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:{port}", "ANTHROPIC_API_KEY": "held-outside"},
    "openai": {"OPENAI_BASE_URL": "http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": "held-outside"},
}
"""By which agents find their API; the key is a word, since the real one is added outside."""


@dataclass(frozen=True)
class CommandAgent:
    """An agent command, ready to make attempts."""

    name: str
    """In the config."""
    settings: AgentConfig
    seconds: float
    """Wall clock of one attempt."""
    key: str | None = field(default=None, repr=False)
    price: Price | None = None
    """For the tokens that the proxy counted; None: the agent's own word on its cost is taken."""
    project: frozenset[str] = frozenset()
    hidden: tuple[Path, ...] = ()

    @property
    def model(self) -> str:
        return self.settings.model or self.name

    def check(self) -> None:
        """Raises InputError for settings that cannot work, SandboxUnavailable."""
        where = f"evaluate.agents.{self.name}"
        if "{prompt_file}" not in self.settings.command:
            raise InputError(
                f"{where}.command: {self.settings.command!r} lacks {{prompt_file}}; it names the task's file"
            )
        url = self.settings.url
        if url and not url.startswith(("http://", "https://")):
            raise InputError(
                f"{where}.url: {url!r} is no address; it begins with https:// (style says how it is spoken)"
            )
        if self.settings.output == "regex" and not self.settings.patterns:
            raise InputError(f"{where}: output is regex and 'patterns' is empty; give one for tokens_in, say")
        for name, text in self.settings.patterns.items():
            outputs.compiled(name, text)
        self._sandbox().check()

    def conditions(self) -> tuple[object, ...]:
        """Every setting that may change a result."""
        patterns = tuple(sorted(self.settings.patterns.items()))
        return (self.name, dataclasses.replace(self.settings, patterns={}), patterns, self.seconds)

    def roll_out(
        self, prompt: str, workspace: Workspace, *, id: str, task_id: str, role: Role, attempt: int, seed: int
    ) -> Rollout:
        """One attempt; see ``pipeline.rollout.agent.roll_out``. Raises only SandboxUnavailable and InputError."""
        started = time.monotonic()
        ran, traffic, failure, patch = self._run(prompt, workspace)
        text = ran.output.decode("utf-8", "replace") if ran else ""
        claims = self._claims(text)
        exit, detail = _exit(ran, claims, traffic, patch) if ran else ("error", failure)
        usage = traffic.usage if traffic and traffic.turns else claims.usage
        seconds = time.monotonic() - started - (traffic.waited if traffic else 0.0)
        priced = cost_usd(self.price, usage, seconds) if usage and self.price else None
        messages = _messages(prompt, claims, text)
        marks = set(cheat_marks(messages, str(CHECKOUT), self.project))
        notes = [detail, *_notes(traffic)]
        return Rollout(
            id=id,
            task_id=task_id,
            role=role,
            model=self.model,
            attempt=attempt,
            seed=seed,
            messages=messages,
            tools=(),
            patch=patch if exit != "error" else "",
            exit=exit,
            steps=(traffic.turns if traffic else 0) or claims.steps or 0,
            tokens_in=usage.tokens_in if usage else 0,
            tokens_out=usage.tokens_out if usage else 0,
            tokens_cached=usage.tokens_cached if usage else 0,
            seconds=round(seconds, 3),
            cost_usd=claims.cost_usd if priced is None else priced,
            cheat_marks=tuple(sorted(marks | ({"network_refused"} if traffic and traffic.refused else set()))),
            tool_calls=len(claims.commands),
            detail="; ".join(filter(None, notes)),
            tokens_cache_written=usage.tokens_cache_written if usage else 0,
        )

    def _sandbox(self) -> Sandbox:
        tools = [Path(folder).expanduser() for folder in self.settings.toolchains]
        limits = Limits(seconds=self.seconds, memory_mb=self.settings.memory_mb, output_bytes=_OUTPUT_BYTES)
        return Sandbox(limits, [*tools, *([] if _SYSTEM_PYTHON.exists() else [Path(sys.base_prefix)])], self.hidden)

    def _run(self, prompt: str, workspace: Workspace) -> tuple[Ran | None, Traffic | None, str, str]:
        """What the command did, what passed the proxy, what failed by our side, and the patch."""
        traffic = None
        try:
            folder = _own_folder(workspace.tmp)
            with contextlib.ExitStack() as stack:
                if self.settings.url:
                    upstream = Upstream(self.settings.url, self.settings.style, self.key)
                    traffic = stack.enter_context(proxy(folder, _SOCKET, upstream))
                _give(folder, {"task.md": prompt, "relay.py": _RELAY.read_text(), "start.sh": self._script()})
                command = ["bash", str(_INSIDE / "start.sh")]
                ran = self._sandbox().run(command, workspace.checkout, tmp=workspace.tmp, at=CHECKOUT)
            patch = workspace.patch().patch.decode("utf-8", "surrogateescape")
        except (SandboxUnavailable, InputError):
            raise
        except Exception as error:
            return None, traffic, f"{type(error).__name__}: {' '.join(str(error).split())}", ""
        return ran, traffic, "", patch

    def _script(self) -> str:
        lines = ["set -u"]
        if self.settings.url:
            values = _VARIABLES[self.settings.style]
            lines += [f"export {name}={shlex.quote(text.format(port=_PORT))}" for name, text in values.items()]
            python = _SYSTEM_PYTHON if _SYSTEM_PYTHON.exists() else Path(sys.base_prefix, "bin", "python3")
            relay = shlex.join(map(str, [python, _INSIDE / "relay.py", _PORT, _INSIDE / _SOCKET, _INSIDE / "ready"]))
            lines += [f"{relay} </dev/null >/dev/null 2>&1 &", f"while [ ! -e {_INSIDE / 'ready'} ]; do"]
            lines += ["  kill -0 $! || { echo 'the relay did not start' >&2; exit 126; }", "  sleep 0.02", "done"]
        lines += [self.settings.command.replace("{prompt_file}", str(_INSIDE / "task.md"))]
        return "\n".join(lines) + "\n"

    def _claims(self, text: str) -> Claims:
        if self.settings.output == "regex":
            return outputs.by_patterns(text, self.settings.patterns)
        return outputs.PARSERS[self.settings.output](text)


def _own_folder(tmp: Path) -> Path:
    folder = tmp / _FOLDER
    folder.mkdir()
    return folder


def _give(folder: Path, files: dict[str, str]) -> None:
    """Write the files, and hand all of ``folder`` to the sandbox's user."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    who = identity()
    if who.changes:
        for place in (folder, *folder.iterdir()):
            os.chown(place, who.uid, who.gid, follow_symlinks=False)


def _exit(ran: Ran, claims: Claims, traffic: Traffic | None, patch: str) -> tuple[Exit, str]:
    """How the attempt ended, and one line for a person."""
    said = " ".join(ran.output[-300:].decode("utf-8", "replace").split())
    if ran.stopped_for == "time":
        return "time_limit", ""
    if ran.stopped_for:
        return "malformed", f"stopped: too much {ran.stopped_for}"
    if ran.exit_code in _NOT_FOUND and not (traffic and traffic.turns):
        return "error", f"the command could not be started: {said}"
    if traffic and not traffic.turns and not traffic.uncounted and traffic.failed:
        return "error", f"the model API gave no turn: {traffic.last_failure}"
    if claims.limit == "step_limit":
        return "step_limit", claims.failure
    if ran.exit_code != 0 or claims.failure:
        return "malformed", claims.failure or f"exit status {ran.exit_code}: {said}"
    return ("submitted" if patch else "no_patch"), ""


def _notes(traffic: Traffic | None) -> Iterator[str]:
    if traffic and traffic.refused:
        yield f"{len(traffic.refused)} requests did not pass: {traffic.refused[0]}"
    if traffic and traffic.uncounted:
        yield f"{traffic.uncounted} turns told no usage"


def _messages(prompt: str, claims: Claims, text: str) -> tuple[Message, ...]:
    """The attempt in the form of a conversation: the task, the commands as far as known, the output's end."""
    calls: list[Message] = [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": f"call_{index}",
                    "type": "function",
                    "function": {"name": "bash", "arguments": json.dumps({"command": command})},
                }
            ],
        }
        for index, command in enumerate(claims.commands)
    ]
    return ({"role": "user", "content": prompt}, *calls, {"role": "assistant", "content": text[-20_000:]})
