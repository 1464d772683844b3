"""An artifact's archive onto the disk: GitHub answers with an address of another host, which is not given our token."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from bot.errors import NotFound, Rejected, Unavailable
from bot.intake.belongs import Artifact
from bot.intake.reasons import Refused
from bot.wire.client import Client

TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and without a byte."""

MOST_SECONDS = 600.0
_CHUNK = 1 << 16


def download(client: Client, repo: str, artifact: Artifact, target: Path) -> None:
    """Fetch ``artifact`` of ``owner/name`` into the new file ``target``.

    Raises Refused for one that has expired, is larger than GitHub says, or other than its hash; any of
    bot.errors, and OSError of this disk.
    """
    try:
        url = client.location(f"/repos/{repo}/actions/artifacts/{artifact.id}/zip")
    except NotFound as error:
        raise Refused("expired", str(error)) from None
    _check_address(url, client.api_url)
    try:
        found = _fetch(url, target, artifact.size)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        what = f"artifact {artifact.id} of {repo}: no whole answer came ({type(error).__name__})"
        raise Unavailable(f"{what}; try again later") from None  # its text may hold the address, which is a key
    if artifact.sha256 and found != artifact.sha256:
        raise Refused("damaged", f"artifact {artifact.id} has sha256 {found}, not {artifact.sha256}")


def _check_address(url: str, api: str) -> None:
    scheme = urlsplit(url).scheme
    if scheme != "https" and scheme != urlsplit(api).scheme:
        raise Rejected(f"an artifact's address begins with {scheme}:, not https:; is SWITCHOVER_GITHUB_URL right?")


def _fetch(url: str, target: Path, size: int) -> str:
    """Its sha256."""
    total, read, end = hashlib.sha256(), 0, time.monotonic() + MOST_SECONDS
    with requests.Session() as session:
        session.auth = _bare
        headers = {"Accept-Encoding": "identity"}  # else the answer itself could be a bomb
        with session.get(url, stream=True, timeout=TIMEOUT, headers=headers, allow_redirects=False) as answer:
            _check_status(answer.status_code)
            with target.open("xb") as out:
                for chunk in answer.raw.stream(_CHUNK, decode_content=False):
                    read += len(chunk)
                    if read > size:
                        raise Refused("too_large", f"more bytes than the {size:,} that GitHub says")
                    if time.monotonic() > end:
                        raise requests.Timeout
                    total.update(chunk)
                    out.write(chunk)
    if read < size:
        raise requests.ConnectionError
    return total.hexdigest()


def _check_status(status: int) -> None:
    if status in (403, 404, 410):
        raise Unavailable(f"the artifact's address is not valid any more ({status}); try again later")
    if status != 200:
        raise Unavailable(f"the artifact's host answered {status}; try again later")


def _bare(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No name and password out of a netrc file either."""
    return request
