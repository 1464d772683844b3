"""A base model, and an adapter on it, as one OpenAI-compatible endpoint on this machine.

Covered: vLLM on a GPU or a CPU, and a small server of ours where vLLM does not run; both as a process
of their own that ends with ours, however ours ends. Not covered: several machines, TLS, keys; the
address is loopback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.serve import engines, gate
from pipeline.serve.process import free_port, model_server
from pipeline.train.card import NAME as CARD
from pipeline.train.card import read_card

__all__ = ["ENGINES", "Served", "serving"]

ENGINES = tuple(engines.COMMANDS)

BASE, OWN = "base", "own"
"""Names of the models in requests."""

START_SECONDS = 900
"""A 32B model is read from disk in minutes; a server that takes longer has failed."""


@dataclass(frozen=True)
class Served:
    """What answers, and where."""

    url: str
    """Base URL, ending in ``/v1``."""
    base_model: str
    """Model name in requests for the base."""
    own_model: str | None
    """The same for the adapter; None without one."""


@contextmanager
def serving(
    base: str,
    adapter: Path | None = None,
    *,
    engine: str = "vllm",
    port: int = 0,
    log: Path,
    max_model_len: int = 8192,
) -> Iterator[Served]:
    """Serve ``base``, and ``adapter`` beside it, until the block is left; yields once both answer.

    ``base``: a model folder, a hub's name, or ``small``. ``port`` 0: a free one. ``log`` takes the server's
    output. ``max_model_len``: prompt and reply together, in tokens. An adapter must take effect: its
    probe is held against the server's answers. Raises InputError for a base, adapter, engine or port that
    cannot be used; RunError when the server dies or is not up in 15 minutes, with its own last words.
    """
    if engine not in engines.COMMANDS:
        raise InputError(f"serve: engine {engine!r} is not known; choose one of {', '.join(ENGINES)}")
    start = engines.Start(base, adapter, free_port(port), max_model_len)
    command = engines.COMMANDS[engine](start)
    if adapter and (adapter / CARD).is_file():
        read_card(adapter)  # for its warning
    url = f"http://127.0.0.1:{start.port}"
    with model_server(command, f"{url}/health", log=log, seconds=START_SECONDS):
        if adapter and command.loads_adapters:
            gate.load(url, OWN, adapter)
        if adapter:
            gate.takes_effect(url, BASE, OWN, adapter)
        yield Served(f"{url}/v1", BASE, OWN if adapter else None)
