"""The worker process: ``python -m bot.worker --db FILE``. Started and rung by ``switchover bot``.

Its stdin is life-line and doorbell: a byte says that deliveries have come, the end of it that the
parent is gone. One worker per database, by a lock on ``FILE.worker.lock``. SIGTERM, Ctrl-C and the
end of stdin let each thread finish its step; ``kill -9`` loses nothing.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from bot.handle.crew import Crew
from pipeline.errors import RunError, SwitchoverError
from pipeline.store import Store

log = logging.getLogger(__name__)

RING, END = "ring", "end"
Calls = SimpleQueue[str]
"""What the process is told, by its stdin and by signals; ``put`` is safe inside a signal handler."""

LOCK_SECONDS = 0.5
"""Between two looks at a lock that the last worker still holds."""

STDIN = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until told to end; the exit status."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s", force=True
    )
    calls = _calls()
    try:
        Store.open(given.db).close()  # its schema brought up to date before there are threads
        with _locked(given.db, calls) as ours:
            if ours:
                _work(Crew(given.db, given.keep_days), calls)
    except SwitchoverError as error:
        log.error("%s", error)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.worker", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--db", required=True, type=Path, metavar="FILE", help="Database, as given to switchover bot.")
    parser.add_argument("--keep-days", type=float, default=14, metavar="N", help="Age at which bodies are deleted.")
    return parser


def _work(crew: Crew, calls: Calls) -> None:
    crew.start()
    try:
        while calls.get() != END:
            crew.ring()
    finally:
        crew.stop()


def _calls() -> Calls:
    calls: Calls = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: calls.put(END))
    threading.Thread(target=_listen, args=(calls,), name="stdin", daemon=True).start()
    return calls


def _listen(calls: Calls) -> None:
    """Rings that come together are heard as one."""
    while os.read(STDIN, 4096):
        calls.put(RING)
    calls.put(END)


@contextmanager
def _locked(db: Path, calls: Calls) -> Iterator[bool]:
    """True once nobody else works on ``db``; False when we are told to end before that."""
    path = db.with_name(f"{db.name}.worker.lock")
    try:
        file = path.open("a")
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; give its folder room and write permission") from None
    with file:
        said = False
        while not _try(file.fileno()):
            if not said:
                log.warning("another worker still works on %s; waiting for its end", db)
                said = True
            if _told_to_end(calls):
                yield False
                return
        yield True


def _try(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _told_to_end(calls: Calls) -> bool:
    try:
        return calls.get(timeout=LOCK_SECONDS) == END
    except Empty:
        return False


if __name__ == "__main__":
    sys.exit(main())
