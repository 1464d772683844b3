"""The repository's ``.github/switchover.yml``, and the environment: read here and nowhere else.

The keys and their defaults are the dataclasses of ``pipeline.settings``.
An unknown key is an error that names the nearest known one. Secrets are never in the file.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import types
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import InputError
from pipeline.settings import (
    AttemptsConfig,
    CollectConfig,
    Config,
    DecideConfig,
    EndpointConfig,
    EvaluateConfig,
    GenerateConfig,
    Price,
    ReportConfig,
    ServeConfig,
    TrainConfig,
)

__all__ = [
    "DEFAULT_PATH",
    "AppEnvironment",
    "AttemptsConfig",
    "CollectConfig",
    "Config",
    "DecideConfig",
    "EndpointConfig",
    "EvaluateConfig",
    "GenerateConfig",
    "Price",
    "ReportConfig",
    "Secrets",
    "ServeConfig",
    "TrainConfig",
    "app_environment",
    "cache_dir",
    "child_environment",
    "forge_token",
    "load",
    "parse",
    "secrets",
    "split_secrets",
    "temporary_environment",
    "utc",
    "way_out",
]

DEFAULT_PATH = Path(".github/switchover.yml")

FORGE_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
"""Variables that may hold a person's token for GitHub, the first that is set."""


