"""The usage that a model API's reply tells, whole or streamed, of any of three APIs. Pure."""

from __future__ import annotations

import json
from typing import Any

from pipeline.rollout.wire import Usage

_MOST_BYTES = 64 * 1024 * 1024


class Reading:
    """One reply, fed as it passes by."""

    def __init__(self, streamed: bool) -> None:
        self._streamed = streamed
        self._rest = b""
        self._counts: dict[str, int] = {}

    def feed(self, data: bytes) -> None:
        self._rest += data
        if self._streamed:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    self._take(line[5:])
        elif len(self._rest) > _MOST_BYTES:
            self._rest = b""

    def usage(self) -> Usage | None:
        """After the end; None when the reply told none."""
        self._take(self._rest.removeprefix(b"data:"))
        self._rest = b""
        return _usage(self._counts) if self._counts else None

    def _take(self, text: bytes) -> None:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(value, dict):
            for holder in (value, value.get("message"), value.get("response")):
                if isinstance(holder, dict) and isinstance(holder.get("usage"), dict):
                    self._note(holder["usage"])

    def _note(self, usage: dict[str, Any]) -> None:
        """Later events of a stream repeat a count with what has been added since."""
        flat = {**usage}
        for details in ("prompt_tokens_details", "input_tokens_details"):
            if isinstance(usage.get(details), dict):
                flat["cached"] = usage[details].get("cached_tokens")
        self._counts.update((name, count) for name, count in flat.items() if type(count) is int and count >= 0)


def _usage(counts: dict[str, int]) -> Usage:
    read, written = counts.get("cache_read_input_tokens", 0), counts.get("cache_creation_input_tokens", 0)
    tokens_in = counts.get("prompt_tokens", counts.get("input_tokens", 0))
    tokens_out = counts.get("completion_tokens", counts.get("output_tokens", 0))
    # Anthropic's input_tokens leaves out what its cache read and took in; the others' holds all.
    return Usage(tokens_in + read + written, tokens_out, counts.get("cached", read), written)
