"""Which commands a shell text runs, as far as that can be told without running it. Pure.

Reads quotes, separators, comments, here-documents, command substitutions, wrappers (sudo, timeout),
``bash -c`` and inline Python. Does not expand variables or follow functions. Time is linear in the text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WRAPPERS = {"sudo", "env", "time", "nohup", "nice", "timeout", "xargs", "command", "exec", "stdbuf"}
_KEYWORDS = {"if", "then", "elif", "else", "do", "while", "until", "!", "{"}
_SHELLS = {"bash", "sh", "dash", "zsh"}
_HEREDOC = re.compile(r"(?<!<)<<-?[ \t]*(['\"]?)(\w+)\1(?!<)")
_PYTHON_STDIN = re.compile(r"\bpython[0-9.]*[ \t]*(-[ \t]*)?$")
_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<end>[;&|()\n`]+|\$\()"
    r"|(?P<word>(?:\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"|\$(?!\()|[^\s;&|()`'\"\\$]|['\"\\])+)",
    re.DOTALL,
)
_QUOTED = re.compile(r"\\(.)|'([^']*)'|\"((?:\\.|[^\"\\])*)\"", re.DOTALL)
_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")


@dataclass(frozen=True)
class Script:
    """What a shell text runs."""

    commands: tuple[list[str], ...]
    """Simple commands, unquoted; the first word is the program's base name."""
    shells: tuple[str, ...]
    """Shell texts inside it: of ``bash -c`` and of substitutions within double quotes."""
    python: tuple[str, ...]
    """Python inside it: of ``python -c`` and of here-documents to ``python``."""


def read(text: str) -> Script:
    """The commands in ``text``; never fails, also for what no shell would take."""
    text, python = _without_heredocs(text)
    commands: list[list[str]] = []
    shells: list[str] = []
    for raw_words in _simple_commands(text):
        shells += [inner for word in raw_words for inner in _substitutions(word)]
        words = _unwrapped([_unquoted(word) for word in raw_words])
        if not words:
            continue
        commands.append(words)
        argument = _argument_of_c(words)
        if words[0] in _SHELLS and argument:
            shells.append(argument)
        elif words[0].startswith("python") and argument:
            python.append(argument)
    return Script(tuple(commands), tuple(shells), tuple(python))


def _without_heredocs(text: str) -> tuple[str, list[str]]:
    kept: list[str] = []
    python: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        kept.append(_HEREDOC.sub(" ", line))
        for match in _HEREDOC.finditer(line):
            body = _until(match.group(2), lines)
            if _PYTHON_STDIN.search(line[: match.start()]):
                python.append(body)
    return "\n".join(kept), python


def _until(end: str, lines: Iterator[str]) -> str:
    body = []
    for line in lines:
        if line.strip() == end:
            break
        body.append(line)
    return "\n".join(body)


def _simple_commands(text: str) -> Iterator[list[str]]:
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "word":
            words.append(token.group())
        elif token.lastgroup == "end":
            yield words
            words = []
    yield words


def _unquoted(word: str) -> str:
    return _QUOTED.sub(lambda match: next((group for group in match.groups() if group is not None), ""), word)


def _substitutions(word: str) -> Iterator[str]:
    for match in _QUOTED.finditer(word):
        for inner in _SUBSTITUTION.finditer(match.group(3) or ""):
            yield inner.group(1) or inner.group(2) or ""


def _unwrapped(words: Sequence[str]) -> list[str]:
    """Without assignments, keywords and wrappers in front, and the first word without its folder."""
    rest = list(words)
    while rest and (rest[0] in _KEYWORDS or re.match(r"\w+=", rest[0])):
        rest.pop(0)
    if len(rest) == 1 and rest[0].rpartition("/")[2] == "env":
        return ["env"]  # wraps nothing: it prints the environment
    while rest and rest[0].rpartition("/")[2] in _WRAPPERS:
        rest.pop(0)
        while rest and (rest[0].startswith("-") or "=" in rest[0] or re.fullmatch(r"[0-9.]+[smhd]?", rest[0])):
            rest.pop(0)
    return [rest[0].rpartition("/")[2] or rest[0], *rest[1:]] if rest else []


def _argument_of_c(words: Sequence[str]) -> str:
    """What follows the first ``-c`` (or ``-lc`` and its kin); "" without one."""
    for flag, argument in itertools.pairwise(words):
        if re.fullmatch(r"-[a-z]*c", flag):
            return argument
    return ""
