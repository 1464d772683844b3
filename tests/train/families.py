"""Chat templates of the families that are trained on in the world, each with a tokenizer that has its control tokens.

The files in ``templates`` are written after the published ones, with what makes each of them special.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from pipeline.train.render import Template
from tests.train.tiny import CHATML, make_tokenizer

_LLAMA = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
_MISTRAL = ("<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]")
_GLM = ("[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>", "<|endoftext|>")


@dataclass(frozen=True)
class Family:
    name: str
    specials: tuple[str, ...]
    stops: tuple[str, ...]
    """What the server stops at, the tokenizer's own first."""
    has_reasoning: bool = False
    has_text_beside_calls: bool = True

    @property
    def source(self) -> str:
        return (Path(__file__).parent / "templates" / f"{self.name}.jinja").read_text(encoding="utf-8").rstrip("\n")

    @functools.cache  # noqa: B019 (frozen, a handful of them)
    def template(self, source: str | None = None) -> Template:
        """Its template on a small tokenizer; ``source`` in place of its own text."""
        tokenizer = make_tokenizer(source or self.source, self.specials, self.stops[0])
        return Template(tokenizer, tokenizer.convert_tokens_to_ids(list(self.stops)))


QWEN25 = Family("qwen25", CHATML, ("<|im_end|>",))
QWEN3 = Family("qwen3", CHATML, ("<|im_end|>",), has_reasoning=True)
LLAMA3 = Family("llama3", _LLAMA, ("<|eot_id|>",), has_text_beside_calls=False)
MISTRAL = Family("mistral", (*_MISTRAL, "[TOOL_RESULTS]", "[/TOOL_RESULTS]"), ("</s>",))
GLM = Family("glm", _GLM, ("<|endoftext|>", "<|user|>", "<|observation|>"), has_reasoning=True)

ALL = (QWEN25, QWEN3, LLAMA3, MISTRAL, GLM)
