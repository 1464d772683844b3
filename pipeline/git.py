"""Run git on a repository without letting that repository, or the caller's shell, decide how.

Covered: no hook, fsmonitor, pager, signature check or credential prompt runs; nothing is fetched
(also not the missing objects of a partial clone); system and user configuration are not read;
``GIT_DIR`` and its kin of the caller do not redirect the command; replace refs are ignored.
Not covered: a repository's own diff drivers and filters (``diff.external`` among them). Pass
``NO_DRIVERS`` to commands that print a diff, and check nothing out of a repository that an agent
could write to.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from pipeline import config
from pipeline.errors import RunError

NO_DRIVERS = ("--no-ext-diff", "--no-textconv")
"""For diff, diff-tree, log and show: the external programs that attributes may name stay unused."""

_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.pager": "cat",
    "core.quotePath": "false",
    "core.attributesFile": "/dev/null",
    "credential.helper": "",
    "gc.auto": "0",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "safe.directory": "*",  # the user named this folder; its owner (a CI cache, a mount) does not matter
    "submodule.recurse": "false",
}

_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # a scheme that does not exist: nothing is fetched from anywhere
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitError(RunError):
    """A git command failed; ``stderr`` holds what it said."""

    def __init__(self, repo: Path, args: Sequence[str], exit_code: int, stderr: bytes) -> None:
        self.stderr = stderr.decode("utf-8", "replace").strip()
        said = self.stderr.splitlines()[-1] if self.stderr else f"exit status {exit_code}"
        super().__init__(f"{repo}: git {' '.join(args[:2])} failed: {said}; try it there by hand, or 'git fsck'")


def environment() -> dict[str, str]:
    """The caller's environment without its GIT_ variables and our secrets, and with the rules above."""
    kept = {k: v for k, v in config.child_environment().items() if not k.startswith(("GIT_", "LC_", "LANGUAGE"))}
    return {**kept, **_ENVIRONMENT}


def command(repo: Path, *args: str) -> list[str]:
    """The argument list of ``git args`` in ``repo``; run it with ``environment()``."""
    settings = [word for key, value in _SETTINGS.items() for word in ("-c", f"{key}={value}")]
    return ["git", "-C", str(repo), "--no-pager", *settings, *args]


def git(repo: Path, *args: str, input: bytes | None = None) -> bytes:
    """stdout of ``git args`` run in ``repo`` (a work tree, a bare repository or a git directory).

    ``input`` is its stdin (None: empty). Raises GitError when git fails, RunError when there is no git.
    """
    ran = _run(command(repo, *args), input)
    if ran.returncode != 0:
        raise GitError(repo, args, ran.returncode, ran.stderr)
    return ran.stdout


def _run(words: list[str], input: bytes | None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(words, input=input or b"", capture_output=True, env=environment(), check=False)
    except FileNotFoundError:
        raise RunError("git: no such program on PATH; install git 2.39 or newer") from None


def piped(repo: Path, first: Sequence[str], second: Sequence[str], input: bytes) -> bytes:
    """stdout of ``git first | git second``, with ``input`` as stdin of the first.

    What passes between the two is never held in memory: a history's patches may be gigabytes.
    Raises GitError for whichever failed first.
    """
    import tempfile

    # Files for stdin and stderr: three pipes to feed and drain at once would need threads.
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as said:
        stdin.write(input)
        stdin.seek(0)
        left = subprocess.Popen(
            command(repo, *first), stdin=stdin, stdout=subprocess.PIPE, stderr=said, env=environment()
        )
        right = subprocess.Popen(
            command(repo, *second),
            stdin=left.stdout,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        assert left.stdout
        left.stdout.close()
        out, right_said = right.communicate()
        if left.wait() != 0:
            said.seek(0)
            raise GitError(repo, first, left.returncode, said.read())
        if right.returncode != 0:
            raise GitError(repo, second, right.returncode, right_said)
        return out
