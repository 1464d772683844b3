"""One claimed delivery, from its body to its end: done, later, or dead.

Limited                            put back until then; no try is counted
BadCredentials                     put back and raised, where it is the App that is not believed
Suspended, NotFound                done, with a note: there is nothing left to do for it, and what
                                   happens meanwhile is caught up on once the App is let in again
NotAccessible, Rejected            dead at once: the same would be refused again
all others (5xx, a bug, the disk)  again later, dead after deliveries.MOST_TRIES
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from bot.errors import BadCredentials, Limited, NotAccessible, NotFound, Rejected, Suspended
from bot.handle import events, installations
from bot.handle.change import Change, Context, nothing
from bot.handle.handlers import HANDLERS
from bot.receive import deliveries
from bot.receive.deliveries import Delivery
from pipeline.errors import SwitchoverError
from pipeline.store import Store

log = logging.getLogger(__name__)


Doubt = Callable[[BadCredentials], bool]
"""Whether the App itself is not believed any more (see bot.handle.gate)."""


def work(delivery: Delivery, context: Context, doubt: Doubt) -> None:
    """See one delivery through. Raises BadCredentials, after putting it back, and nothing else of what may fail."""
    try:
        _apply(delivery, context.store, _change(delivery, context))
    except BadCredentials as error:
        if doubt(error):
            deliveries.put_back(context.store, delivery, error=str(error))
            raise
        _fail(delivery, context.store, error)
    except Exception as error:
        _fail(delivery, context.store, error)


def _change(delivery: Delivery, context: Context) -> Change:
    if not events.handled(delivery.event, delivery.action):
        return nothing("nobody handles this event")  # somebody had it replayed
    if delivery.body is None:
        raise Rejected("its body was purged before it was worked on; raise --keep-days")
    event = events.read(delivery.guid, delivery.event, delivery.body)
    return HANDLERS[delivery.event](event, context)


def _apply(delivery: Delivery, store: Store, change: Change) -> None:
    with store.atomic():
        deliveries.done(store, delivery, change(store))


def _fail(delivery: Delivery, store: Store, error: Exception) -> None:
    for kind, end in _ENDS:
        if isinstance(error, kind):
            said = end(delivery, store, error)
            break
    else:
        said = _later(delivery, store, error)
    log.warning("delivery %s (%s): %s; %s", delivery.guid, delivery.event, one_line(error), said)


def _wait(delivery: Delivery, store: Store, error: Exception) -> str:
    assert isinstance(error, Limited)
    others = deliveries.hold(store, delivery, error.until, str(error))
    return f"it waits until then, and so do {others} like it"


def _suspended(delivery: Delivery, store: Store, error: Exception) -> str:
    with store.atomic():
        if delivery.installation:
            installations.save_suspended(store, delivery.installation, str(error))
        deliveries.done(store, delivery, str(error))
    return "what is missed is caught up on once that is lifted"


def _out_of_reach(delivery: Delivery, store: Store, error: Exception) -> str:
    with store.atomic():
        deliveries.done(store, delivery, str(error))
    return "nothing is left to do for it"


def _refused(delivery: Delivery, store: Store, error: Exception) -> str:
    with store.atomic():
        if isinstance(error, NotAccessible) and delivery.installation:
            installations.save_missing_permission(store, delivery.installation, str(error))
        deliveries.bury(store, delivery, str(error))
    return "given up"


def _later(delivery: Delivery, store: Store, error: Exception) -> str:
    due = deliveries.retry(store, delivery, one_line(error))
    return f"given up after {delivery.tries} tries" if due is None else f"try {delivery.tries}, again later"


_End = Callable[[Delivery, Store, Exception], str]
_ENDS: tuple[tuple[type[Exception], _End], ...] = (
    (Limited, _wait),
    (Suspended, _suspended),
    (NotFound, _out_of_reach),
    (NotAccessible, _refused),
    (Rejected, _refused),
)


def one_line(error: Exception) -> str:
    """What an error says; for one that nobody foresaw also its kind and place, for a report of the bug."""
    if isinstance(error, SwitchoverError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" at {frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in place)
    return f"{type(error).__name__}{where}: {' '.join(str(error).split())[:200]}; please report this"
