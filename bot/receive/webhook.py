"""From the bytes of a webhook delivery to a verified event. Pure; no framework, no I/O."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError

PREFIX = b"sha256="


class BadSignature(InputError):
    """The delivery is not signed with any of our secrets: answer 401 and keep nothing."""


class BadDelivery(InputError):
    """Signed by us and still not a webhook delivery: answer 400."""


@dataclass(frozen=True)
class Event:
    """A verified delivery."""

    guid: str
    """``X-GitHub-Delivery``: unique per delivery, the same when it is delivered again."""
    name: str
    """``X-GitHub-Event``: pull_request, issues, ..."""
    action: str | None
    """The payload's ``action``, or None where the event has none."""
    payload: Mapping[str, Any]


def verify(body: bytes, signature: str | None, secrets: Sequence[str]) -> None:
    """Check ``X-Hub-Signature-256`` over the raw body against each secret (two while rotating).

    Compares bytes in constant time. Raises BadSignature, also for no secret or an empty one: a
    receiver without a secret would believe everybody.
    """
    given = (signature or "").encode("utf-8", "surrogateescape")
    for secret in filter(None, secrets):
        if hmac.compare_digest(sign(body, secret), given):
            return
    raise BadSignature("the signature does not match any webhook secret; check SWITCHOVER_WEBHOOK_SECRET")


def sign(body: bytes, secret: str) -> bytes:
    """The value of ``X-Hub-Signature-256`` for ``body``."""
    return PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()


def parse(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> Event:
    """The event of a delivery whose header names are in lower case.

    Raises BadSignature before anything of the body is read, BadDelivery for what is missing.
    """
    verify(body, headers.get("x-hub-signature-256"), secrets)
    guid, name = headers.get("x-github-delivery"), headers.get("x-github-event")
    if not guid or not name:
        raise BadDelivery("X-GitHub-Delivery or X-GitHub-Event is missing; is this a webhook delivery?")
    try:
        payload = json.loads(body)
    except ValueError as error:
        raise BadDelivery(f"delivery {guid}: the body is not JSON ({error})") from None
    if not isinstance(payload, dict):
        raise BadDelivery(f"delivery {guid}: the body is a {type(payload).__name__}, not an object")
    action = payload.get("action")
    return Event(guid, name, action if isinstance(action, str) else None, payload)
