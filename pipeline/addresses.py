"""Where a GitHub answers: its API base and its web address, each from the other. Pure.

github.com has its API on a host of its own, GitHub Enterprise Server below ``/api/v3``, and
GitHub Enterprise Cloud with data residency on ``api.NAME.ghe.com``.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from pipeline.errors import InputError

GITHUB_API = "https://api.github.com"
GITHUB_WEB = "https://github.com"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")
_GHES_PATH = "/api/v3"


def is_loopback(host: str | None) -> bool:
    """True for a host that never leaves this machine."""
    return host in _LOOPBACK


def api_base(url: str, where: str) -> str:
    """The API base ``url`` without trailing slashes; ``where`` names it in errors.

    Raises InputError for what is no such address: github.com's web address, an Enterprise host
    without ``/api/v3``, credentials in it, or plain http to anything but this machine (the App's
    tokens would travel readable).
    """
    parts = _split(url, where)
    base = _rebuilt(parts)
    if base in (GITHUB_WEB, "https://www.github.com"):
        raise InputError(f"{where}: {url!r} is the web address; the API of github.com is {GITHUB_API}")
    own_api_host = (parts.hostname or "").startswith("api.") or is_loopback(parts.hostname)
    if not parts.path.strip("/") and not own_api_host:
        raise InputError(f"{where}: {url!r} lacks the API's path; for GitHub Enterprise Server give {base}{_GHES_PATH}")
    return base


def web_of(api_url: str) -> str:
    """The web address that belongs to an API base: where a person logs in, and git clones from."""
    parts = urlsplit(api_url.rstrip("/"))
    netloc = parts.netloc
    if netloc.startswith("api.") and parts.path != _GHES_PATH:
        netloc = netloc.removeprefix("api.")
    return f"{parts.scheme}://{netloc}"


def api_of(web: str, where: str) -> str:
    """The API base of the GitHub whose web address is ``web``.

    Raises InputError as ``api_base`` does, and for an address with a path.
    """
    parts = _split(web, where)
    base = _rebuilt(parts)
    if parts.path.strip("/"):
        raise InputError(f"{where}: {web!r} has a path; give the address of the host alone, as {GITHUB_WEB}")
    if base in (GITHUB_WEB, "https://www.github.com", GITHUB_API):
        return GITHUB_API
    if (parts.hostname or "").endswith(".ghe.com"):
        return f"{parts.scheme}://api.{parts.netloc.removeprefix('api.')}"
    return f"{base}{_GHES_PATH}"


def _split(url: str, where: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        usable = _HOST.fullmatch(parts.hostname or "") and parts.port != 0 and parts.scheme in ("http", "https")
    except ValueError:
        usable = None
    if not usable:
        raise InputError(f"{where}: {url!r} is no address; write it as {GITHUB_API}")
    if parts.username is not None or parts.query or parts.fragment:
        raise InputError(f"{where}: holds a user, a query or a fragment; write it as {GITHUB_API}")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise InputError(f"{where}: {url!r} is not encrypted; use https (http is for this machine only)")
    return parts


def _rebuilt(parts: SplitResult) -> str:
    host = parts.netloc.lower().removesuffix(":")
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
