"""An endpoint that answers each turn after a fixed time with a scripted tool call. Standard library alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
from collections.abc import Iterator
from typing import Any

OUTPUT = b"def add(a, b):\n    return a - b\n" * 25
"""About 800 characters: a usual result of a command."""
SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def reply(command: str) -> bytes:
    call = {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": command})}}
    message = {"role": "assistant", "content": "I look at the file to understand it.", "tool_calls": [call]}
    usage = {"prompt_tokens": 1000, "completion_tokens": 40, "total_tokens": 1040}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    data = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data)


def serve(port: Any, latency: float, steps: int) -> None:
    """A look at the file per turn, and in turn number ``steps`` the submission."""
    look, submit = reply("cat src/app.py"), reply(SUBMIT)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                turns = body.count(b'"role":"assistant"') + body.count(b'"role": "assistant"')
                await asyncio.sleep(latency)
                writer.write(submit if turns + 1 >= steps else look)
                await writer.drain()

    async def main() -> None:
        server = await asyncio.start_server(converse, "127.0.0.1", 0, backlog=1024, limit=1 << 22)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextlib.contextmanager
def endpoint(latency: float, steps: int) -> Iterator[str]:
    """Its base URL; it is a process of its own, so that its work is not counted as the client's."""
    port: Any = multiprocessing.Queue()
    process = multiprocessing.Process(target=serve, args=(port, latency, steps), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get()}/v1"
    finally:
        process.kill()
        process.join()
