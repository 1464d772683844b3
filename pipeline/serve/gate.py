"""The gate after loading an adapter: does the server run it, and on the prompts it was trained on?

Adapters have been seen to load with success and change nothing. The adapter's probe says which
prompt its messages make, and where adapter and base differ most in the turn that follows; the server must
make the same prompt, and its answers under the two names must differ at that place.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import urllib3

from pipeline.errors import EndpointError, NoEffect, RunError
from pipeline.train.card import PROBE

log = logging.getLogger(__name__)

LIKELIEST = 20
"""Tokens whose log-probability a server shows: vLLM's own limit."""

LEAST_GAIN = 0.1
"""Nats; below it the difference drowns in the rounding of bfloat16."""

TIMEOUT = urllib3.Timeout(connect=5, read=300)


def load(url: str, name: str, adapter: Path) -> None:
    """Load ``adapter`` into the running server at ``url`` under ``name``. Raises RunError."""
    post(f"{url}/v1/load_lora_adapter", {"lora_name": name, "lora_path": str(adapter.resolve())})


def takes_effect(url: str, base: str, own: str, adapter: Path) -> None:
    """Hold the server against the adapter's probe.

    Raises NoEffect when the prompt is another one than in training, or own answers like base; RunError when
    the server does not answer.
    """
    path = adapter / PROBE
    if not path.is_file():
        log.warning("%s has no %s: not checked that the adapter takes effect", adapter, PROBE)
        return
    probe = json.loads(path.read_text(encoding="utf-8"))
    _same_prompt(url, own, probe)
    trained = probe["own_logprob"] - probe["base_logprob"]
    gain = _logprob(url, own, probe) - _logprob(url, base, probe)
    log.debug("probe: gain %.3f nats, in training %.3f", gain, trained)
    if trained < LEAST_GAIN:
        log.warning("%s: differs from its base by %.3f nats at most, too little to be checked", adapter, trained)
    elif gain < LEAST_GAIN:
        raise NoEffect(
            f"{adapter}: the server loaded it but it changes nothing (it makes the probe's token {gain:.3f} nats "
            f"likelier than the base does, in training {trained:.3f}); use another engine or version of it"
        )


def _same_prompt(url: str, model: str, probe: dict[str, Any]) -> None:
    asked = {"model": model, "messages": probe["messages"], "tools": probe["tools"] or None, "max_tokens": 1}
    answer = post(f"{url}/v1/chat/completions", asked | {"return_token_ids": True})
    ids = answer.get("prompt_token_ids")
    if ids != probe["prompt_token_ids"]:
        raise NoEffect(
            f"serve: the server makes another prompt of the probe's messages ({len(ids or ())} tokens) than training "
            f"read ({len(probe['prompt_token_ids'])}); serve with the adapter's own chat template"
        )


def _logprob(url: str, model: str, probe: dict[str, Any]) -> float:
    """Log-probability of the probe's token, in nats; where it is not among the likeliest, that of the last of them.

    For base that is more than the truth, so the gain is at least what is measured.

    Of a generated token, not of the prompt's: vLLM's engine dies of log-probabilities of a prompt when an
    adapter is loaded and another request runs.
    """
    asked = {"model": model, "prompt": probe["context_token_ids"], "max_tokens": 1, "temperature": 0}
    shown = {"logprobs": LIKELIEST, "return_tokens_as_token_ids": True}
    answer = post(f"{url}/v1/completions", asked | shown)
    likeliest: dict[str, float] = answer["choices"][0]["logprobs"]["top_logprobs"][0]
    return likeliest.get(f"token_id:{probe['token_id']}", min(likeliest.values()))


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """The JSON object that ``url`` answers. Raises EndpointError without an answer, RunError when it is not 200."""
    return _asked("POST", url, json=body)


def get(url: str) -> dict[str, Any]:
    """As ``post``, with nothing sent."""
    return _asked("GET", url)


def _asked(method: str, url: str, **more: Any) -> dict[str, Any]:
    try:
        answer = urllib3.request(method, url, timeout=TIMEOUT, retries=False, **more)
    except urllib3.exceptions.HTTPError as error:
        raise EndpointError(f"{url}: no answer ({error}); see the server's log") from None
    text = answer.data.decode("utf-8", "replace")
    if answer.status != 200:
        raise RunError(f"{url}: answered {answer.status}: {' '.join(text.split())[:300]}")
    parsed: Any = json.loads(text) if text.startswith("{") else {}
    return parsed if isinstance(parsed, dict) else {}
