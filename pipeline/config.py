"""The repository's ``.github/switchover.yml``, and the environment: read here and nowhere else.

The keys and their defaults are the dataclasses of ``pipeline.settings``.
An unknown key is an error that names the nearest known one. Secrets are never in the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config_text import parse
from pipeline.errors import InputError
from pipeline.settings import (
    AdaptersConfig,
    AgentConfig,
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
    "AdaptersConfig",
    "AgentConfig",
    "AppEnvironment",
    "AttemptsConfig",
    "CollectConfig",
    "Config",
    "DecideConfig",
    "EndpointConfig",
    "EvaluateConfig",
    "GenerateConfig",
    "Price",
    "Ranks",
    "ReportConfig",
    "Secrets",
    "ServeConfig",
    "TrainConfig",
    "app_environment",
    "build_environment",
    "cache_dir",
    "child_environment",
    "forge_token",
    "load",
    "parse",
    "ranks",
    "secrets",
    "split_secrets",
    "temporary_environment",
    "utc",
    "visible_gpus",
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


@dataclass(frozen=True)
class Secrets:
    """Keys from the environment; ``repr`` never shows them."""

    teacher_key: str | None = field(default=None, repr=False)
    frontier_key: str | None = field(default=None, repr=False)
    own_key: str | None = field(default=None, repr=False)
    judge_key: str | None = field(default=None, repr=False)


def secrets() -> Secrets:
    """The endpoint keys of SWITCHOVER_{TEACHER,FRONTIER,OWN,JUDGE}_KEY; None where unset or empty."""

    def get(name: str) -> str | None:
        return os.environ.get(name) or None

    return Secrets(*(get(f"SWITCHOVER_{name}_KEY") for name in ("TEACHER", "FRONTIER", "OWN", "JUDGE")))


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


@dataclass(frozen=True)
class Ranks:
    """Which of several processes that train together this is, as torchrun says it."""

    rank: int = 0
    """0 to ``world`` - 1; 0 is the one that writes."""
    local: int = 0
    """The same on this machine alone: the number of its GPU."""
    world: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0


def ranks() -> Ranks:
    """RANK, LOCAL_RANK and WORLD_SIZE; a process that no torchrun started is the only one."""
    rank, local, world = (int(os.environ.get(k) or d) for k, d in (("RANK", 0), ("LOCAL_RANK", 0), ("WORLD_SIZE", 1)))
    return Ranks(rank, local, world)


def child_environment(**extra: str) -> dict[str, str]:
    """Environment for processes of ours (git, a model server): what we have, less our secrets and GitHub's tokens.

    A Python among them takes no module out of the folder that we were started in: that may be anybody's
    repository, with a package called as ours.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SWITCHOVER_") and k not in FORGE_TOKENS}
    return {**kept, "PYTHONSAFEPATH": "1", **extra}


_BUILD_NAMES = ("PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_BUILD_PREFIXES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_OFFLINE")


def build_environment(home: Path) -> dict[str, str]:
    """Environment for programs that fetch packages: where the index is and how to get there, and nothing else.

    An address with a name and a password in it (``https://user:word@host``) is left out: it is a secret.
    """
    kept = {name: value for name, value in os.environ.items() if name.upper() in _BUILD_NAMES}
    kept |= {name: value for name, value in os.environ.items() if name.startswith(_BUILD_PREFIXES)}
    open_ones = {name: value for name, value in kept.items() if "@" not in value}
    return {**open_ones, "HOME": str(home), "LANG": "C.UTF-8"}


def visible_gpus() -> tuple[str, ...] | None:
    """The GPUs that CUDA_VISIBLE_DEVICES names, in its order; None where it is not set: all there are."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return None if named is None else tuple(part.strip() for part in named.split(",") if part.strip())


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
