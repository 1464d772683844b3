"""Failures of ours: when to look whether the endpoint is there, and when to give up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pipeline.errors import EndpointError
from pipeline.generate.plan import Target

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 900.0
"""For an endpoint that does not answer: a model server needs minutes to load its weights again."""
_PAUSE_SECONDS = 10.0


class Failures:
    """Counts in the thread that takes the results.

    As many failures in a row as functions run at once (4 at least) can be one short outage that met
    all of them; then the endpoint is asked, and waited for. Twice as many are no outage.
    """

    def __init__(
        self,
        concurrency: int,
        check: Callable[[], None],
        patience: float = PATIENCE_SECONDS,
        pause: float = _PAUSE_SECONDS,
    ) -> None:
        """``check`` raises EndpointError when the endpoint does not answer."""
        self.open: dict[Target, str] = {}
        """What is still to be made good."""
        self.gave_up = False
        self._most = max(4, 2 * concurrency)
        self._look_at = max(2, concurrency)
        self._check, self._patience, self._pause = check, patience, pause
        self._in_a_row = 0

    def note(self, target: Target, failure: str | None) -> None:
        """The result of one function; None when nothing of ours failed."""
        if failure is None:
            self.open.pop(target, None)
            self._in_a_row = 0
            return
        log.warning("%s::%s failed by our side: %s", target.function.path, target.function.name, failure)
        self.open[target] = failure
        self._in_a_row += 1
        self.gave_up = self.gave_up or self._in_a_row >= self._most or not self._is_there()

    def reports(self) -> list[str]:
        """One line for each."""
        return [f"{target.function.path}::{target.function.name}: {why}" for target, why in self.open.items()]

    def _is_there(self) -> bool:
        if self._in_a_row != self._look_at or (problem := self._problem()) is None:
            return True
        log.warning("%d functions in a row failed; waiting for the endpoint (%s)", self._in_a_row, problem)
        end = time.monotonic() + self._patience
        while time.monotonic() + self._pause < end:
            time.sleep(self._pause)
            if self._problem() is None:
                log.warning("the endpoint answers again")
                return True
        return False

    def _problem(self) -> EndpointError | None:
        try:
            self._check()
        except EndpointError as error:
            return error
        return None
