"""The gate after loading an adapter: does the server run it, and on the prompts it was trained on?

Adapters have been seen to load with success and change nothing. The adapter's probe says which
prompt its messages make, and how likely base and adapter find the turn that follows; the server must
make the same prompt, and its answers under the two names must differ as those two do.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import urllib3

from pipeline.errors import RunError
from pipeline.train.card import PROBE

log = logging.getLogger(__name__)

TIMEOUT = urllib3.Timeout(connect=5, read=300)


def load(url: str, name: str, adapter: Path) -> None:
    """Load ``adapter`` into the running server at ``url`` under ``name``. Raises RunError."""
    _post(f"{url}/v1/load_lora_adapter", {"lora_name": name, "lora_path": str(adapter.resolve())})


def takes_effect(url: str, base: str, own: str, adapter: Path) -> None:
    """Hold the server against the adapter's probe.

    Raises RunError when the prompt is another one than in training, or own answers like base.
    """
    path = adapter / PROBE
    if not path.is_file():
        log.warning("%s has no %s: not checked that the adapter takes effect", adapter, PROBE)
        return
    probe = json.loads(path.read_text(encoding="utf-8"))
    _same_prompt(url, own, probe)
    with_own, with_base = (_logprob(url, model, probe) for model in (own, base))
    log.debug("probe: own %.3f (trained %.3f), base %.3f", with_own, probe["own_logprob"], with_base)
    gain = probe["own_logprob"] - probe["base_logprob"]
    if abs(with_own - with_base) < 0.5 * abs(gain):
        raise RunError(
            f"{adapter}: the server loaded it but it changes nothing (log-probability of the probe {with_own:.3f} with "
            f"it, {with_base:.3f} without, {probe['own_logprob']:.3f} in training); use another engine or version"
        )
    if abs(with_own - probe["own_logprob"]) > 0.5 * abs(gain):
        log.warning("%s: log-probability of the probe is %.3f here, %.3f in training: another base or precision?",
                    adapter, with_own, probe["own_logprob"])  # fmt: skip


def _same_prompt(url: str, model: str, probe: dict[str, Any]) -> None:
    asked = {"model": model, "messages": probe["messages"], "tools": probe["tools"] or None, "max_tokens": 1}
    answer = _post(f"{url}/v1/chat/completions", asked | {"return_token_ids": True})
    ids = answer.get("prompt_token_ids")
    if ids != probe["prompt_token_ids"]:
        raise RunError(
            f"serve: the server makes another prompt of the probe's messages ({len(ids or ())} tokens) than training "
            f"read ({len(probe['prompt_token_ids'])}); serve with the adapter's own chat template"
        )


def _logprob(url: str, model: str, probe: dict[str, Any]) -> float:
    """Mean log-probability per token of the probe's turn, in nats."""
    ids = probe["prompt_token_ids"] + probe["turn_token_ids"]
    asked = {"model": model, "prompt": ids, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
    rows = _post(f"{url}/v1/completions", asked)["choices"][0]["prompt_logprobs"]
    turn = probe["turn_token_ids"]
    found = [row[str(token)]["logprob"] for row, token in zip(rows[-len(turn) :], turn, strict=True)]
    return float(sum(found) / len(found))


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = urllib3.request("POST", url, json=body, timeout=TIMEOUT, retries=False)
    except urllib3.exceptions.HTTPError as error:
        raise RunError(f"{url}: no answer ({error}); see the server's log") from None
    text = answer.data.decode("utf-8", "replace")
    if answer.status != 200:
        raise RunError(f"{url}: answered {answer.status}: {' '.join(text.split())[:300]}")
    parsed: Any = json.loads(text) if text.startswith("{") else {}
    return parsed if isinstance(parsed, dict) else {}
