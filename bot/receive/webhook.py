"""From the bytes of a webhook delivery to a verified arrival. Pure; no framework, no I/O.

Refused               nothing of the delivery is kept; ``status`` is the HTTP answer
├── TooLarge     413  no delivery of GitHub's is that large
├── BadSignature 401  not signed with any of our secrets
├── WrongType    415  the App is set to send another content type
└── BadDelivery  400  signed, and still not a webhook delivery
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pipeline.errors import InputError

PREFIX = b"sha256="
MOST_BYTES = 25 * 1024**2 + 64 * 1024
"""GitHub delivers no payload above 25 MB; the margin leaves the reading of "MB" to it."""

GUID = re.compile(r"[A-Za-z0-9_-]{1,64}")
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
ACTION = re.compile(r"[A-Za-z0-9_.-]{1,64}")
MOST_ID = 2**63 - 1
"""The largest integer that SQLite holds."""

STEP = 430
"""Python reads no integer of more than 4,300 digits, and such a one has ten bytes that lie so far apart."""


class Refused(InputError):
    """The delivery is answered with ``status`` and nothing of it is kept."""

    status = 400


class TooLarge(Refused):
    """More bytes than GitHub ever sends."""

    status = 413


class BadSignature(Refused):
    """The delivery is not signed with any of our secrets."""

    status = 401


class WrongType(Refused):
    """Signed, and in a content type that the App is not meant to be set to."""

    status = 415


class BadDelivery(Refused):
    """Signed by us and still not a webhook delivery."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery that is believed, as its row will hold it."""

    guid: str
    """``X-GitHub-Delivery``: unique per delivery, the same when it is delivered again."""
    event: str
    """``X-GitHub-Event``: pull_request, issues, ..."""
    action: str | None
    """The payload's ``action``, or None where the event has none."""
    installation: int | None
    """Id of the App's installation that the event belongs to, or None."""
    repo_id: int | None
    """Id of the repository that it happened in, or None."""
    body: bytes
    """Exactly what was signed."""


def verify(body: bytes, signature: bytes, secrets: Sequence[str]) -> None:
    """Check ``X-Hub-Signature-256`` over the raw body against each secret (two while rotating).

    Compares bytes in constant time. Raises BadSignature, also for no secret or an empty one: a
    receiver without a secret would believe everybody.
    """
    for secret in filter(None, secrets):
        if hmac.compare_digest(sign(body, secret), signature):
            return
    raise BadSignature("the signature does not match any webhook secret; check SWITCHOVER_WEBHOOK_SECRET")


def sign(body: bytes, secret: str) -> bytes:
    """The value of ``X-Hub-Signature-256`` for ``body``."""
    return PREFIX + hmac.digest(secret.encode(), body, "sha256").hex().encode()


def parse(body: bytes, headers: Mapping[bytes, bytes], secrets: Sequence[str]) -> Arrival:
    """The arrival of a delivery whose header names are in lower case.

    Raises BadSignature before anything else is looked at, BadDelivery for headers that are
    missing or odd, WrongType for what is not sent as JSON, BadDelivery for what is none.
    """
    verify(body, headers.get(b"x-hub-signature-256", b""), secrets)
    guid, event = (headers.get(name, b"").decode("latin-1") for name in (b"x-github-delivery", b"x-github-event"))
    if not GUID.fullmatch(guid) or not NAME.fullmatch(event):
        raise BadDelivery("X-GitHub-Delivery or X-GitHub-Event is missing or odd; is this a webhook delivery?")
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        raise WrongType(f"delivery {guid}: not sent as application/json; set this content type in the App's settings")
    return read(guid, event, body)


def read(guid: str, event: str, body: bytes) -> Arrival:
    """The arrival of a delivery that is believed already (fetched from GitHub). Raises BadDelivery.

    Of the payload only what the row needs is looked at; of another type than GitHub's it is None.
    """
    seen = _quick(body) or _outline(guid, body)
    known = isinstance(seen.action, str) and ACTION.fullmatch(seen.action)
    return Arrival(guid, event, seen.action if known else None, _id(seen.installation), _id(seen.repository), body)


class _Thing(msgspec.Struct):
    id: Any = None


class _Outline(msgspec.Struct):
    """What the row needs of the payload; the rest is checked to be JSON and not made into objects."""

    action: Any = None
    installation: _Thing | None = None
    repository: _Thing | None = None


_DECODE = msgspec.json.Decoder(_Outline).decode
_LONG_NUMBER = re.compile(rb"\d{10}")


def _quick(body: bytes) -> _Outline | None:
    """What ``_outline`` says, in a sixth of the time; None when that is to be asked: no object, or an odd one."""
    if _LONG_NUMBER.search(body[::STEP]):
        return None
    try:
        return _DECODE(body.decode())  # given bytes, it would skip over some that are not UTF-8
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _outline(guid: str, body: bytes) -> _Outline:
    try:
        payload = json.loads(body.decode())
    except RecursionError:
        raise BadDelivery(f"delivery {guid}: the body is nested too deeply to be read") from None
    except ValueError as error:
        raise BadDelivery(f"delivery {guid}: the body is not JSON ({_short(error)})") from None
    if not isinstance(payload, dict):
        raise BadDelivery(f"delivery {guid}: the body is a {type(payload).__name__}, not an object")
    return _Outline(payload.get("action"), _thing(payload.get("installation")), _thing(payload.get("repository")))


def _thing(found: object) -> _Thing | None:
    return _Thing(found.get("id")) if isinstance(found, dict) else None


def _id(thing: _Thing | None) -> int | None:
    found = thing and thing.id
    return found if type(found) is int and 0 < found <= MOST_ID else None  # True is an int to isinstance


def _short(error: ValueError) -> str:
    """A decoding error without the undecodable bytes that it holds."""
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:100]
