"""What a command may use, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import InputError

Stop = Literal["time", "memory", "disk", "output"]
"""The limit for which a command was killed."""

TIMED_OUT = 124
"""Exit status after the time limit, as timeout(1) has it."""
KILLED = 137
"""Exit status when killed for any other limit: 128 + SIGKILL."""


_TOO_MUCH = 10**12
"""No limit may be so large that its bytes overflow the kernel's counters."""


@dataclass(frozen=True)
class Limits:
    """Limits of one command; each must be above 0, and none can be switched off."""

    seconds: float = 60
    """Wall clock from the start of the sandbox."""
    memory_mb: int = 2048
    """Megabytes (2**20 bytes): of each process's data, and of all processes' resident memory together."""
    processes: int = 256
    """Processes and threads at once."""
    disk_mb: int = 2048
    """Megabytes that checkout and /tmp may grow by over all commands, and the largest single file."""
    output_bytes: int = 1_048_576
    """Kept of stdout and stderr together: half of it head, half tail. At 100 times that the command is killed."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < _TOO_MUCH:
                raise InputError(f"sandbox: the limit {name} is {value}; give a number above 0 and below 10^12")


@dataclass(frozen=True)
class Ran:
    """A command that ran. A failing command is a result, not an error."""

    exit_code: int
    """0..255 of the command itself (128 + signal if one ended it); 124 after the time limit, 137 after another."""
    output: bytes
    """Head and tail within ``Limits.output_bytes``, stdout and stderr together in the order of writing."""
    output_bytes: int
    """All that was written, kept or not."""
    stopped_for: Stop | None
    """None: it ended by itself."""
    seconds: float
