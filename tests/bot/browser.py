"""A headless Chromium that is driven over its debugging socket: real widths, colour schemes, screenshots."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    "--remote-debugging-port=0",
    "about:blank",
]


@dataclass(frozen=True)
class Seen:
    """A page as the browser shows it."""

    png: bytes
    scroll_width: int
    """CSS pixels that its content needs from left to right."""
    background: str
    """Computed colour of the body, as ``rgb(...)``."""
    text: str
    """What a reader sees."""
    complaints: tuple[str, ...]
    """What the browser logged: resources refused by the policy, failures to load."""


class Tab:
    """One tab; commands are answered before the next is sent."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._events: list[dict[str, Any]] = []
        for domain in ("Page", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": values}))
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])

    def look(self, url: str, width: int, dark: bool = False) -> Seen:
        """Load ``url`` in a window of ``width`` CSS pixels and take the whole page's picture."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=phone)
        self.open(url)
        png = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        return Seen(
            base64.b64decode(png),
            int(self.value("document.documentElement.scrollWidth")),
            str(self.value("getComputedStyle(document.body).backgroundColor")),
            str(self.value("document.body.innerText")),
            tuple(event["params"]["entry"]["text"] for event in self._events if event["method"] == "Log.entryAdded"),
        )

    def open(self, url: str) -> None:
        """Go there and wait until it is loaded."""
        self._events.clear()
        self.call("Page.navigate", url=url)
        self.wait()

    def wait(self) -> None:
        """Until the page that is on its way is loaded."""
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._receive()

    def forget_events(self) -> None:
        self._events.clear()

    def value(self, script: str) -> Any:
        """What a JavaScript expression gives in the page."""
        return self.call("Runtime.evaluate", expression=script)["result"].get("value")

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=60))
        if "id" not in message:
            self._events.append(message)
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """A tab of a browser of its own, whose profile is in ``folder``."""
    assert CHROMIUM is not None
    command = [CHROMIUM, f"--user-data-dir={folder}", *FLAGS]
    # Not to a pipe: helpers of the browser may outlive it and would hold the pipe open.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _port(folder / "DevToolsActivePort")
        address = f"ws://127.0.0.1:{port}{_first_tab(port)}"
        with connect(address, max_size=None, open_timeout=60, ping_interval=None) as socket:
            yield Tab(socket)
    finally:
        process.kill()
        process.wait()


def _port(file: Path) -> int:
    """The port that the browser writes down once it listens."""
    for _ in range(600):
        if file.exists() and file.read_text().count("\n"):
            return int(file.read_text().split("\n")[0])
        time.sleep(0.1)
    raise AssertionError("Chromium did not start within a minute")


def _first_tab(port: int) -> str:
    import urllib.request

    for _ in range(600):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            found = [tab["webSocketDebuggerUrl"] for tab in json.load(answer) if tab["type"] == "page"]
        if found:
            return "/" + str(found[0]).split("/", 3)[3]
        time.sleep(0.1)
    raise AssertionError("Chromium showed no page within a minute")
