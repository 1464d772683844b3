"""One call: the functions that are still to be done, in threads, until all are or something stops it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from tqdm import tqdm

from pipeline.errors import EndpointError
from pipeline.generate.chain import Chain, OursFailed, Paused
from pipeline.generate.files import Files
from pipeline.generate.journal import Journal
from pipeline.generate.plan import Target
from pipeline.generate.summary import Summary
from pipeline.rollout.pool import run_pool

log = logging.getLogger(__name__)


class Session:
    """The state of one call."""

    def __init__(
        self,
        targets: Sequence[Target],
        journal: Journal,
        limit_usd: float | None,
        chain: Callable[[Callable[[], bool]], Chain],
    ) -> None:
        """``chain`` makes the stages, given what they ask before each one."""
        self._targets, self._journal, self._limit_usd = targets, journal, limit_usd
        self._chain = chain(self.may_go_on)
        self._failed: dict[Target, str] = {}
        self._in_a_row = 0
        self._stopping = False

    def may_go_on(self) -> bool:
        """False once the spending limit is reached or too much has failed by our side."""
        return not self._stopping and not self._is_spent()

    def run(self, concurrency: int, files: Files) -> Summary:
        todo = [target for target in self._targets if not self._chain.is_done(target)]
        if not todo:
            log.info("nothing to do: all %d functions of %s are done", len(self._targets), files.out)
            return files.write("done", ())
        if self._is_spent():
            log.warning("the spending limit is reached before anything was started; raise it to go on")
            return files.write("limit_usd", ())
        self._chain.harness.sandbox.check()
        self._chain.harness.endpoint.check()
        try:
            self._all(todo, concurrency, len(self._targets))
            if self._failed and not self._stopping:
                log.warning("%d functions failed by our side; trying them once more", len(self._failed))
                self._all(list(self._failed), concurrency, len(self._failed))
        finally:
            summary = files.write(self._state(), self._reports())
        if self._stopping:
            raise EndpointError(f"too many functions in a row failed by our side, last: {summary.failures[-1]}; "
                                "mend that, then run the same command again")  # fmt: skip
        return summary

    def _all(self, todo: Sequence[Target], concurrency: int, total: int) -> None:
        with tqdm(total=total, initial=total - len(todo), desc="generate", unit="function", disable=None) as bar:
            for target, failure in run_pool(self._one, self._intake(todo), concurrency):
                self._note(target, failure, concurrency)
                bar.update()

    def _intake(self, todo: Sequence[Target]) -> Iterator[Target]:
        for target in todo:
            if not self.may_go_on():
                return
            yield target

    def _one(self, target: Target) -> str | None:
        """Runs in a thread. None, or what failed by our side."""
        try:
            self._chain.run(target)
        except OursFailed as failure:
            return str(failure) or "unknown"
        except Paused:
            return None
        return None

    def _note(self, target: Target, failure: str | None, concurrency: int) -> None:
        if failure is None:
            self._failed.pop(target, None)
            self._in_a_row = 0
            return
        log.warning("%s::%s failed by our side: %s", target.function.path, target.function.name, failure)
        self._failed[target] = failure
        self._in_a_row += 1
        self._stopping = self._stopping or self._in_a_row >= max(4, 2 * concurrency)

    def _is_spent(self) -> bool:
        return self._limit_usd is not None and (self._journal.tally.cost_usd or 0.0) >= self._limit_usd

    def _state(self) -> str:
        if all(self._chain.is_done(target) for target in self._targets):
            return "done"
        if self._is_spent():
            return "limit_usd"
        return "failed" if self._failed else "stopped"

    def _reports(self) -> list[str]:
        return [f"{t.function.path}::{t.function.name}: {failure}" for t, failure in self._failed.items()]
