"""Which of vLLM's parsers reads a base model's tool calls and its reasoning: the one place that knows.

A model family is not enough: two Qwen3 models of one architecture write calls as JSON and as XML, and one of
them thinks while the other does not. What a model does stands in its chat template, so that is asked first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

THOUGHT = "<think>"
"""What a model's thoughts begin with, in every family that has them in the template."""


@dataclass(frozen=True)
class Parsers:
    """Names as vLLM 0.32 registers them."""

    tool_call: str
    reasoning: str | None = None
    """None: the model does not think, or its thoughts are no part of the template. A parser there would be
    harmful: vLLM's take all that comes before ``</think>`` for thoughts, the whole answer included."""


_XML = "qwen3_coder"

FAMILIES = {
    "cohere2": Parsers("cohere_command3", "cohere_command3"),
    "deepseek_v3": Parsers("deepseek_v3", "deepseek_r1"),
    "deepseek_v32": Parsers("deepseek_v32", "deepseek_v3"),
    "ernie4_5_moe": Parsers("ernie45", "ernie45"),
    "gemma4": Parsers("gemma4", "gemma4"),
    "glm4_moe": Parsers("glm45", "glm45"),
    "glm4_moe_lite": Parsers("glm47", "glm47"),
    "gpt_oss": Parsers("openai", "openai_gptoss"),
    "granite": Parsers("granite", "granite"),
    "hunyuan_v1_moe": Parsers("hunyuan_a13b", "hunyuan_a13b"),
    "kimi_k2": Parsers("kimi_k2", "kimi_k2"),
    "llama": Parsers("llama3_json"),
    "llama4": Parsers("llama4_pythonic"),
    "minimax_m2": Parsers("minimax_m2", "minimax_m2"),
    "ministral": Parsers("mistral", "mistral"),
    "mistral": Parsers("mistral", "mistral"),
    "mistral3": Parsers("mistral", "mistral"),
    "nemotron_h": Parsers(_XML, "nemotron_v3"),
    "olmo3": Parsers("olmo3", "olmo3"),
    "qwen2": Parsers("hermes"),
    "qwen3": Parsers("hermes", "qwen3"),
    "qwen3_5": Parsers(_XML, "qwen3"),
    "qwen3_moe": Parsers("hermes", "qwen3"),
    "qwen3_next": Parsers("hermes", "qwen3"),
    "seed_oss": Parsers("seed_oss", "seed_oss"),
    "step3": Parsers("step3", "step3"),
}
"""By ``model_type`` of the model's config.json. A longer type takes the longest name here that it begins with."""

ALWAYS_THINKS = {"gpt_oss", "gemma4"}
"""Families whose thoughts are a channel of their own, without a mark of thinking in the template."""

OTHERS = Parsers("hermes", "qwen3")
"""For families that are not listed: what most open models write."""


def parsers(model_type: str, template: str | None) -> Parsers:
    """Those for ``model_type``, a config.json's or a model's name, with ``template`` as its chat template.

    ``template`` None: not known; then the family alone decides, and the tool-call form by "coder" in the name.
    """
    kind = _plain(model_type)
    family = _family(kind)
    known = FAMILIES[family] if family else OTHERS
    reasoning = known.reasoning if family in ALWAYS_THINKS or template is None or thinks(template) else None
    return Parsers(_tool_call(kind, known.tool_call, template), reasoning)


def thinks(template: str) -> bool:
    """Whether a reply may begin with thoughts: the template's opening of a reply speaks of them.

    History is no sign: templates of models that never think can still render the thoughts of others.
    """
    _, opened, opening = template.rpartition("add_generation_prompt")
    return bool(opened) and THOUGHT in opening


def _tool_call(kind: str, known: str, template: str | None) -> str:
    if template is None:
        return _XML if kind.startswith("qwen3") and "coder" in kind else known
    if "<function=" in template:
        return _XML
    # Families by architecture only (llama): with a template of the Hermes form they write that.
    is_hermes = "<tool_call>" in template and "arguments" in template
    return "hermes" if is_hermes and known in ("hermes", "llama3_json", _XML) else known


def _family(kind: str) -> str | None:
    fits = [name for name in FAMILIES if kind == name or kind.startswith(f"{name}_")]
    return max(fits, key=len, default=None)


def _plain(name: str) -> str:
    return name.rpartition("/")[2].lower().replace("-", "_").replace(".", "_")


def model_type(base: str) -> str:
    """``model_type`` of the base's config.json; without one, the base's own name."""
    try:
        return str(json.loads(_text(base, "config.json") or "{}").get("model_type") or base)
    except (ValueError, AttributeError):
        return base


def chat_template(base: str, adapter: Path | None) -> str | None:
    """The chat template that is served: the adapter's, else the base's; None when it cannot be read."""
    if adapter and (adapter / "chat_template.jinja").is_file():
        return (adapter / "chat_template.jinja").read_text(encoding="utf-8")
    found = _text(base, "chat_template.jinja")
    if found:
        return found
    try:
        named = json.loads(_text(base, "tokenizer_config.json") or "{}").get("chat_template")
    except (ValueError, AttributeError):
        return None
    return named if isinstance(named, str) else None


def _text(base: str, name: str) -> str | None:
    path = Path(base) / name
    try:
        if not Path(base).is_dir():
            from huggingface_hub import hf_hub_download

            path = Path(hf_hub_download(base, name))
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):  # the hub's errors are of these kinds: absent, offline, no such name
        return None
