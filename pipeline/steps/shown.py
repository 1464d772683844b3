"""How the steps of a cycle are shown."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence

from pipeline.types import Evaluation, Role

log = logging.getLogger(__name__)

STEPS = ("collect", "generate", "train", "gate", "evaluate", "decide", "report")


@contextlib.contextmanager
def step(name: str, what: str) -> Iterator[None]:
    """Say which step begins, and how long it took once it is done."""
    log.info("[%d/%d] %s: %s", STEPS.index(name) + 1, len(STEPS), name, what)
    started = time.monotonic()
    yield
    log.info("    done in %.0f s", time.monotonic() - started)


def counts(found: Mapping[str, int]) -> str:
    """``found`` in one line."""
    return ", ".join(f"{count} {reason}" for reason, count in sorted(found.items())) or "none"


def valid_calls(rows: Sequence[Evaluation]) -> dict[Role, tuple[int, int]]:
    """Turns that were a valid tool call, and all turns, by role."""
    found: dict[Role, tuple[int, int]] = {}
    for row in rows:
        valid, turns = found.get(row.role, (0, 0))
        found[row.role] = (valid + row.tool_calls, turns + row.tool_calls + row.malformed_calls)
    return found
