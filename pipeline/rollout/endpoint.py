"""A chat endpoint of any known dialect: retries, and what the server's refusals mean.

Retried with jitter, up to a cap: 408, 409, 429, 5xx, connection errors, replies that are not a
completion. Retry-After is waited for, up to that cap, and then some: all that were told the same
moment must not come back in it. Everything else is an answer and is raised at once.
The key travels in its header only; no error, log line or ``repr`` shows it.
Not covered: streaming.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import EndpointError, RunError
from pipeline.rollout import wire
from pipeline.rollout.conversation import Conversation
from pipeline.rollout.dialect import dialect_of
from pipeline.rollout.transport import Fault, Transport
from pipeline.rollout.wire import Reply, Usage
from pipeline.types import Message

__all__ = ["ContextExceeded", "Endpoint", "NoReply", "Reply", "Retry", "Usage"]

log = logging.getLogger(__name__)

_AGAIN = {408, 409, 429}
_HINTS = {
    401: "check the key",
    403: "check the key and what it may use",
    404: "check the URL (its path usually ends in /v1) and the model name",
    429: "lower the concurrency or wait",
}


class NoReply(EndpointError):
    """The endpoint gave no turn after every allowed retry."""

    def __init__(self, what: str, usage: Usage) -> None:
        """``usage``: what the tries were billed all the same."""
        super().__init__(what)
        self.usage = usage


class ContextExceeded(RunError):
    """The server says that the prompt is too long for the model's context."""


@dataclass(frozen=True)
class Retry:
    """How patiently a call is repeated. The defaults wait about a minute in all, so that a server can restart."""

    tries: int = 8
    first_seconds: float = 0.5
    """Longest first pause; it doubles each time and half of it is chance."""
    cap_seconds: float = 30.0
    """Longest pause of our own, and longest Retry-After that is waited for; at most both together."""

    def pause(self, attempt: int, asked: float | None) -> float:
        """Seconds to wait after try number ``attempt`` (0-based); ``asked`` is the server's Retry-After."""
        grown = min(self.cap_seconds, self.first_seconds * 2.0**attempt)
        jittered = grown * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, guards nothing)
        return jittered + min(self.cap_seconds, asked or 0.0)


