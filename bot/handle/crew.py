"""The threads of the worker, each with its own connection to the database, and what wakes them.

    deliveries (3)   claim, work, mark done                      rung by the receiver
    pages            the past of repositories, and catching up   rung by deliveries
    derived          mirrors, and what is made from them         rung by deliveries and pages
    outbox           what is to be written on the forge          rung by deliveries and transitions
    transitions      the issue about the transition point        rung by deliveries, outbox and comments
    runs             workflow runs: the next one, and their results  rung by deliveries and outbox
    comments         verdicts, what is posted of evaluations, and answers  rung by deliveries, outbox and runs
    recovery         deliveries that never came, every 10 minutes
    installations    all of them looked at anew, at start and daily
    purge            bodies of deliveries that are old enough, hourly

All stand still while the gate is shut, the purge excepted.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from bot.evaluated import reactions, weekly
from bot.evaluated import step as comments
from bot.github import Forge
from bot.handle import collecting, installations, state, sync
from bot.handle.budgets import Budgets
from bot.handle.clerk import Clerk
from bot.handle.events import handled
from bot.handle.gate import Gate
from bot.handle.loops import Bell, Loop, behind
from bot.intake import step as intake
from bot.receive import deliveries, recover
from bot.transition import step as transitions
from bot.write import outbox
from pipeline.store import Store

log = logging.getLogger(__name__)

THREADS = 3
"""That work on deliveries: nearly all of their time is spent waiting for GitHub."""

PURGE_EVERY = 3600.0


class Crew:
    """Works on the database ``db`` from ``start`` to ``stop``. One per database: hold the lock."""

    def __init__(self, db: Path, keep_days: float, gate: Gate | None = None) -> None:
        """``keep_days``: age at which bodies of finished deliveries are cleared. ``gate``: another one, for tests."""
        self._db = db
        self._keep_days = keep_days
        self._stopping = threading.Event()
        self._budgets = Budgets()
        self._gate = gate or Gate(db, self._budgets.note, self._ring_all)
        self._tending = threading.Thread(target=self._gate.tend, args=(self._stopping,), name="gate")
        self._arrived, self._found, self._changed = Bell(), Bell(), Bell()
        self._timed, self._sent = Bell(), Bell()
        self._sender = outbox.Sender()
        self._loops = self._made()

    def start(self) -> None:
        """Give back what a killed worker had claimed, and begin."""
        with Store.open(self._db) as store:
            returned = deliveries.requeue_running(store)
        if returned:
            log.warning("%d deliveries were in work when the last worker ended; they are worked on again", returned)
        for loop in self._loops:
            loop.start()
        self._tending.start()

    def ring(self) -> None:
        """Deliveries have come."""
        self._arrived.ring()

    def stop(self) -> None:
        """Return once every thread has finished its step."""
        self._stopping.set()
        self._gate.wake()
        self._ring_all()
        for loop in self._loops:
            loop.join()
        self._tending.join()
        self._gate.close()
        state.write(self._db, "ended")

    def _ring_all(self) -> None:
        for bell in (self._arrived, self._found, self._changed, self._timed, self._sent):
            bell.ring()

    def _made(self) -> list[Loop]:
        behind_the_gate: list[tuple[str, Callable[[Store, Forge], float | None], Bell]] = [
            *((f"deliveries-{number + 1}", self._clerk().step, self._arrived) for number in range(THREADS)),
            ("pages", self._pages, self._found),
            ("derived", collecting.derived, self._changed),
            ("outbox", self._send, self._changed),
            ("transitions", self._transitions, self._sent),
            ("runs", self._runs, self._sent),
            ("comments", self._comments, self._sent),
            ("recovery", self._recover, self._timed),
            ("installations", self._sync, self._timed),
        ]
        return [
            Loop("purge", self._purge, self._timed, self._db, self._stopping),
            *(
                Loop(name, behind(self._gate, step), bell, self._db, self._stopping, self._budgets.save)
                for name, step, bell in behind_the_gate
            ),
        ]

    def _clerk(self) -> Clerk:
        return Clerk(self._gate, self._stopping, self._worked)

    def _worked(self) -> None:
        for bell in (self._arrived, self._found, self._changed, self._sent):
            bell.ring()

    def _pages(self, store: Store, forge: Forge) -> float | None:
        pause = collecting.pages(store, forge)
        if pause == 0:
            self._changed.ring()
        return pause

    def _send(self, store: Store, forge: Forge) -> float | None:
        pause = self._sender.step(store, forge)
        if pause == 0:
            self._sent.ring()
        return pause

    def _transitions(self, store: Store, forge: Forge) -> float | None:
        pause = transitions.step(store, forge)
        if pause == 0:
            self._changed.ring()
        return pause

    def _runs(self, store: Store, forge: Forge) -> float | None:
        pause = intake.step(store, forge)
        if pause == 0:
            self._changed.ring()
            self._sent.ring()
        return pause

    def _comments(self, store: Store, forge: Forge) -> float | None:
        for look in (comments.step, weekly.step, reactions.step):
            if look(store, forge) == 0:
                self._changed.ring()
                self._sent.ring()  # a verdict may have changed, and with it the issue
                return 0.0
        return None

    def _recover(self, store: Store, forge: Forge) -> float | None:
        done = recover.recover(store, forge.app(), handled)
        if done.taken_in:
            log.warning("%d deliveries had not reached us; they are worked on now", done.taken_in)
            self._arrived.ring()
        if done.gap:
            log.warning("GitHub's list of deliveries may lack some; every repository is caught up")
            with store.atomic():
                installations.mark_for_catch_up(store)
            self._found.ring()
        return recover.EVERY

    def _sync(self, store: Store, forge: Forge) -> float | None:
        sync.sync(store, forge.app())
        self._arrived.ring()
        return sync.EVERY

    def _purge(self, store: Store) -> float | None:
        purged = deliveries.purge(store, self._keep_days)
        if purged:
            log.info("the bodies of %d deliveries older than %g days are deleted", purged, self._keep_days)
        return PURGE_EVERY
