"""Keeps the head and the tail of an endless output in bounded memory."""

from __future__ import annotations

from collections import deque


class Capture:
    """Everything fed in is counted; at most ``limit`` bytes of it are kept."""

    def __init__(self, limit: int) -> None:
        self._head_room = limit - limit // 2
        self._tail_size = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._held = 0
        self.total = 0
        """Bytes fed in."""

    def feed(self, data: bytes) -> None:
        self.total += len(data)
        room = self._head_room - len(self._head)
        self._head += data[:room]
        rest = data[room:]
        if not rest or not self._tail_size:
            return
        self._tail.append(rest)
        self._held += len(rest)
        while self._held - len(self._tail[0]) >= self._tail_size:
            self._held -= len(self._tail.popleft())

    def kept(self) -> bytes:
        """Head and tail, without a mark between them: the output could hold any mark we choose."""
        tail = b"".join(self._tail)
        return bytes(self._head) + tail[max(0, len(tail) - self._tail_size) :]
