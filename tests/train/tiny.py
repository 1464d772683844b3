"""A Qwen3-shaped model small enough for plumbing: 2 layers, random weights, its own tokenizer. Learns nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.train.small_model import CHAT_TEMPLATE

BASH: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "bash",
        "description": "Execute a bash command",
        "parameters": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
    },
}

SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


def call(command: str, text: str = "", **more: Any) -> dict[str, Any]:
    """An assistant's turn that runs ``command``."""
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    return {
        "role": "assistant",
        "content": text or None,
        "tool_calls": [{"id": "c1", "type": "function", "function": function}],
        **more,
    }


def result(text: str) -> dict[str, Any]:
    """What a command printed."""
    return {"role": "tool", "tool_call_id": "c1", "content": text}


def row(id: str = "s1", *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A samples.jsonl line: two turns unless other messages are given."""
    default = (
        {"role": "system", "content": "You are a programmer."},
        {"role": "user", "content": f"Mend {id}."},
        call(f"grep -n {id} a.py", "I look."),
        result('1:def f():\n2:    return "é🎉"'),
        call(SUBMIT, "Done."),
    )
    base = {"base_sha": "a" * 40, "base_time": "2026-03-01T00:00:00Z", "tools": [BASH]}
    return {"id": id, "messages": list(messages or default), **base, **more}


def samples_file(path: Path, *rows: dict[str, Any]) -> Path:
    """``rows`` as JSONL."""
    path.write_text("".join(json.dumps(line) + "\n" for line in rows), encoding="utf-8")
    return path


CHATML = ("<|im_start|>", "<|im_end|>")


def make_tokenizer(template: str | None = None, specials: Sequence[str] = CHATML, stop: str = "<|im_end|>") -> Any:
    """A byte-level BPE of 600 tokens with ``specials`` and our chat template, or ``template``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=list(specials),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator([CHAT_TEMPLATE.read_text(), "grep -n def return class echo sed import self"], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token=stop, pad_token=stop)
    tokenizer.chat_template = CHAT_TEMPLATE.read_text() if template is None else template or None
    return tokenizer


def make_model(folder: Path) -> Path:
    """The tiny model saved in ``folder``."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    model = Qwen3ForCausalLM(config)
    model.lm_head.weight.data *= 20  # as drawn, no hidden state could make any token likely
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
