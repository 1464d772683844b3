"""Headless Chromium on a pipe: pages are opened, clicked and read; what they ask for or complain of is kept."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--remote-debugging-pipe",
]  # fmt: skip

marks = [pytest.mark.chromium, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]


class Browser:
    """The wire: commands with their answers; events in the order in which they come."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, os.fdopen(answers, "rb", buffering=0)
        self._rest = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._number += 1
        order = {"id": self._number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while (answer := self.read()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = self._answers.read(1 << 20)
            assert more, "the browser is gone"
            self._rest += more
        line, self._rest = self._rest.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser of its own; ``folder`` is for its profile."""
    assert CHROMIUM is not None
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (theirs_in, theirs_out)]
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, high[0], 3),
        (os.POSIX_SPAWN_DUP2, high[1], 4),
    ]
    words = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    process = os.posix_spawn(CHROMIUM, words, dict(os.environ), file_actions=actions, setpgroup=0)
    for fd in (theirs_in, theirs_out, *high):
        os.close(fd)
    one = Browser(ours_out, ours_in)
    try:
        yield one
    finally:
        with contextlib.suppress(AssertionError, OSError):
            one.send("Browser.close")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(ours_out)
        one._answers.close()


class Tab:
    """One page in the browser."""

    def __init__(self, wire: Browser, width: int, height: int, dark: bool = False) -> None:
        self._wire = wire
        target = wire.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = wire.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        return self._wire.send(method, self._session, **params)

    def open(self, page: Path, fragment: str = "") -> None:
        """Go there, and wait until all of it is parsed."""
        self.send("Page.navigate", url=page.as_uri() + fragment)
        self.until("document.readyState === 'complete' && !!document.getElementById('end')")

    def run(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        told = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until a condition holds in the page, looked at with every frame."""
        deadline = "performance.now() + 60000"
        self.run(
            f"new Promise((done, fail) => {{ const end = {deadline}; const look = () => ({condition}) ? done() : "
            f"performance.now() > end ? fail(new Error({json.dumps(condition)})) : setTimeout(look, 15); look(); }})"
        )

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)}).textContent"))

    def texts(self, selector: str) -> list[str]:
        found = self.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")
        return [str(text) for text in found]

    def click(self, selector: str) -> None:
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def key(self, key: str) -> None:
        """Press and release, as on a keyboard."""
        code = {"Escape": 27, "Enter": 13, "ArrowDown": 40}.get(key)
        more = {"windowsVirtualKeyCode": code} if code else {"text": key}
        if key == "Enter":
            more["text"] = "\r"
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **more)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, text: str) -> None:
        self.send("Input.insertText", text=text)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def events(self, method: str) -> list[dict[str, Any]]:
        mine = (event for event in self._wire.events if event.get("sessionId") == self._session)
        return [event["params"] for event in mine if event["method"] == method]

    def complaints(self) -> list[str]:
        """Exceptions, errors and refusals that the page's console shows."""
        said = [event["entry"]["text"] for event in self.events("Log.entryAdded")]
        thrown = [event["exceptionDetails"]["text"] for event in self.events("Runtime.exceptionThrown")]
        return said + thrown + [str(event["args"]) for event in self.events("Runtime.consoleAPICalled")]

    def requests(self) -> list[str]:
        """Everything that was asked for, the page itself included."""
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]
