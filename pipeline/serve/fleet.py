"""The servers of one ``serve``: kept up together, one adapter in all of them, moved at once or not at all."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.errors import EndpointError, InputError, RunError
from pipeline.serve import adapters, gate
from pipeline.serve.adapters import Loaded, Mark, Staged
from pipeline.serve.engines import BASE, most_rank
from pipeline.serve.names import PUBLIC
from pipeline.serve.process import Command
from pipeline.serve.replica import Replica

log = logging.getLogger(__name__)

WATCH_SECONDS = 2.0
"""Between two looks at the adapter's folder; an adapter is taken when two of them see the same."""


class Fleet:
    """Servers on one machine, and the adapter that they serve.

    ``adapter`` None: the base alone.
    """

    def __init__(self, adapter: Staged | None) -> None:
        self._adapter = adapter
        self._most_rank = most_rank(adapter.path) if adapter else 0
        self._numbers = itertools.count(1)
        self._name = ""
        self._refused: Mark = ()
        self._replicas: list[Replica] = []
        self._stop = threading.Event()
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def replicas(self) -> Sequence[Replica]:
        return tuple(self._replicas)

    @property
    def urls(self) -> tuple[str, ...]:
        """Addresses of the servers, each ending in ``/v1``."""
        return tuple(f"{replica.url}/v1" for replica in self._replicas)

    def start(self, commands: Sequence[tuple[Command, int]], log_file: Callable[[int], Path]) -> None:
        """Start all, at once, and keep them up; ``commands`` with their ports. Raises what the first failure raises."""
        self._name = f"{PUBLIC}-{next(self._numbers)}"
        self._replicas = [
            Replica(command, port, log_file(port), self._prepare(command.loads_adapters)) for command, port in commands
        ]
        for _, port in commands:
            with contextlib.suppress(OSError):  # whoever opens it says why it cannot be written
                log_file(port).unlink()
        errors: list[BaseException] = []
        threads = [threading.Thread(target=_caught, args=(r.start, errors)) for r in self._replicas[1:]]
        for thread in threads:
            thread.start()
        _caught(self._replicas[0].start, errors)  # in this thread, so that Ctrl-C finds its way out of it
        if errors:
            for replica in self._replicas:
                replica.cancel()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        for replica in self._replicas:
            replica.keep(self._given_up)

    def follow(self, source: Path, folder: Path) -> None:
        """From now on take the adapter in ``source`` whenever it becomes another; copies are kept in ``folder``."""
        self._watcher = threading.Thread(target=self._watch, args=(source, folder), name="watches", daemon=True)
        self._watcher.start()

    def wait(self) -> None:
        """Until no server is left that is kept up; raises RunError then."""
        self._over.wait()
        raise next(replica.failure for replica in self._replicas if replica.failure)

    def end(self) -> None:
        """End every server."""
        self._stop.set()
        threads = [threading.Thread(target=replica.end) for replica in self._replicas]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._watcher:
            self._watcher.join()

    def move(self, new: Staged) -> None:
        """Serve ``new`` in place of what is served: loaded and gated everywhere, then public everywhere.

        Requests that run end on the old one, which goes after its last. Raises RunError when it does not fit
        or does not pass; then the old one serves as before.
        """
        if self._adapter is None:
            raise RunError("serve: the servers were started without an adapter; start them with one")
        adapters.fits(new, self._adapter, self._most_rank)
        name, old = f"{PUBLIC}-{next(self._numbers)}", self._name
        servers = [Loaded(replica.url, BASE) for replica in self._replicas if replica.failure is None]
        with _all(self._replicas):
            _load_in_all(servers, name, new)
            # First: a server that dies from here on comes back with the new one.
            self._adapter, self._name = new, name
            for server in servers:
                _published(server, name)
        for server in servers:
            server.drain(old, self._stop)
            server.drop(old)

    def _prepare(self, loads_adapters: bool) -> Callable[[str], None]:
        def prepare(url: str) -> None:
            if self._adapter and loads_adapters:
                Loaded(url, BASE).load(self._name, self._adapter)
                Loaded(url, BASE).publish(self._name)
            elif self._adapter:
                gate.takes_effect(url, BASE, PUBLIC, self._adapter.path)

        return prepare

    def _given_up(self) -> None:
        if all(replica.failure for replica in self._replicas):
            self._over.set()

    def _watch(self, source: Path, folder: Path) -> None:
        seen: Mark = ()
        while not self._stop.wait(WATCH_SECONDS):
            last, seen = seen, adapters.mark(source)
            if seen == last and self._is_news(seen):
                self._take(source, folder, seen)

    def _is_news(self, seen: Mark) -> bool:
        served = self._adapter.mark if self._adapter else ()
        return bool(seen) and seen not in (served, self._refused)

    def _take(self, source: Path, folder: Path, seen: Mark) -> None:
        log.info("serve: %s is another adapter; loading it", source)
        try:
            self.move(adapters.stage(source, folder))
            log.info("serve: the new adapter answers as %r", PUBLIC)
        except EndpointError as error:  # a server that died just now; the next look tries again
            log.warning("serve: the new adapter waits: %s", error)
        except (RunError, InputError) as error:
            self._refused = seen
            log.warning("serve: the new adapter is not taken, the old one serves on: %s", error)


def _caught(act: Callable[[], None], errors: list[BaseException]) -> None:
    try:
        act()
    except BaseException as error:  # raised again where all have ended
        errors.append(error)


def _load_in_all(servers: Sequence[Loaded], name: str, adapter: Staged) -> None:
    done: list[Loaded] = []
    try:
        for server in servers:
            server.load(name, adapter)
            done.append(server)
    except RunError:
        for server in done:
            server.drop(name)
        raise


def _published(server: Loaded, name: str) -> None:
    try:
        server.publish(name)
    except RunError as error:  # it passed the gate a moment ago, so it is dead
        log.warning("serve: not told of the new adapter, which it gets when it is back: %s", error)


class _all:
    """The locks of all replicas, in their order: none is started while an adapter moves."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self._replicas = replicas

    def __enter__(self) -> None:
        for replica in self._replicas:
            replica.lock.acquire()

    def __exit__(self, *_: object) -> None:
        for replica in reversed(self._replicas):
            replica.lock.release()
