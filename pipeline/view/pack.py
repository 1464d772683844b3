"""Blocks of text small enough for thousands in one page: deflate with one shared dictionary, in base64. Pure.

System prompts, tool schemas and the frames of tool results are the same in all rollouts. Browsers
inflate without a preset dictionary, so the dictionary travels once as the beginning of a raw deflate
stream, flushed to a byte boundary; every block is written as the continuation of that stream. The
page puts the two together and drops the beginning of what comes out.
"""

from __future__ import annotations

import base64
import zlib

WINDOW = 32768
"""Bytes back that deflate can see: a longer dictionary would be of no use."""
RAW = -15
"""What zlib calls a deflate stream without a header."""
_LEVEL = 6
"""9 takes twice the time for one part in a hundred."""


class Packer:
    """Makes the blocks of one page."""

    def __init__(self, typical: bytes) -> None:
        """``typical``: what blocks are expected to have in common; its last 32 kB count."""
        self._dictionary = typical[-WINDOW:]

    @property
    def size(self) -> int:
        """Bytes to drop from what comes out."""
        return len(self._dictionary)

    def head(self) -> str:
        """The beginning of every stream."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, RAW)
        return _text(packer.compress(self._dictionary) + packer.flush(zlib.Z_SYNC_FLUSH))

    def block(self, content: bytes) -> str:
        """``content`` as the end of a stream."""
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, RAW, zdict=self._dictionary)
        return _text(packer.compress(content) + packer.flush())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
