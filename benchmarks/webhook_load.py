"""Deliveries as fast as a server takes them, each with a GUID of its own, over keep-alive connections.

``wrk`` where it is installed, because it costs the least itself; else threads of ours. One body has
one signature, whatever its GUID, so neither has to sign while it measures.
"""

from __future__ import annotations

import http.client
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.receive import webhook

SECRET = "It's a Secret to Everybody"

LUA = """
local file = io.open("%s", "rb")
local body = file:read("*a")
file:close()
local headers, count = {["content-type"] = "application/json", ["x-github-event"] = "pull_request",
  ["x-hub-signature-256"] = "%s", ["user-agent"] = "GitHub-Hookshot/bench"}, 0
wrk.method = "POST"
request = function()
  count = count + 1
  headers["x-github-delivery"] = string.format("%s-%%d", count)
  return wrk.format(nil, "/webhook", headers, body)
end
"""


@dataclass(frozen=True)
class Load:
    """What came of one round. Milliseconds."""

    seconds: float
    answered: int
    refused: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Deliveries accepted per second."""
        return (self.answered - self.refused) / self.seconds


def drive(url: str, body: bytes, connections: int, seconds: float) -> Load:
    """Send ``body`` for so long, each time as a new delivery."""
    return (by_wrk if shutil.which("wrk") else by_threads)(url, body, connections, seconds)


def by_wrk(url: str, body: bytes, connections: int, seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        payload, script = Path(folder, "body"), Path(folder, "post.lua")
        payload.write_bytes(body)
        script.write_text(LUA % (payload, webhook.sign(body, SECRET).decode(), uuid.uuid4().hex[:12]))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "-s", str(script), url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    count, took = re.search(r"(\d+) requests in ([\d.]+)s", said).groups()  # type: ignore[union-attr]
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Load(float(took), int(count), int(refused[1]) if refused else 0, _ms(said, "50%"), _ms(said, "99%"))


def _ms(said: str, what: str) -> float:
    number, unit = re.search(rf"{what}\s+([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def by_threads(url: str, body: bytes, connections: int, seconds: float) -> Load:
    until = time.monotonic() + seconds
    signature = webhook.sign(body, SECRET).decode()
    took: list[float] = []
    refused: list[int] = []

    def send() -> None:
        line = http.client.HTTPConnection(urlsplit(url).netloc)
        while time.monotonic() < until:
            began = time.perf_counter()
            line.request("POST", "/webhook", body, delivery(str(uuid.uuid4()), signature))
            answer = line.getresponse()
            answer.read()
            took.append((time.perf_counter() - began) * 1000)
            if answer.status >= 300:
                refused.append(answer.status)
        line.close()

    threads = [threading.Thread(target=send) for _ in range(connections)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cut = statistics.quantiles(took, n=100)
    return Load(time.monotonic() - began, len(took), len(refused), cut[49], cut[98])


def delivery(guid: str, signature: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-github-event": "pull_request",
        "x-github-delivery": guid,
        "x-hub-signature-256": signature,
    }
