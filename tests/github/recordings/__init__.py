"""Recorded GitHub material, read from the files beside this one."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WEBHOOKS = ("api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35")


def webhooks(source: str = "api.github.com") -> list[tuple[str, dict[str, Any]]]:
    """Event name and payload of each recorded example of ``source``, one of WEBHOOKS."""
    return [(row["event"], row["payload"]) for row in json.loads(_read(f"webhooks-{source}.json.xz"))]


def graphql_schema() -> str:
    """The GraphQL schema in its definition language."""
    return _read("schema.graphql.xz").decode()


def openapi() -> dict[str, Any]:
    """The REST description of what we use."""
    return json.loads(_read("openapi.json.xz"))  # type: ignore[no-any-return]


def tapes(name: str) -> list[dict[str, Any]]:
    """Recorded exchanges, in order: paginate-issues, rename-repository or errors.

    Each has method (lower case), path, status, headers, body (what was sent) and response.
    """
    return json.loads(_read("tapes.json.xz"))[name]  # type: ignore[no-any-return]


def _read(name: str) -> bytes:
    return lzma.decompress((HERE / name).read_bytes())
