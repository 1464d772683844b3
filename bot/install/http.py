"""The few requests to GitHub that need no identity; all others are bot.github's, which the receiver never imports."""

from __future__ import annotations

import urllib3

from bot.errors import Unavailable
from pipeline import __version__, config

TIMEOUT = urllib3.Timeout(connect=10, read=30)

MOST_BYTES = 1_000_000
"""Of an answer."""

HEADERS = {
    "accept": "application/vnd.github+json",
    "user-agent": f"switchover/{__version__}",
    "x-github-api-version": "2022-11-28",
}


def request(verb: str, base: str, path: str) -> tuple[int, str, bytes]:
    """Status, ``Date`` header ("" without) and body of one request, sent once and never redirected.

    Raises Unavailable, which names ``base`` only: ``path`` may hold a code.
    """
    try:
        with _pool(base) as pool:
            answer = pool.request(
                verb, base + path, headers=HEADERS, redirect=False, retries=False, preload_content=False
            )
            return answer.status, answer.headers.get("date", ""), answer.read(MOST_BYTES + 1, decode_content=True)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unavailable(f"{base}: cannot be reached ({_why(error)}); check network, proxy and certificates") from None


def _pool(base: str) -> urllib3.PoolManager:
    proxy, certificates = config.way_out(base)
    if proxy:
        login = urllib3.util.make_headers(proxy_basic_auth=urllib3.util.parse_url(proxy).auth)
        return urllib3.ProxyManager(proxy, proxy_headers=login, timeout=TIMEOUT, ca_certs=certificates)
    return urllib3.PoolManager(timeout=TIMEOUT, ca_certs=certificates)


def _why(error: Exception) -> str:
    """The kind of failure alone: the text of these errors holds the whole address."""
    reason = getattr(error, "reason", None) or error.__cause__ or error
    return type(reason).__name__
