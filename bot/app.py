"""The web side of the bot in one application: ``POST /webhook``, ``GET /healthz``, and the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import JSONResponse

from bot.install.setup import setup_router
from bot.pages import dashboard
from bot.receive.endpoint import Endpoint
from bot.receive.inbox import Inbox
from bot.receive.secrets import Secrets
from bot.serve.health import health


@dataclass(frozen=True)
class Web:
    """What is served."""

    endpoint: Endpoint
    """``/webhook``: stands before the framework, whose work for one request is more than all of ours."""
    app: FastAPI
    """Everything else."""


def create_app(
    db: Path,
    *,
    ring: Callable[[], None] = lambda: None,
    worker_alive: Callable[[], bool] = lambda: False,
) -> Web:
    """The application over the database ``db``, whose schema must be up to date.

    ``ring`` is called after each commit of deliveries, from another thread; ``worker_alive`` says
    whether the process that works on them runs. Raises InputError when the page key cannot be used.
    """
    inbox, secrets = Inbox(db, ring), Secrets(db)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        inbox.start()
        try:
            yield
        finally:
            inbox.close()

    app = FastAPI(title="Switchover", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        found = health(db, inbox.can_store, bool(secrets()), worker_alive())
        return JSONResponse(asdict(found), 200 if found.ok else 503)

    app.include_router(setup_router(db))
    app.include_router(dashboard.router(db))
    return Web(Endpoint(inbox, secrets), app)
