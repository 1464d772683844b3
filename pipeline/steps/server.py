"""The model server of a cycle: started when it is needed, kept from the gates to the evaluation."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from types import TracebackType

from pipeline.errors import RunError
from pipeline.evaluate.request import Model
from pipeline.serve import serving
from pipeline.settings import Config
from pipeline.types import Role

log = logging.getLogger(__name__)


class Server:
    """At most one server at a time; it ends with the ``with`` block."""

    def __init__(self, config: Config, out: Path) -> None:
        """``out``: folder of the cycle, for the server's log."""
        self._config, self._log = config, out / "serve.log"
        self._running: contextlib.ExitStack | None = None
        self._serves: tuple[str, str] | None = None
        self._models: dict[Role, Model] = {}

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def models(self, base: str, adapter: Path, sha256: str) -> dict[Role, Model]:
        """Own and base, served now; a server that runs another adapter than ``sha256`` is ended first.

        Raises what ``serving`` raises.
        """
        if self._serves != (base, sha256):
            self._end()
            self._start(base, adapter)
            self._serves = (base, sha256)
        return dict(self._models)

    def _start(self, base: str, adapter: Path) -> None:
        log.info("    starting the model server (its log: %s)", self._log)
        with contextlib.ExitStack() as stack:
            served = stack.enter_context(
                serving(
                    base,
                    adapter,
                    engine=self._config.serve.engine,
                    log=self._log,
                    max_model_len=self._config.evaluate.context_tokens,
                )
            )
            if served.own_model is None:
                raise RunError(f"{adapter}: the server did not load the adapter; see {self._log}")
            self._models = {"own": Model(served.url, served.own_model), "base": Model(served.url, served.base_model)}
            self._running = stack.pop_all()

    def _end(self) -> None:
        running, self._running, self._serves = self._running, None, None
        if running is not None:
            running.close()
