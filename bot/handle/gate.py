"""The way to GitHub: open while the App's credentials are there and believed, else shut until they are.

A key that GitHub refuses is no fault of the deliveries: they wait behind the gate, and no try is counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bot.errors import BadCredentials, GitHubError
from bot.github import Forge
from bot.handle import state
from bot.wire.client import OnBudget
from pipeline import credentials
from pipeline.credentials import Credentials
from pipeline.errors import InputError

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
"""Between two looks at the credentials while it is shut."""

ASK_SECONDS = 60.0
"""Between two questions to GitHub whether it believes the same credentials by now (a clock was set, say)."""


class Gate:
    """Holds the Forge that all threads use. Thread-safe."""

    def __init__(
        self,
        db: Path,
        on_budget: OnBudget | None = None,
        opened: Callable[[], None] = lambda: None,
        look_seconds: float = LOOK_SECONDS,
        ask_seconds: float = ASK_SECONDS,
    ) -> None:
        """``opened`` is called each time it opens."""
        self._db = db
        self._on_budget = on_budget
        self._opened = opened
        self._look_seconds = look_seconds
        self._ask_seconds = ask_seconds
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._forge: Forge | None = None
        self._tried: Credentials | None = None
        self._asked_at = 0.0
        self._said: tuple[str, str] | None = None

    def forge(self) -> Forge | None:
        """What to work with; None while it is shut."""
        return self._forge

    def doubt(self, forge: Forge, error: BadCredentials) -> bool:
        """Something was not believed: was it the App itself? Then shut the gate; whether it is shut now."""
        with self._lock:
            if forge is not self._forge:
                return True
            try:
                forge.app().get("/app")
            except BadCredentials as refused:
                self._shut(refused)
                return True
            except GitHubError:
                return False
            log.warning("%s; yet GitHub believes the App: it is this installation's own token", error)
            return False

    def tend(self, stopping: threading.Event) -> None:
        """Open it whenever that is possible; returns once ``stopping`` is set and ``wake`` was called."""
        while not stopping.is_set():
            self._wake.clear()
            with self._lock:
                if self._forge is None:
                    self._try()
                opened = self._forge is not None
            if opened:
                self._opened()
            self._wake.wait(None if opened else self._look_seconds)

    def wake(self) -> None:
        """Let ``tend`` look at once."""
        self._wake.set()

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            if self._forge is not None:
                self._forge.close()

    def _shut(self, error: BadCredentials) -> None:
        self._forge = None
        self._asked_at = time.monotonic()
        self._say("refused", str(error))
        self._wake.set()

    def _try(self) -> None:
        try:
            found = credentials.load(self._db)
        except InputError as error:
            self._say("waiting", str(error))
            return
        if not found.complete:
            self._say("waiting", _missing(found))
        elif found != self._tried or time.monotonic() - self._asked_at >= self._ask_seconds:
            self._connect(found)

    def _connect(self, found: Credentials) -> None:
        again, self._tried, self._asked_at = self._tried == found, found, time.monotonic()
        try:
            forge = Forge.connect(found, self._on_budget)
            if again:
                forge.app().get("/app")
        except BadCredentials as error:
            self._say("refused", str(error))
        except GitHubError as error:
            log.warning("%s", error)
        else:
            self._forge = forge
            self._say("working", "")

    def _say(self, what: str, message: str) -> None:
        if self._said != (what, message):
            self._said = (what, message)
            state.write(self._db, what, message)
            log.log(
                logging.INFO if what == "working" else logging.ERROR, "worker %s%s", what, message and f": {message}"
            )


def _missing(found: Credentials) -> str:
    names = [name for name, value in (("id", found.app_id), ("private key", found.private_key)) if value is None]
    return f"no App {' and no '.join(names)} yet; open /setup, or set SWITCHOVER_APP_ID and SWITCHOVER_PRIVATE_KEY_FILE"
