"""Every error that a user may see.

    SwitchoverError                 exit 1; the root of all
    ├── InputError                  exit 2; the caller's mistake: wrong path, value, flag, key
    ├── RunError                    exit 1; ours or the world's: endpoint down, disk full
    │   ├── EndpointError           the model endpoint stayed unreachable or refused us
    │   ├── NoEffect                a server loaded an adapter and does not run it as it was trained
    │   └── Interrupted             exit 143; SIGTERM came, what was done is saved
    └── SandboxUnavailable          exit 125; nothing was run

A message is one line: what, where, which value, and what to do next.
"""

from __future__ import annotations


class SwitchoverError(Exception):
    """Root of the errors that end a verb with one line instead of a traceback."""

    exit_code = 1


class InputError(SwitchoverError):
    """The input cannot be used; running again without changing it will not help."""

    exit_code = 2


class RunError(SwitchoverError):
    """The input was fine and something failed while running; the same command may go on later."""


class EndpointError(RunError):
    """A model endpoint could not be reached, or refused, after every allowed retry."""


class NoEffect(RunError):
    """A server loaded an adapter, but makes other prompts than training did, or answers like the base."""


class Interrupted(RunError):
    """We were asked to end (SIGTERM) and did, with what was done saved; the same command goes on."""

    exit_code = 143


class SandboxUnavailable(SwitchoverError):
    """The sandbox itself cannot be set up; no command was run outside of it instead."""

    exit_code = 125
