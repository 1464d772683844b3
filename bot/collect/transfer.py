"""Run the git commands that speak with GitHub. The token travels in the environment alone.

Covered as in ``pipeline.git``, and: only the scheme of the given address is spoken, redirects to
another address are not followed, a standstill or the time limit ends the command, and no token
shows in an argument, in a file or in an error.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from bot.errors import GitHubError, NotAccessible, NotFound, Unavailable
from pipeline import config, git
from pipeline.errors import RunError

Say = Callable[[str], None]
"""Told each line of git's progress, such as ``Receiving objects:  45% (9/20)``."""

STANDSTILL_SECONDS = 60
"""With fewer than a thousand bytes a second for so long, the transfer is given up."""

_REFUSED = re.compile(r"authentication failed|could not read (?:username|password)|error: 40[13]\b", re.IGNORECASE)
_ABSENT = re.compile(r"repository .*not found|error: 404\b", re.IGNORECASE)
_CERTIFICATES = ("GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


class Broken(RunError):
    """The repository on the disk is at fault, not the way to GitHub."""


_DAMAGED = re.compile(
    r"bad object|object file .* is empty|loose object .* is corrupt|not a git repository|unable to read tree"
    r"|index-pack failed.*corrupt|packfile .* (?:cannot be|does not)|bad (?:config|ref)|did not send all necessary",
    re.IGNORECASE,
)


def fetch(repo: Path, url: str, token: str, lock: int, seconds: float, say: Say | None = None) -> None:
    """Bring every branch of ``url`` into the bare repository ``repo``; what is gone there goes here.

    ``lock``: a file descriptor that git inherits, so that a lock on it outlives us until git ends.
    ``seconds``: after which it is given up. Raises Broken, or a kind of GitHubError.
    """
    words = ["fetch", "--prune", "--no-tags", "--force", "--no-auto-maintenance", "--no-write-fetch-head"]
    words += ["--progress", "--", url, "+refs/heads/*:refs/heads/*"]
    environment = {**git.environment(), **_environment(url, token)}
    with _started(git.command(repo, *words), environment, lock, seconds) as process:
        assert process.stderr
        said = list(_lines(process.stderr, say))
    if process.returncode != 0:
        raise _error(url, _without(" / ".join(said[-5:]), token), process.returncode, seconds)


def _environment(url: str, token: str) -> dict[str, str]:
    parts = urlsplit(url)
    settings = {
        "http.lowSpeedLimit": "1000",
        "http.lowSpeedTime": str(STANDSTILL_SECONDS),
        "http.followRedirects": "false",
    }
    if token:
        key = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        settings[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = f"Authorization: Basic {key}"
    numbered = {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_ALLOW_PROTOCOL": parts.scheme, "GIT_ASKPASS": "true"}
    for index, (name, value) in enumerate(settings.items()):
        numbered |= {f"GIT_CONFIG_KEY_{index}": name, f"GIT_CONFIG_VALUE_{index}": value}
    return numbered | _certificates()


def _certificates() -> dict[str, str]:
    """The authority of an Enterprise host, as the API's client finds it too."""
    ours = config.child_environment()
    found = next((ours[name] for name in _CERTIFICATES if ours.get(name)), None)
    return {"GIT_SSL_CAINFO": found} if found else {}


@contextlib.contextmanager
def _started(
    words: list[str], environment: Mapping[str, str], lock: int, seconds: float
) -> Iterator[subprocess.Popen[bytes]]:
    """The running command in a process group of its own, which never outlives the block."""
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
            pass_fds=(lock,),
        )
    except FileNotFoundError:
        raise RunError("git: no such program on PATH; install git 2.39 or newer") from None
    timer = threading.Timer(seconds, _kill, (process,))
    timer.start()
    try:
        yield process
        process.wait()
    finally:
        timer.cancel()
        _kill(process)
        process.wait()
        if process.stderr:
            process.stderr.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)


def _lines(stream: IO[bytes], say: Say | None) -> Iterator[str]:
    """Lines that are no progress; of progress each is ended by a carriage return."""
    for raw in _split(stream):
        line = raw.decode("utf-8", "replace").strip()
        if re.search(r"\d+% \(", line):
            if say:
                say(line.removeprefix("remote: "))
        elif line:
            yield line


def _split(stream: IO[bytes]) -> Iterator[bytes]:
    left = b""
    while chunk := os.read(stream.fileno(), 65536):
        *whole, left = re.split(rb"[\r\n]", left + chunk)
        yield from whole
    yield left


def _without(text: str, token: str) -> str:
    for secret in (token, base64.b64encode(f"x-access-token:{token}".encode()).decode()):
        text = text.replace(secret, "(secret)") if token else text
    return text


def _error(url: str, said: str, status: int, seconds: float) -> RunError:
    where = f"git fetch {url}"
    if status < 0:
        return Unavailable(f"{where}: took longer than {seconds:.0f} s and was ended; try again later")
    if _DAMAGED.search(said):
        return Broken(f"{where}: {said}")
    kind: type[GitHubError] = Unavailable
    if _ABSENT.search(said):
        kind = NotFound
    elif _REFUSED.search(said):
        kind = NotAccessible
    return kind(f"{where}: {said or f'exit status {status}'}; {_remedy(kind)}")


def _remedy(kind: type[GitHubError]) -> str:
    if kind is NotFound:
        return "check the name, and that the App is installed there"
    if kind is NotAccessible:
        return "the App or the token needs read access to the repository's contents"
    return "try again later"
