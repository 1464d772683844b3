"""Many at once in threads: items taken as there is room, results as they come.

Threads are daemons, so that Ctrl-C ends the process at once instead of after the longest rollout;
the concurrent.futures executor joins its threads on the way out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from pipeline.errors import InputError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class _Done(Generic[T, R]):
    item: T
    result: R | None = None
    error: BaseException | None = None


def run_pool(function: Callable[[T], R], items: Iterable[T], concurrency: int) -> Iterator[tuple[T, R]]:
    """``(item, function(item))`` for each of ``items``, unordered, at most ``concurrency`` (1 or more) at once.

    ``items`` is advanced in the caller's thread, and only when a place is free. The first exception, of
    ``function`` or of ``items``, stops the intake; what runs is finished and yielded; then it is raised.
    A caller that stops iterating leaves the running ones behind.
    """
    if concurrency < 1:
        raise InputError(f"concurrency: {concurrency} is below 1; give 1 or more")
    return _Pool(function, concurrency).run(items)


class _Pool(Generic[T, R]):
    def __init__(self, function: Callable[[T], R], concurrency: int) -> None:
        self._function = function
        self._concurrency = concurrency
        self._todo: SimpleQueue[tuple[T] | None] = SimpleQueue()
        self._done: SimpleQueue[_Done[T, R]] = SimpleQueue()
        self._threads = 0
        self._running = 0
        self._failure: BaseException | None = None

    def run(self, items: Iterable[T]) -> Iterator[tuple[T, R]]:
        try:
            yield from self._feed(iter(items))
            while self._running:
                yield from self._take()
            if self._failure is not None:
                raise self._failure
        finally:
            for _ in range(self._threads):
                self._todo.put(None)

    def _feed(self, source: Iterator[T]) -> Iterator[tuple[T, R]]:
        while self._failure is None:
            try:
                item = next(source)
            except StopIteration:
                return
            except Exception as error:
                self._failure = error
                return
            self._start(item)
            if self._running == self._concurrency:
                yield from self._take()

    def _start(self, item: T) -> None:
        if self._threads < self._concurrency:
            self._threads += 1
            threading.Thread(target=self._work, name=f"pool-{self._threads}", daemon=True).start()
        self._running += 1
        self._todo.put((item,))

    def _take(self) -> Iterator[tuple[T, R]]:
        done = self._done.get()
        self._running -= 1
        if done.error is None:
            yield done.item, done.result  # type: ignore[misc]  # without an error there is a result
        elif self._failure is None:
            self._failure = done.error

    def _work(self) -> None:
        while (job := self._todo.get()) is not None:
            try:
                self._done.put(_Done(job[0], result=self._function(job[0])))
            except BaseException as error:
                self._done.put(_Done(job[0], error=error))
