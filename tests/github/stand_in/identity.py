"""Who is asking: the App by its JWT, an installation by its token, or a person by a plain token."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.github.stand_in.wire import Problem

FULL = {
    "metadata": "read",
    "contents": "read",
    "issues": "write",
    "pull_requests": "write",
    "checks": "write",
    "actions": "write",
}
TOKEN_SECONDS = 3600


@dataclass
class Installation:
    id: int
    account: str
    permissions: dict[str, str] = field(default_factory=lambda: dict(FULL))
    suspended: bool = False
    removed: bool = False

    def shown(self, app_id: int) -> dict[str, Any]:
        return {
            "id": self.id,
            "app_id": app_id,
            "account": {"login": self.account, "id": self.id, "type": "Organization"},
            "target_type": "Organization",
            "repository_selection": "selected",
            "permissions": self.permissions,
            "events": ["pull_request", "issues"],
            "suspended_at": "2026-01-01T00:00:00Z" if self.suspended else None,
        }


@functools.lru_cache
def private_key(which: int = 0) -> str:
    """PEM of a test key; ``which`` gives different ones."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form, plain = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    return made.private_bytes(serialization.Encoding.PEM, form, plain).decode()


@functools.lru_cache
def _public_key(pem: str) -> Any:
    return serialization.load_pem_private_key(pem.encode(), password=None).public_key()


def check_jwt(token: str, pem: str, app_id: int, now: float) -> None:
    """Raises Problem with the words of GitHub for a token that it would not believe at ``now``."""
    try:
        claims = jwt.decode(
            token, _public_key(pem), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
        )
    except jwt.PyJWTError:
        raise Problem(401, "A JSON web token could not be decoded") from None
    if str(claims.get("iss")) != str(app_id):
        raise Problem(404, "Integration not found")
    if claims["iat"] > now:
        words = "must be an Integer representing the time that the assertion was issued"
        raise Problem(401, f"'Issued at' claim ('iat') {words}")
    if claims["exp"] <= now:
        raise Problem(401, "'Expiration time' claim ('exp') must be a numeric value in the future")
    if claims["exp"] > now + 600:
        raise Problem(401, "'Expiration time' claim ('exp') is too far in the future")


def iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
