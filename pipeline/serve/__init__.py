"""A base model, and an adapter on it, as OpenAI- and Anthropic-compatible endpoints on this machine.

    __init__    serving(): a fleet for the length of a block
    fleet       several servers, one adapter: moved in all of them or in none
    replica     one server, kept up: looked after, started again
    adapters    the adapter's copy, loading, publishing, draining
    gate        does a loaded adapter take effect
    names       inside vLLM: the public name ``own``, and what runs under which adapter
    engines     the commands; parsers: which of vLLM's parsers fits a base model
    process     a process that ends with us; watchdog: what ends it

Covered: vLLM on a GPU or a CPU, and a small server of ours where vLLM does not run; all as processes of their
own that end with ours, however ours ends. Not covered: several machines (give the router their addresses,
``pipeline.router``), TLS, keys; the address is loopback.
"""

from __future__ import annotations

import dataclasses
import functools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import cache_dir
from pipeline.errors import InputError
from pipeline.rollout.claim import claim
from pipeline.serve import adapters, engines
from pipeline.serve.devices import split
from pipeline.serve.fleet import Fleet
from pipeline.serve.names import PUBLIC as OWN
from pipeline.serve.process import held_ports
from pipeline.train.card import NAME as CARD
from pipeline.train.card import read_card

__all__ = ["ENGINES", "Served", "serving"]

ENGINES = tuple(engines.COMMANDS)

BASE = engines.BASE
"""Name of the base in requests; the adapter's is OWN."""


@dataclass(frozen=True)
class Served:
    """What answers, and where."""

    url: str
    """Base URL of the first server, ending in ``/v1``."""
    base_model: str
    """Model name in requests for the base."""
    own_model: str | None
    """The same for the adapter; None without one."""
    fleet: Fleet
    """All servers: their addresses, and what keeps them up."""

    @property
    def urls(self) -> tuple[str, ...]:
        """Base URLs of all servers."""
        return self.fleet.urls


@contextmanager
def serving(
    base: str,
    adapter: Path | None = None,
    *,
    engine: str = "vllm",
    port: int = 0,
    log: Path | None = None,
    max_model_len: int = 8192,
    replicas: int = 1,
    tensor_parallel: int = 1,
    follow: bool = False,
    more: Sequence[str] = (),
) -> Iterator[Served]:
    """Serve ``base``, and ``adapter`` beside it, until the block is left; yields once both answer.

    ``base``: a model folder, a hub's name, or ``small``. ``port`` 0: a free one; further replicas take the
    ports after it. ``log`` takes the servers' output, with several a file each (None: one in the cache, by
    port); copies of adapters lie beside it. ``max_model_len``: prompt and reply together, in tokens.
    ``tensor_parallel``: GPUs for each replica. ``follow``: take another adapter when the folder or link
    ``adapter`` becomes one. ``more``: arguments for the engine itself.

    An adapter must take effect: its probe is held against the server's answers, after each load. A server
    that dies is started again. Raises InputError for a base, adapter, engine or port that cannot be used;
    RunError when a server dies in its first start or is not up in 15 minutes, with its own last words.
    """
    if engine not in engines.COMMANDS:
        raise InputError(f"serve: engine {engine!r} is not known; choose one of {', '.join(ENGINES)}")
    if follow and engine != "vllm":
        raise InputError(f"serve: engine {engine} loads no adapter while it runs; use --engine vllm")
    with held_ports(port, replicas) as ports:
        # By its port: no two servers on a machine have the same.
        log = log or cache_dir() / f"serve-{ports[0]}.log"
        with _copies(log) as copies:
            staged = _staged(adapter, copies) if adapter else None
            weights, more = staged.path if staged else None, tuple(more)
            shared = engines.Start(base, weights, 0, max_model_len, tensor_parallel, replicas=replicas, more=more)
            starts = [
                dataclasses.replace(shared, port=chosen, devices=gpus)
                for chosen, gpus in zip(ports, split(replicas, tensor_parallel), strict=True)
            ]
            commands = [(engines.COMMANDS[engine](start), start.port) for start in starts]
            fleet = Fleet(staged)
            try:
                fleet.start(commands, functools.partial(_log_of, log, replicas))
                if adapter and follow:
                    fleet.follow(adapter, copies)
                yield Served(fleet.urls[0], BASE, OWN if adapter else None, fleet)
            finally:
                fleet.end()


@contextmanager
def _copies(log: Path) -> Iterator[Path]:
    """A folder beside ``log`` for this run alone; what one that was killed has left goes first."""
    try:
        mine = claim(log.parent, f"{log.stem}-adapters-")
    except OSError as error:
        raise InputError(f"{log.parent}: cannot be written ({error.strerror}); choose another place") from None
    try:
        yield mine.path
    finally:
        shutil.rmtree(mine.path, ignore_errors=True)


def _staged(adapter: Path, copies: Path) -> adapters.Staged:
    if (adapter / CARD).is_file():
        read_card(adapter)  # for its warning
    return adapters.stage(adapter, copies)


def _log_of(log: Path, replicas: int, port: int) -> Path:
    return log if replicas == 1 else log.with_name(f"{log.stem}-{port}{log.suffix}")
