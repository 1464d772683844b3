"""The public name inside the server: requests are turned over, counted, and listed, without a server around."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.serve.names import CONTROL, Event, Names, Receive, Scope, Send


class Server:
    """Echoes the body that it was sent; lists what vLLM would list. Holds requests while ``gate`` is not set."""

    def __init__(self) -> None:
        self.gate: asyncio.Event | None = None
        self.after: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        models = [{"id": "base"}, {"id": "own-1", "parent": "base"}, {"id": "own-2", "parent": "base"}]
        body = json.dumps({"object": "list", "data": models}).encode()
        if scope["method"] == "POST":
            part = await receive()
            body = part["body"]
            while part.get("more_body"):
                part = await receive()
                body += part["body"]
            declared = dict(scope["headers"]).get(b"content-length")
            assert declared in (None, str(len(body)).encode())
            if self.gate:
                await self.gate.wait()
                self.after.append((await receive())["type"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})


async def ask(names: Names, path: str, body: Any = None, server: Any = None) -> tuple[int, Any]:
    """What a client gets; ``body`` None is a GET. It comes in two parts, and then the client goes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    parts: list[Event] = [
        {"type": "http.request", "body": raw[:3], "more_body": True},
        {"type": "http.request", "body": raw[3:]},
    ]
    sent: list[Event] = []

    async def receive() -> Event:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(event: Event) -> None:
        sent.append(event)

    headers = [(b"content-type", b"application/json"), (b"Content-Length", b"%d" % len(raw))]
    method = "GET" if body is None else "POST"
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "app": server}
    await names(scope, receive, send)
    answer = b"".join(event.get("body", b"") for event in sent[1:])
    assert dict(sent[0]["headers"])[b"content-length"] == b"%d" % len(answer)
    return sent[0]["status"], json.loads(answer)


def test_own_is_what_it_was_told_to_be_and_all_else_passes() -> None:
    async def talk() -> None:
        names = Names(Server())
        assert (await ask(names, "/v1/chat/completions", {"model": "own"}))[0] == 503
        await ask(names, CONTROL, {"own": "own-1"})
        for path in ("/v1/chat/completions", "/v1/completions", "/v1/messages", "/tokenize"):
            asked = {"model": "own", "messages": [{"content": "é🎉"}], "seed": 2**63}
            assert await ask(names, path, asked) == (200, asked | {"model": "own-1"})
        for other in ({"model": "base"}, {"model": "own-2"}, {"model": 3}, {}, []):
            assert await ask(names, "/v1/chat/completions", other) == (200, other)
        assert await ask(names, "/v1/load_lora_adapter", {"model": "own"}) == (200, {"model": "own"})
        assert (await ask(names, CONTROL))[1] == {"names": {"own": "own-1"}, "running": {}}

    asyncio.run(talk())


def test_bad_json_is_the_servers_to_refuse() -> None:
    async def talk() -> None:
        events: list[Event] = []

        async def server(scope: Scope, receive: Receive, send: Send) -> None:
            events.append(await receive())

        names = Names(server)
        for body in (b"{", b"\xff\xfe", b"[" * 100_000):
            parts: list[Event] = [{"type": "http.request", "body": body}]

            async def receive(parts: list[Event] = parts) -> Event:
                return parts.pop()

            async def send(event: Event) -> None:
                raise AssertionError("answered")

            await names({"type": "http", "method": "POST", "path": "/v1/completions", "headers": []}, receive, send)
            assert events.pop()["body"] == body

    asyncio.run(talk())


def test_what_runs_is_counted_under_the_name_that_it_began_with() -> None:
    async def talk() -> None:
        server = Server()
        names, server.gate = Names(server), asyncio.Event()
        await ask(names, CONTROL, {"own": "own-1"})
        first = asyncio.create_task(ask(names, "/v1/completions", {"model": "own"}))
        await asyncio.sleep(0)
        await ask(names, CONTROL, {"own": "own-2"})
        second = asyncio.create_task(ask(names, "/v1/completions", {"model": "own"}))
        await asyncio.sleep(0)
        assert (await ask(names, CONTROL))[1] == {"names": {"own": "own-2"}, "running": {"own-1": 1, "own-2": 1}}
        server.gate.set()
        assert [(await first)[1]["model"], (await second)[1]["model"]] == ["own-1", "own-2"]
        assert server.after == ["http.disconnect"] * 2, "a server learns that its client has gone"
        assert (await ask(names, CONTROL))[1]["running"] == {}

    asyncio.run(talk())


def test_a_request_that_fails_runs_no_longer() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("engine")

    async def talk() -> None:
        names = Names(broken)
        with pytest.raises(RuntimeError, match="engine"):
            await ask(names, "/v1/completions", {"model": "x"})
        assert (await ask(names, CONTROL))[1]["running"] == {}

    asyncio.run(talk())


def test_adapters_are_listed_by_their_public_name_alone() -> None:
    async def talk() -> None:
        names = Names(Server())
        assert [m["id"] for m in (await ask(names, "/v1/models"))[1]["data"]] == ["base"]
        await ask(names, CONTROL, {"own": "own-2"})
        assert [m["id"] for m in (await ask(names, "/v1/models"))[1]["data"]] == ["base", "own"]

    asyncio.run(talk())


class Engine:
    """Holds adapters by number. A step under way loads number 7 once more after its first removal, as vLLM's does."""

    def __init__(self, *numbers: int) -> None:
        self.loaded, self.steps = set(numbers), [7]

    async def list_loras(self) -> set[int]:
        return set(self.loaded)

    async def remove_lora(self, number: int) -> bool:
        self.loaded.discard(number)
        if number in self.steps:
            self.steps.remove(number)
            self.loaded.add(number)
        return True


def test_dropping_reaches_the_engine_and_steps_under_way_bring_nothing_back() -> None:
    models = SimpleNamespace(lora_requests={f"own-{n}": SimpleNamespace(lora_int_id=n) for n in (7, 8)})
    engine = Engine(7, 8, 9)
    server = SimpleNamespace(state=SimpleNamespace(openai_serving_models=models, engine_client=engine))

    async def talk() -> None:
        names = Names(Server())
        assert await ask(names, CONTROL, {"drop": "own-7"}, server) == (200, {"loaded": 1})
        assert await ask(names, CONTROL, {"drop": "nothing"}, server) == (200, {"loaded": 1})
        assert (await ask(names, CONTROL, {"drop": "own-8"}, SimpleNamespace(state=None)))[0] == 501
        assert (await ask(names, CONTROL, {"mine": "own-8"}, server))[0] == 400

    asyncio.run(talk())
    assert (engine.loaded, set(models.lora_requests)) == ({8}, {"own-8"})
