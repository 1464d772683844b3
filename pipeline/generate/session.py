"""One call: the functions that are still to be done, in threads, until all are or something stops it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from pipeline.errors import EndpointError
from pipeline.generate.chain import Chain, OursFailed, Paused
from pipeline.generate.failures import Failures
from pipeline.generate.files import Files
from pipeline.generate.journal import Journal
from pipeline.generate.money.forecast import PerFunction
from pipeline.generate.plan import Target
from pipeline.generate.progress.course import Course
from pipeline.generate.progress.display import display
from pipeline.generate.progress.watch import Progress, Views
from pipeline.generate.summary import Summary
from pipeline.rollout.pool import run_pool

log = logging.getLogger(__name__)


class Session:
    """The state of one call."""

    def __init__(
        self,
        targets: Sequence[Target],
        journal: Journal,
        files: Files,
        chain: Callable[[Callable[[], bool]], Chain],
        concurrency: int,
        past: PerFunction | None = None,
    ) -> None:
        """``chain`` makes the stages, given what they ask before each one; ``past``: what functions are like."""
        self._targets, self._journal, self._files = targets, journal, files
        self._chain = chain(self.may_go_on)
        self._budget = self._chain.meter.budget
        self._concurrency, self._past = concurrency, past
        self._failures = Failures(concurrency, self._chain.harness.endpoint.check)
        self._course = Course(len(targets), journal.ledger, files.sieve())

    def may_go_on(self) -> bool:
        """False once too much has failed by our side; whether there is money is the meter's to say."""
        return not self._failures.gave_up

    def run(self) -> Summary:
        todo = self._still_to_do()
        views = Views(
            self._course, self._chain.meter, self._journal.ledger, self._failures, self._concurrency, self._past
        )
        progress = Progress(self._files.out, views, display())
        if not todo:
            log.info("nothing to do: all %d functions of %s are done", len(self._targets), self._files.out)
            return self._nothing_run("done", progress)
        if self._budget.is_spent:
            log.warning("the spending limit is reached before anything was started; raise it to go on")
            return self._nothing_run("limit_usd", progress)
        self._chain.attempts.check()
        self._chain.harness.endpoint.check()
        return self._through(todo, progress)

    def _nothing_run(self, state: str, progress: Progress) -> Summary:
        summary = self._files.write(state, (), self._course.has_ended)
        progress.settle(state)
        return summary

    def _still_to_do(self) -> list[Target]:
        todo = []
        for target in self._targets:
            if self._chain.is_done(target):
                self._course.end(target)
            else:
                todo.append(target)
        return todo

    def _through(self, todo: Sequence[Target], progress: Progress) -> Summary:
        failures = self._failures
        try:
            with progress.shown():
                self._all(todo)
                if failures.open and not failures.gave_up:
                    log.warning("%d functions failed by our side; trying them once more", len(failures.open))
                    self._all(list(failures.open))
        finally:
            state = self._state()
            forecast = None if state == "done" else progress.foretold()
            summary = self._files.write(state, failures.reports(), self._course.has_ended, forecast)
            progress.finish(state)
        if failures.gave_up:
            raise EndpointError(f"too many functions in a row failed by our side, last: {summary.failures[-1]}; "
                                "mend that, then run the same command again")  # fmt: skip
        return summary

    def _all(self, todo: Sequence[Target]) -> None:
        for target, failure in run_pool(self._one, self._intake(todo), self._concurrency):
            if failure is not None or not self._chain.is_done(target):
                self._course.leave(target)
            else:
                self._course.end(target)
            self._failures.note(target, failure)

    def _intake(self, todo: Sequence[Target]) -> Iterator[Target]:
        for target in todo:
            if self._budget.is_spent or not self.may_go_on():
                return
            self._course.begin(target)
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

    def _state(self) -> str:
        if self._course.ended == len(self._targets):
            return "done"
        if self._budget.is_spent:
            return "limit_usd"
        return "failed" if self._failures.open else "stopped"
