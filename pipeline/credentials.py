"""Who we are to GitHub: the App's id, its key and its webhook secrets.

The environment first, then the file that the setup page writes beside the database. Nothing
here speaks with GitHub; ``switchover doctor`` proves what is found.
"""

from __future__ import annotations

import json
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline import config
from pipeline.addresses import GITHUB_API, api_base
from pipeline.errors import InputError, RunError

log = logging.getLogger(__name__)

ENVIRONMENT = "the environment"
"""``Credentials.source`` of an identity that comes from there."""

MOST_DIGITS = 18
"""Of an App id: what SQLite and every JSON reader can hold."""


@dataclass(frozen=True)
class Credentials:
    """What is known of the App; ``repr`` shows no secret."""

    app_id: int | None
    """None: there is none, so the App is not set up (or only its webhook secret is)."""
    private_key: str | None = field(repr=False)
    """PEM, or None; not proven to be one."""
    webhook_secrets: tuple[str, ...] = field(repr=False)
    """Each is valid (two while rotating); empty: no delivery can be believed."""
    api_url: str
    """API base without trailing slash."""
    slug: str = ""
    """The App's name in addresses; empty where only the environment speaks."""
    html_url: str = ""
    """The App's public page; empty as ``slug``."""
    source: str = ""
    """Where id and key come from: ENVIRONMENT or the file's path; empty without them."""

    @property
    def complete(self) -> bool:
        """Whether the App can act: id and key are there."""
        return self.app_id is not None and self.private_key is not None


@dataclass(frozen=True)
class Registration:
    """A registered App, as its file holds it; ``repr`` shows no secret."""

    app_id: int
    slug: str
    name: str
    html_url: str
    api_url: str
    client_id: str
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    """Comma-separated while rotating."""
    made_at: str
    """ISO time in UTC."""


def path_for(db: Path) -> Path:
    """The credentials file of the database ``db``; it need not exist."""
    return db.with_name(f"{db.name}.app.json")


def load(db: Path | None) -> Credentials:
    """What the environment says, else the file beside ``db``; absent things are None or empty.

    Id and key are taken together, so a key never meets another App's id. Raises InputError for
    a value that cannot be read: an id that is no number, an address that is none, a broken file.
    """
    told = config.app_environment()
    kept = None if db is None else read(path_for(db))
    secrets = told.webhook_secrets or (config.split_secrets(kept.webhook_secret) if kept else ())
    if told.app_id or told.private_key:
        url = told.github_url or GITHUB_API
        return Credentials(_number(told.app_id), told.private_key, secrets, _base(url), source=ENVIRONMENT)
    if kept is None:
        return Credentials(None, None, secrets, _base(told.github_url or GITHUB_API))
    url = _base(told.github_url) if told.github_url else kept.api_url
    source = str(path_for(db)) if db else ""
    return Credentials(kept.app_id, kept.private_key, secrets, url, kept.slug, kept.html_url, source)


def read(path: Path) -> Registration | None:
    """The registration in the file ``path``, or None without one. Raises InputError when it is broken.

    A file that others may read is used all the same, and logged: to refuse it would stop the
    receiver and so lose deliveries, and mounted secrets often have such modes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError(f"{path}: cannot be read ({said}); mend it, or delete it and open /setup") from None
    warning = too_open(path)
    if warning:
        log.warning(warning)
    return _registration(text, path)


def too_open(path: Path) -> str | None:
    """What is wrong with the mode of an existing file of secrets, and the remedy; None when nothing is."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return None
    return f"{path}: other users of this machine may read the App's key (mode {mode:04o}); run: chmod 600 {path}"


def save(path: Path, registration: Registration) -> None:
    """Write the file with mode 0600, whole or not at all. Raises as ``check_writable`` does."""
    with _may_write(path):
        _write(path, json.dumps(asdict(registration), indent=2) + "\n")


def check_writable(path: Path) -> None:
    """Try whether ``save`` could write, and leave nothing behind.

    Raises InputError when the file exists already (a registration is never replaced unseen),
    RunError when the folder cannot be written.
    """
    with _may_write(path), tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
        pass


@contextmanager
def _may_write(path: Path) -> Iterator[None]:
    if path.exists():
        raise InputError(f"{path}: an App is registered already; delete this file first to register another one")
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise RunError(f"{path}: cannot be written ({why}); give its folder room and write permission") from None


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600 from its first moment
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _registration(text: str, path: Path) -> Registration:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); mend it, or delete it and open /setup") from None
    wrong = [name for name in Registration.__dataclass_fields__ if not _fits(name, data)]
    if wrong:
        raise InputError(f"{path}: {', '.join(wrong)} missing or of a wrong kind; delete the file and open /setup")
    return Registration(**{name: data[name] for name in Registration.__dataclass_fields__})


def _fits(name: str, data: Any) -> bool:
    kind = int if name == "app_id" else str
    return isinstance(data, dict) and isinstance(data.get(name), kind)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):  # not shown: it may be a secret
        raise InputError("SWITCHOVER_APP_ID: not a number; give the 'App ID' of the App's settings page on GitHub")
    return int(text)


def _base(url: str) -> str:
    return api_base(url, "SWITCHOVER_GITHUB_URL")
