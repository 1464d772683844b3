"""The code that GitHub sends back with the browser, exchanged for the App's credentials."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.errors import NotFound, Rejected, Unavailable
from bot.install import pem
from bot.install.http import MOST_BYTES, request
from pipeline.credentials import Registration

CODE = re.compile(r"[A-Za-z0-9_.-]{1,255}")
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")


def convert(api_url: str, code: str) -> Registration:
    """The App that GitHub has made for ``code``, which works once and for an hour.

    Raises Unavailable when GitHub did not answer (the code may still be good), NotFound when it
    does not know the code (any more), Rejected when its answer cannot be used.
    """
    if not CODE.fullmatch(code):
        raise NotFound("the code has characters that none of GitHub's has")
    status, _, body = request("POST", api_url, f"/app-manifests/{quote(code)}/conversions")
    if status >= 500 or status == 429:
        raise Unavailable(f"{api_url}: answered {status}; see its status page")
    if status == 404:
        raise NotFound(f"{api_url}: does not know this code: it works once, and for an hour")
    if status != 201:
        raise Rejected(f"{api_url}: answered {status} where 201 was due; is it the API of a GitHub?")
    return registration(body, api_url, datetime.now(UTC))


def registration(body: bytes, api_url: str, now: datetime) -> Registration:
    """The registration that an answer holds. Raises Rejected for one that lacks something; shows none of it."""
    data = _object(body, api_url)
    wrong = [name for name, fits in _CHECKS.items() if not fits(data.get(name))]
    if wrong:
        raise Rejected(f"{api_url}: its answer has no usable {', '.join(wrong)}")
    return Registration(
        app_id=data["id"],
        slug=data["slug"],
        name=data["name"],
        html_url=data["html_url"],
        api_url=api_url,
        client_id=data["client_id"],
        private_key=data["pem"],
        webhook_secret=data["webhook_secret"],
        made_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _object(body: bytes, api_url: str) -> dict[str, Any]:
    try:
        data = json.loads(body) if len(body) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Rejected(f"{api_url}: its answer is no JSON object; is it the API of a GitHub?")
    return data


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and len(value) <= 1000


def _id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**18


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "id": _id,
    "slug": lambda value: isinstance(value, str) and SLUG.fullmatch(value) is not None,
    "name": _text,
    "html_url": lambda value: _text(value) and value.startswith(("https://", "http://127.0.0.1:")),
    "client_id": _text,
    "pem": lambda value: isinstance(value, str) and pem.problem(value) is None,
    "webhook_secret": lambda value: _text(value) and "," not in value,
}
