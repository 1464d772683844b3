"""The registry of adapters: what there is, where it came from, which one is promoted.

Stored anywhere fsspec reaches. Every adapter is a folder of its own, named by its content; every promotion is
a file of its own. There is no index, so that two who write at once, or one who is killed, lose nothing.
"""

from __future__ import annotations

from pipeline.adapters.entry import Damaged, Entry
from pipeline.adapters.registry import Registry, open_registry

__all__ = ["Damaged", "Entry", "Registry", "open_registry"]
