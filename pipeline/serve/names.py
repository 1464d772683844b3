"""The public name ``own`` inside vLLM's server: an ASGI middleware that vLLM loads by ``--middleware``.

Adapters are loaded under names that are used once (own-1, own-2, ...); requests ask for ``own``. This turns one
into the other, and counts what runs under each name, so that an old adapter is dropped when its last request has
ended. vLLM's own way, loading in place, changes the weights under requests that run, and reads them from disk
again at every step that follows (0.32).

    GET  /switchover/names                    {"names": {"own": "own-2"}, "running": {"own-1": 1, "own-2": 3}}
    POST /switchover/names {"own": "own-2"}   from now on own is own-2
    POST /switchover/names {"drop": "own-1"}  forget own-1, in the engine too, and all that has no name there
                                              {"loaded": 1}: so many adapters are left in the engine

Runs in the server's process, on its event loop; imports nothing of vLLM. As safe as vLLM's own loading of
adapters by request: for loopback only.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTROL = "/switchover/names"
PUBLIC = "own"
SETTLE_SECONDS = 0.5
"""For steps that were scheduled before an adapter was dropped."""

ADMINISTRATION = ("/v1/load_lora_adapter", "/v1/unload_lora_adapter", CONTROL)


class Names:
    """Wraps the server's application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._names: dict[str, str] = {}
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        method, path = scope["method"], scope["path"]
        if path == CONTROL:
            return await self._control(scope, receive, send)
        if method == "GET" and path == "/v1/models":
            return await self._app(scope, receive, _Listing(send, self._names).send)
        if method == "POST" and path not in ADMINISTRATION:
            return await self._ask(scope, receive, send)
        return await self._app(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return None
        asked = _object(body)
        model = asked.get("model")
        if model == PUBLIC and PUBLIC not in self._names:
            return await _answer(send, 503, {"error": {"message": f"{PUBLIC} is being loaded; ask again", "code": 503}})
        if model == PUBLIC:
            model = self._names[PUBLIC]
            body = json.dumps(asked | {"model": model}).encode()
            scope = {**scope, "headers": _headers(scope, len(body))}
        name = str(model)
        self._running[name] += 1
        try:
            return await self._app(scope, _replay(body, receive), send)
        finally:
            self._running[name] -= 1
            self._running += Counter()  # drops zeros: names come from requests and must not pile up

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            asked = _object(await _body(receive) or b"")
            if isinstance(asked.get("drop"), str):
                return await _answer(send, *await _drop(scope["app"], asked["drop"]))
            if not isinstance(asked.get(PUBLIC), str):
                return await _answer(send, 400, {"error": {"message": f'give {{"{PUBLIC}": NAME}}', "code": 400}})
            self._names[PUBLIC] = asked[PUBLIC]
        return await _answer(send, 200, {"names": self._names, "running": self._running})


async def _drop(server: Any, name: str) -> tuple[int, dict[str, Any]]:
    """Forget the adapter in the engine as well: vLLM's own unloading leaves it in its place there.

    Places are few, and on a CPU the last one must stay empty (``engines.SLOTS``). Everything without a name goes:
    a step that was scheduled before an adapter's last request ended loads it once more, after it was dropped.
    """
    try:
        named = server.state.openai_serving_models.lora_requests
        named.pop(name, None)
        for pause in (0.0, SETTLE_SECONDS):
            await asyncio.sleep(pause)
            for number in await _loaded(server) - {lora.lora_int_id for lora in named.values()}:
                await server.state.engine_client.remove_lora(number)
        return 200, {"loaded": len(await _loaded(server))}
    except AttributeError as error:
        return 501, {"error": {"message": f"this vLLM is built otherwise: {error}", "code": 501}}


async def _loaded(server: Any) -> set[int]:
    return set(await server.state.engine_client.list_loras())


class _Listing:
    """Lists adapters under their public name; one that is loaded and not yet public, not at all."""

    def __init__(self, send: Send, names: dict[str, str]) -> None:
        self._send, self._names = send, names
        self._start: Event = {}
        self._parts: list[bytes] = []

    async def send(self, event: Event) -> None:
        """Holds the reply back until it is whole."""
        if event["type"] == "http.response.start":
            self._start = event
            return
        self._parts.append(event.get("body", b""))
        if event.get("more_body"):
            return
        body = self._renamed(b"".join(self._parts))
        await self._send({**self._start, "headers": _headers(self._start, len(body))})
        await self._send({"type": "http.response.body", "body": body})

    def _renamed(self, body: bytes) -> bytes:
        listed = _object(body)
        if not isinstance(listed.get("data"), list):
            return body
        public = {real: name for name, real in self._names.items()}
        kept = [m | {"id": public.get(m["id"], m["id"])} for m in listed["data"] if _shown(m, public)]
        return json.dumps(listed | {"data": kept}).encode()


def _shown(model: dict[str, Any], public: dict[str, str]) -> bool:
    return not model.get("parent") or model["id"] in public


async def _body(receive: Receive) -> bytes | None:
    """The request's whole body; None when the client went before it was sent."""
    parts: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        parts.append(event.get("body", b""))
        if not event.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """What was read, then whatever follows: the server learns from it that a client has gone."""
    first: list[Event] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Event:
        return first.pop() if first else await receive()

    return again


def _headers(message: Event, length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``; empty where there is none: the server itself says what is wrong with it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


async def _answer(send: Send, status: int, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 503:
        headers.append((b"retry-after", b"2"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
