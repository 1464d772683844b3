"""The texts in a page that ``write_page`` made, for those who must find a name in it. Pure."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from mmap import mmap

from pipeline.view.pack import RAW

_BLOCK = re.compile(rb'<script type="text/plain" id="(\w+)">(?:\d+ )?([A-Za-z0-9+/=]+)</script>')
_HEAD = b"head"


def texts(page: bytes | mmap) -> Iterator[bytes]:
    """What each block holds; nothing for another kind of page."""
    head: zlib._Decompress | None = None
    for block in _BLOCK.finditer(page):
        data = base64.b64decode(block[2])
        if block[1] == _HEAD:
            head = zlib.decompressobj(RAW)
            yield head.decompress(data)
        elif head is not None:
            yield head.copy().decompress(data)