def load(path: Path | None, repo: Path | None = None) -> Config:
    """The config at ``path``; without one, the repository's default file; without that, defaults.

    Raises InputError for a missing explicit file, bad YAML, an unknown key or a wrong value.
    """
    if path is None:
        path = (repo or Path()) / DEFAULT_PATH
        if not path.exists():
            return Config()
    return parse(_read(path), str(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give an existing file with --config") from None


def parse(text: str, where: str = "config") -> Config:
    """A Config from YAML text; ``where`` names the file in errors. Raises InputError."""
    import yaml  # costs 15 ms that --help need not pay

    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        said = " ".join(str(error).split()).replace('in "<unicode string>", ', "at ")
        raise InputError(f"{where}: not YAML, mend it: {said}") from None
    except ValueError as error:  # 2025-02-30 unquoted
        raise InputError(f"{where}: a date that does not exist ({error}); write it as 2025-01-31") from None
    return _section(Config, {} if data is None else data, where, "")  # type: ignore[no-any-return]


def _section(kind: type, data: Any, where: str, key: str) -> Any:
    if not isinstance(data, dict):
        raise InputError(f"{where}: {key or 'the file'}: expected keys and values, got {data!r}")
    hints = typing.get_type_hints(kind)
    for name in data:
        if name not in hints:
            raise InputError(_unknown(where, key, name, hints))
    return kind(**{name: _value(hints[name], data[name], where, f"{key}.{name}".strip(".")) for name in data})


def _unknown(where: str, key: str, name: object, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
    inside = f" in {key!r}" if key else ""
    return f"{where}: unknown key {name!r}{inside}; {hint}"


def _value(hint: Any, value: Any, where: str, key: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _section(hint, value, where, key)  # type: ignore[arg-type]
    if origin in (types.UnionType, typing.Union):
        inner = next(a for a in args if a is not type(None))
        return None if value is None else _value(inner, value, where, key)
    if origin is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InputError(f"{where}: {key}: expected a list of texts, got {value!r}")
        return tuple(value)
    if origin is Literal:
        if value not in args:
            raise InputError(f"{where}: {key}: {value!r} is not one of {', '.join(map(str, args))}")
        return value
    if origin is not None:  # Mapping[str, Price]
        if not isinstance(value, dict):
            raise InputError(f"{where}: {key}: expected keys and values, got {value!r}")
        return {str(k): _value(args[1], v, where, f"{key}.{k}") for k, v in value.items()}
    return _scalar(hint, value, where, key)


_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def _scalar(hint: type, value: Any, where: str, key: str) -> Any:
    import datetime

    if hint is str and isinstance(value, datetime.date):  # YAML turns 2025-01-01 into a date
        return value.isoformat()
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise InputError(f"{where}: {key}: expected {_WORDS[hint]}, got {value!r}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_range(key, value, where)
    if isinstance(value, str):
        _check_text(key, value, where)
    return value


_UNIT_RANGE = {"decide.margin", "decide.error_chance", "generate.keep_recall_from"}


def _check_range(key: str, value: float, where: str) -> None:
    least = 1 if isinstance(value, int) else 0  # whole numbers are counts, of which none makes no sense
    if value != value or value < least:
        raise InputError(f"{where}: {key}: {value} is below {least}; give {least} or more")
    if key in _UNIT_RANGE and value > 1:
        raise InputError(f"{where}: {key}: {value} is above 1; it is a share, so 5 points are 0.05")


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T.*)?")
_ROUTE = re.compile(r"own|frontier|canary=(0?\.\d+)")


def _check_text(key: str, value: str, where: str) -> None:
    if key.endswith(("since", "knowledge_until")) and not _is_date(value):
        raise InputError(f"{where}: {key}: {value!r} is not a date; write it as 2025-01-31")
    if key == "serve.route" and not _ROUTE.fullmatch(value):
        raise InputError(f"{where}: {key}: {value!r} is no route; give own, frontier or canary=SHARE, as canary=0.1")


def _is_date(text: str) -> bool:
    import datetime

    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return bool(_DATE.fullmatch(text))


@dataclass(frozen=True)
class Secrets:
    """Keys from the environment; ``repr`` never shows them."""

    teacher_key: str | None = field(default=None, repr=False)
    frontier_key: str | None = field(default=None, repr=False)
    own_key: str | None = field(default=None, repr=False)


def secrets() -> Secrets:
    """The endpoint keys of SWITCHOVER_{TEACHER,FRONTIER,OWN}_KEY; None where unset or empty."""

    def get(name: str) -> str | None:
        return os.environ.get(name) or None

    return Secrets(get("SWITCHOVER_TEACHER_KEY"), get("SWITCHOVER_FRONTIER_KEY"), get("SWITCHOVER_OWN_KEY"))


def utc(time: str) -> str:
    """An ISO time with any offset as ISO in UTC with ``Z``, so that times compare as text."""
    import datetime

    return datetime.datetime.fromisoformat(time).astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class AppEnvironment:
    """What the environment says of the App; None and () where it says nothing. ``repr`` shows no secret."""

    app_id: str | None
    private_key: str | None = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    github_url: str | None


def app_environment() -> AppEnvironment:
    """SWITCHOVER_APP_ID, _PRIVATE_KEY, _WEBHOOK_SECRET (or the file that each with _FILE names), _GITHUB_URL.

    A key may be on one line with ``\\n`` for its line ends, as files of variables need it. Raises
    InputError for a named file that cannot be read, and for a variable that is set in both ways.
    """
    key = _setting("SWITCHOVER_PRIVATE_KEY")
    return AppEnvironment(
        _setting("SWITCHOVER_APP_ID"),
        key and key.strip("\"'").replace("\\n", "\n"),
        split_secrets(_setting("SWITCHOVER_WEBHOOK_SECRET") or ""),
        os.environ.get("SWITCHOVER_GITHUB_URL", "").strip() or None,
    )


def split_secrets(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated list of secrets, without blanks around them; empty parts are dropped."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def forge_token() -> str | None:
    """The token of GITHUB_TOKEN or GH_TOKEN, for collecting without the App; None without one."""
    return next((token for name in FORGE_TOKENS if (token := os.environ.get(name, "").strip())), None)


def way_out(url: str) -> tuple[str | None, str | None]:
    """The proxy to ``url`` and the file of trusted certificates, as HTTPS_PROXY, NO_PROXY and REQUESTS_CA_BUNDLE say.

    None: no proxy, and the system's certificates.
    """
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    return proxy, os.environ.get("REQUESTS_CA_BUNDLE") or None


def _setting(name: str) -> str | None:
    value, file = os.environ.get(name, "").strip(), os.environ.get(f"{name}_FILE", "").strip()
    if value and file:
        raise InputError(f"{name} and {name}_FILE are both set; unset one of them")
    if not file:
        return value or None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError(f"{name}_FILE: {file}: cannot be read ({why}); name a readable file") from None


def cache_dir() -> Path:
    """Where prepared trees and converted models are kept: SWITCHOVER_CACHE, XDG_CACHE_HOME or ~/.cache."""
    explicit = os.environ.get("SWITCHOVER_CACHE")
    if explicit:
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "switchover"


def child_environment(**extra: str) -> dict[str, str]:
    """Environment for processes of ours (git, a model server): what we have, less our secrets and GitHub's tokens."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SWITCHOVER_") and k not in FORGE_TOKENS}
    return {**kept, **extra}


@contextmanager
def temporary_environment(**values: str) -> Iterator[None]:
    """Set variables of this process for the length of a ``with``: for libraries that read them at import."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
