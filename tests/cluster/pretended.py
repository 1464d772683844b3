"""The few calls that the driver makes of Ray, in threads of one process: nodes can be added, killed, and be ill."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from pipeline.generate.cluster.node import Node


class RayError(Exception):
    pass


class RayTaskError(RayError):
    pass


class Ray:
    """``make`` gives the process of ours for a node's id."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, cpus: dict[str, float], make: Callable[[str], Any] | None = None) -> None:
        self.cpus = cpus
        self.dead: set[str] = set()
        """Ids of nodes that are dead, which Ray lists all the same."""
        self.actors: dict[str, list[Actor]] = {id: [] for id in cpus}
        self.util = SimpleNamespace(scheduling_strategies=SimpleNamespace(NodeAffinitySchedulingStrategy=self._only_on))
        self._make = make or (lambda _: Node())

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {"NodeID": id, "NodeName": f"at-{id}", "Alive": id not in self.dead, "Resources": {"CPU": cpus}}
            for id, cpus in self.cpus.items()
        ]

    def remote(self, **_: object) -> Callable[[type], Any]:
        return lambda _: SimpleNamespace(options=self._options)

    def kill(self, actor: Actor) -> None:
        actor.die()

    def _only_on(self, id: str, soft: bool) -> str:
        assert not soft
        return id

    def _options(self, *, scheduling_strategy: str, **_: object) -> Any:
        return SimpleNamespace(remote=lambda: self._start(scheduling_strategy))

    def _start(self, id: str) -> Actor:
        actor = Actor(self._make(id))
        self.actors[id].append(actor)
        return actor


class Actor:
    """A process of ours on a node."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self._waiting: set[Future[Any]] = set()
        self._is_dead = False

    def __getattr__(self, method: str) -> Any:
        def remote(*arguments: object) -> Any:
            return SimpleNamespace(future=lambda: self._call(getattr(self._node, method), arguments))

        return SimpleNamespace(remote=remote, options=lambda **_: SimpleNamespace(remote=remote))

    def die(self) -> None:
        """Like SIGKILL: nobody hears of what it still does."""
        self._is_dead = True
        for future in list(self._waiting):
            self._settle(future, None, RayError("the actor died"))

    def _call(self, method: Callable[..., Any], arguments: tuple[object, ...]) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.add(future)

        def run() -> None:
            try:
                self._settle(future, method(*arguments), None)
            except Exception as error:
                self._settle(future, None, error)

        if self._is_dead:
            self._settle(future, None, RayError("the actor died"))
        else:
            threading.Thread(target=run, daemon=True).start()
        return future

    def _settle(self, future: Future[Any], result: object, error: Exception | None) -> None:
        if future in self._waiting:
            self._waiting.discard(future)
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
