"""What a sandboxed agent may ask of a model API. Pure.

The API itself is a way out: it searches the web, fetches documents by URL and calls other servers
when a request says so, and any of these could bring the answer. So only plain turns of a model
pass: known paths, tools that run on the agent's own side, material that is in the request.
Not covered: a model that searches by itself without being asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MOST_BYTES = 32 * 1024 * 1024
"""Of one request."""

_PATHS = {
    ("POST", "/messages"),
    ("POST", "/messages/count_tokens"),
    ("POST", "/chat/completions"),
    ("POST", "/responses"),
    ("GET", "/models"),
}
_QUERY = re.compile(r"[\w=&.-]*", re.ASCII)
_OWN_TOOLS = re.compile(
    r"(function|custom|local_shell|shell|apply_patch|bash_\d+|text_editor_\d+|memory_\d+)?", re.ASCII
)
_SEARCHES = re.compile(r":online$|\bsearch\b|^sonar", re.IGNORECASE)
_REMOTE_KEYS = ("mcp_servers", "web_search_options", "plugins", "search_parameters", "container")
_KEPT_HEADERS = ("content-type", "accept", "anthropic-version", "anthropic-beta", "openai-beta")


class Refused(Exception):
    """A request that does not pass; its text is told to the agent."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def target(method: str, raw: str) -> str:
    """Path and query below the configured base URL. Raises Refused."""
    path, _, query = raw.partition("?")
    path = path.removeprefix("/v1")
    if (method, path) not in _PATHS or not _QUERY.fullmatch(query):
        raise Refused(403, f"{method} {raw[:200]}: this sandbox reaches model turns only")
    return f"{path}?{query}" if query else path


def headers(given: Mapping[str, str]) -> dict[str, str]:
    """Those of the agent's headers that are passed on: no key, no cookie, no host."""
    return {name.lower(): value for name, value in given.items() if name.lower() in _KEPT_HEADERS}


def body(data: bytes, path: str) -> bytes:
    """The body to send on to ``path``; a streamed chat completion is asked for its usage. Raises Refused."""
    try:
        request = json.loads(data)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(request, dict):
        raise Refused(400, "the body is not a JSON object")
    if why := _reaches_out(request):
        raise Refused(403, f"{why}: this sandbox has no network, and the model's server is no way around it")
    if path == "/chat/completions" and request.get("stream"):
        options = request.get("stream_options")
        request["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
    return json.dumps(request).encode()  # what was looked at, and not a text that another parser may read otherwise


def _reaches_out(request: Mapping[str, Any]) -> str:
    for key in _REMOTE_KEYS:
        if request.get(key):
            return key
    if _SEARCHES.search(str(request.get("model") or "")):
        return f"model {request['model']!s:.100}"
    tools = request.get("tools") or []
    if not isinstance(tools, list):
        return "tools of another form"
    for tool in tools:
        kind = tool.get("type") if isinstance(tool, dict) else "?"
        if kind is not None and not _OWN_TOOLS.fullmatch(str(kind)):
            return f"tool {kind!s:.100}"
    return next(_fetched(request), "")


def _fetched(value: Any) -> Iterator[str]:
    """Parts that the server would fetch from elsewhere."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += item
        elif isinstance(item, dict):
            if item.get("type") == "url" and "url" in item:
                yield "a document by URL"
            for key in ("image_url", "file_url"):
                link = item.get(key)
                link = link.get("url") if isinstance(link, dict) else link
                if isinstance(link, str) and not link.startswith("data:"):
                    yield f"{key} of another server"
            stack += item.values()
