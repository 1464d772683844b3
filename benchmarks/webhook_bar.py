"""One of our bars as a server of its own: ``python -m benchmarks.webhook_bar NAME DB`` prints its address.

``group`` is the receiver as it is; ``each`` commits each delivery alone; ``none`` stores nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bot.receive import inbox
from bot.receive.webhook import Arrival
from bot.serve import server


def believe(self: inbox.Inbox, arrival: Arrival, then: inbox.Then) -> None:
    then(True)


def main(name: str, db: Path) -> None:
    if name == "each":
        inbox.BATCH = 1
    elif name == "none":
        inbox.Inbox.hand = believe  # type: ignore[method-assign]
    server.run(db, "127.0.0.1", 0, worker=None, ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
