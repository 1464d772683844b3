"""Changing by hand who serves the team: the config is edited, and the database remembers it."""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import route as routes
from pipeline import router, whole
from pipeline.collect.clone import open_clone
from pipeline.config import DEFAULT_PATH, parse
from pipeline.errors import InputError
from pipeline.settings import Config
from pipeline.store import Store


@dataclass(frozen=True)
class Switched:
    """What a call did."""

    config: Path
    route: str
    before: str
    is_changed: bool
    """False when the config had that route already."""
    repo: str | None
    """What the database calls the repository; None without a database."""
    is_recorded: bool
    """True when the database holds a new row; False without one, and where its newest says the same."""
    router: Path | None = None
    """The proxy's config that was written; None when none was asked for."""


def switch(
    route: str,
    repo: Path,
    config: Path | None = None,
    db: Path | None = None,
    *,
    router_config: Path | None = None,
    own_urls: Sequence[str] = (),
) -> Switched:
    """Set ``serve.route`` in ``config`` (None: the default one of ``repo``), and record it in ``db``.

    What is so already is left alone. ``router_config``: the LiteLLM proxy's config, written for the route;
    own's addresses are ``own_urls``, else those that the file has, else ``evaluate.own.url``. Raises
    InputError for what is no route, a config that is not there or cannot be edited, a ``repo`` that
    is no clone where there is a ``db``, and for a router that has nobody to send to.
    """
    routes.checked(route)
    path = config or repo / DEFAULT_PATH
    text = _read(path)
    before = parse(text, str(path)).serve.route
    changed = routes.edited(text, route, str(path))
    after = parse(changed, str(path))
    urls = (own_urls or router.own_urls(router_config) or _own_url(after)) if router_config else ()
    if router_config:
        router.text(after, urls)  # raises before anything is written
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(Store.open(db, must_exist=True)) if db else None
        name = open_clone(repo).name if store else None
        if store and name:
            store.refuse_forgotten(name)
        if changed != text:
            _write(path, changed)
        if router_config:
            router.write(router_config, after, urls)
        is_recorded = bool(store and name and store.add_route(name, route, by=_who(), how="command"))
    return Switched(path, route, before, changed != text, name, is_recorded, router_config)


def _own_url(config: Config) -> tuple[str, ...]:
    url = config.evaluate.own.url
    return (url,) if url else ()


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; make it with 'switchover init', or name another with --config"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a config file with --config") from None


def _write(path: Path, text: str) -> None:
    """With the permissions that it has."""
    target = path.resolve()
    try:
        with whole.replacing(target) as file:
            os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
            file.write(text.encode())
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); give yourself the permission") from None


def _who() -> str | None:
    """The user of this machine; None where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
