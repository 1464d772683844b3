"""One HTTP request to an endpoint: a shared pool, connect, read and total deadlines. No retries here.

Not covered: proxies from the environment, redirects (a base URL that moved is an error).
"""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Mapping

import urllib3

from pipeline import __version__
from pipeline.errors import InputError
from pipeline.rollout.wire import Body, Usage

_CONNECT_SECONDS = 10.0
_MAX_REPLY_BYTES = 64 * 1024 * 1024


class Fault(Exception):
    """One try that gave no reply; its text holds no key."""

    def __init__(self, what: str, again: bool, asked: float | None = None, usage: Usage | None = None) -> None:
        """``again``: another try may help. ``asked``: seconds of the server's Retry-After. ``usage``: billed anyway."""
        super().__init__(what)
        self.again = again
        self.asked = asked
        self.usage = usage or Usage()


class Transport:
    """Requests below a base URL; thread-safe, ``pool_size`` at once (more wait their turn)."""

    def __init__(self, url: str, headers: Mapping[str, str], pool_size: int, request_seconds: float) -> None:
        """``headers``: of every request, the key among them. Raises InputError for a URL that cannot be used."""
        self.url = _base_url(url)
        self._request_seconds = request_seconds
        self._headers = {"Content-Type": "application/json", "User-Agent": f"switchover/{__version__}", **headers}
        self._path = urllib.parse.urlsplit(self.url).path
        # The pool of the one host itself: a manager would look it up, and parse the URL, on every request.
        self._pool = urllib3.connection_from_url(self.url, maxsize=pool_size, block=True)

    def exchange(self, method: str, path: str, body: Body, deadline: float) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body. ``deadline`` is on the monotonic clock. Raises Fault when nothing came."""
        left = min(deadline - time.monotonic(), self._request_seconds)
        if left <= 0:
            raise Fault("no time left for a request", again=False)
        try:
            response = self._pool.urlopen(
                method,
                self._path + path,
                body=body or None,  # type: ignore[arg-type]  # its pieces may be any buffers
                headers={**self._headers, "Content-Length": str(sum(map(len, body)))} if body else self._headers,
                retries=False,
                timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=left),
                pool_timeout=left,  # type: ignore[arg-type]  # any number of seconds; the annotation is too narrow
                redirect=False,
                preload_content=False,
            )
            return response.status, response.headers, _read(response, time.monotonic() + left)
        except urllib3.exceptions.HTTPError as error:
            raise Fault(f"{_why(error)}; is the server up?", again=True) from None


def _base_url(url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port  # read only to have its range checked
    except ValueError as error:
        raise InputError(f"endpoint URL {url!r}: {error}; give one such as http://gpu:8001/v1") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"endpoint URL {url!r}: expected http:// or https:// and a host, such as http://gpu:8001/v1")
    if parts.username or parts.password:
        raise InputError(f"endpoint URL of {parts.hostname}: holds a user or password; give the key by environment")
    return url.rstrip("/")


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The whole body. A server that trickles must not outlive the deadline, which a socket timeout cannot see."""
    chunks: list[bytes] = []
    size = 0
    try:
        while chunk := response.read1(1 << 16):
            chunks.append(chunk)
            size += len(chunk)
            if time.monotonic() > deadline or size > _MAX_REPLY_BYTES:
                raise Fault("the reply came too slowly or is too large", again=False)
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return b"".join(chunks)


def _why(error: urllib3.exceptions.HTTPError) -> str:
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "host not found"
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # also a ConnectTimeoutError, for old callers
        return "connection refused"
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return "no connection in time"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "no reply in time"
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"no TLS there, or a certificate that is not trusted here ({' '.join(str(error).split())[:120]})"
    return f"connection lost ({type(error).__name__})"
