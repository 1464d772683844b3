"""The dashboard over real HTTP on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from bot.pages.dashboard import router
from tests.bot.served import Answer, get, served


@dataclass(frozen=True)
class Pages:
    """A server that answers."""

    port: int
    db: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> Answer:
        """``headers`` with _ for -; ``host`` replaces the true one."""
        return get(self.port, path, **headers)


@contextmanager
def pages_served(db: Path) -> Iterator[Pages]:
    """The dashboard over ``db``."""
    app = FastAPI()
    app.include_router(router(db))
    with served(app) as port:
        yield Pages(port, db)