class Endpoint:
    """A model behind a base URL; thread-safe, ``pool_size`` requests at once (more wait their turn)."""

    def __init__(
        self,
        url: str,
        model: str,
        key: str | None = None,
        *,
        max_output_tokens: int = 4096,
        temperature: float | None = None,
        pool_size: int = 128,
        request_seconds: float = 600,
        retry: Retry | None = None,
        send_seed: bool = False,
        token_ids: bool = False,
    ) -> None:
        """``temperature`` None leaves it to the server. ``request_seconds`` bounds one try; a call, twice that.

        ``send_seed`` is off because a seeded request stops vLLM's CPU engine when chunked prefill is on;
        turn it on for a server that is known to take seeds. ``url`` tells the dialect (``dialect_of``).
        Raises InputError for an unusable URL.
        """
        self._dialect, plain = dialect_of(url)
        self._transport = Transport(plain, self._dialect.headers(key), pool_size, request_seconds)
        self.url = url.rstrip("/")
        self.model = model
        self._key = key
        self.temperature = temperature
        self._options: dict[str, Any] = {"max_tokens": max_output_tokens, "temperature": temperature}
        self._ask_ids = token_ids
        self._length_option = "max_tokens"
        self._request_seconds = request_seconds
        self._retry = retry or Retry()
        self._send_seed = send_seed
        self._pool_size = pool_size

    @property
    def has_key(self) -> bool:
        """Whether requests carry a key."""
        return bool(self._key)

    def settings(self) -> dict[str, Any]:
        """Arguments that make the same endpoint in another process: all but the key, which is not to travel."""
        return {
            "url": self.url,
            "model": self.model,
            "max_output_tokens": self._options["max_tokens"],
            "temperature": self.temperature,
            "pool_size": self._pool_size,
            "request_seconds": self._request_seconds,
            "retry": self._retry,
            "send_seed": self._send_seed,
            "token_ids": self._ask_ids,
        }

    def __repr__(self) -> str:
        return f"Endpoint({self.url!r}, {self.model!r})"

    def chat(
        self,
        messages: Sequence[Message] | Conversation,
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        seed: int | None = None,
        max_output_tokens: int | None = None,
        seconds: float | None = None,
    ) -> Reply:
        """The model's next turn. ``seconds``: deadline of the whole call, retries included (None: see the class).

        Raises NoReply after the retries, ContextExceeded when the prompt is too long.
        """
        started = time.monotonic()
        conversation = messages if isinstance(messages, Conversation) else Conversation(messages)
        allowed = 2 * self._request_seconds
        deadline = started + (allowed if seconds is None else min(seconds, allowed))
        options = {"seed": seed if self._send_seed else None, "max_tokens": max_output_tokens}
        wasted = Usage()
        for attempt in range(self._retry.tries):
            try:
                body = self._dialect.request(self.model, conversation, tools, self._with_defaults(options))
                message, finish, usage = self._complete(body, len(conversation), deadline)
                return Reply(message, finish, wasted + usage, time.monotonic() - started)
            except Fault as fault:
                wasted += fault.usage
                self._wait_or_raise(fault, attempt, deadline, wasted)
        raise AssertionError("the last try returns or raises")

    def check(self) -> None:
        """Make sure that the model answers: GET /models, and where that does not settle it one token of chat.

        Raises EndpointError naming the URL, the model and what is served instead.
        """
        deadline = time.monotonic() + min(30.0, self._request_seconds)
        served: list[str] = []
        try:
            status, _, body = self._transport.exchange("GET", "/models", (), deadline)
            served = wire.model_ids(body) if status == 200 else []
            if self.model not in served:  # aliases are not always listed: the model itself has the last word
                options = self._with_defaults({"max_tokens": 1})
                hello = Conversation([{"role": "user", "content": "Hello"}])
                self._complete(self._dialect.request(self.model, hello, (), options), 0, deadline)
        except Fault as fault:
            names = f"; it serves {', '.join(served[:8])}" if served else ""
            raise EndpointError(f"{self._name()}: {fault}{names}") from None

    def _with_defaults(self, options: Mapping[str, Any]) -> dict[str, Any]:
        merged = self._options | {key: value for key, value in options.items() if value is not None}
        merged[self._length_option] = merged.pop("max_tokens")
        if self._ask_ids:
            merged["return_token_ids"] = True
        return merged

    def _wait_or_raise(self, fault: Fault, attempt: int, deadline: float, wasted: Usage) -> None:
        pause = self._retry.pause(attempt, fault.asked)
        last = attempt + 1 >= self._retry.tries
        if not fault.again or last or time.monotonic() + pause >= deadline:
            tried = f" ({attempt + 1} tries)" if attempt else ""
            raise NoReply(f"{self._name()}: {fault}{tried}", wasted) from None
        log.debug("%s: %s; again in %.1f s", self._name(), fault, pause)
        time.sleep(pause)

    def _complete(self, body: wire.Body, turn: int, deadline: float) -> tuple[Message, str, Usage]:
        status, headers, answer = self._transport.exchange("POST", self._dialect.path, body, deadline)
        if status != 200:
            raise self._refusal(status, headers, answer)
        try:
            return self._dialect.reply(answer, turn)
        except wire.BadReply as error:
            said = self._without_key(str(error))
            if wire.too_long(400, said):  # some gateways wrap their servers' refusals into a 200
                raise self._too_long(said) from None
            raise Fault(f"{said}; see the server's log", error.again, usage=error.usage) from None

    def _refusal(self, status: int, headers: Mapping[str, str], answer: bytes) -> Exception:
        said = self._without_key(wire.error_text(answer))
        if wire.too_long(status, said):
            return self._too_long(said)
        if status == 400 and "max_completion_tokens" in said and self._length_option == "max_tokens":
            self._length_option = "max_completion_tokens"  # what newer OpenAI models call it; others know the old name
            return Fault(said, again=True, asked=0.0)
        if status in (400, 422) and self._ask_ids and "return_token_ids" in said:
            self._ask_ids = False
            log.warning("%s: gives no token ids (%s); samples will have none", self._name(), said)
            return Fault(said, again=True, asked=0.0)
        hint = _HINTS.get(status, "see the server's log")
        again = status in _AGAIN or status >= 500
        return Fault(f"HTTP {status}: {said or 'no explanation'}; {hint}", again, _seconds(headers.get("Retry-After")))

    def _too_long(self, said: str) -> ContextExceeded:
        return ContextExceeded(f"{self._name()}: {said}; lower context_tokens or the length of the prompt")

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text

    def _name(self) -> str:
        return f"{self.url}: model {self.model!r}"


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; the date form and nonsense count as not given."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
