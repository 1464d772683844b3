"""The one SQLite file: what was collected, what the forge says of it, what was left out, what was decided.

Saving a row twice changes nothing; each ``save_`` is one transaction, and ``atomic`` makes
one of several, so that a killed process leaves the old state or the new one. One writer at a
time; readers are not blocked (WAL).
"""

from __future__ import annotations

from pipeline.store.collected import CollectedTables
from pipeline.store.forge import ForgeTables
from pipeline.store.verdicts import RouteRow, VerdictRow, VerdictTables

__all__ = ["RouteRow", "Store", "VerdictRow"]


class Store(CollectedTables, ForgeTables, VerdictTables):
    """The database behind ``--db FILE``. A context manager; not shared between threads."""
