"""The webhook secrets in force: read again when their file changes, so nobody has to restart the server."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from pipeline import credentials
from pipeline.errors import InputError

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at the file: asking the disk for each delivery would cost more than the signature."""

TRUSTED_SECONDS = 60.0
"""After so long they are read again in any case: a file that the environment names may have changed."""

_Mark = tuple[int, int, int]


class Secrets:
    """Call it for the secrets; () when there are none. Cheap enough to ask for each delivery."""

    def __init__(self, db: Path) -> None:
        self._db = db
        self._known: tuple[str, ...] = ()
        self._mark: _Mark | None = None
        self._looked_at = self._read_at = -TRUSTED_SECONDS
        self._complaint = ""

    def __call__(self) -> tuple[str, ...]:
        now = time.monotonic()
        if not self._known or now - self._looked_at > LOOK_SECONDS:
            self._look(now)
        return self._known

    def _look(self, now: float) -> None:
        self._looked_at = now
        mark = _mark(credentials.path_for(self._db))
        if not self._known or mark != self._mark or now - self._read_at > TRUSTED_SECONDS:
            self._known = self._read()
            self._mark, self._read_at = mark, now

    def _read(self) -> tuple[str, ...]:
        """What is set; where it cannot be read, what was known before, and one line in the log."""
        try:
            found = credentials.load(self._db).webhook_secrets
        except InputError as error:
            if str(error) != self._complaint:
                log.error("%s; until then what was read before is used", error)
            self._complaint = str(error)
            return self._known
        self._complaint = ""
        return found


def _mark(path: Path) -> _Mark | None:
    """What differs when the file does; None without one."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
