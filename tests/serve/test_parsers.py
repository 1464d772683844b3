"""Which parsers a base model gets: by its family, and by what its chat template says."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path

import pytest

from pipeline.serve.parsers import FAMILIES, OTHERS, Parsers, chat_template, model_type, parsers, thinks
from pipeline.train.small_model import CHAT_TEMPLATE

JSON_CALLS = r"""<tool_call>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>"""
XML_CALLS = "<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>"
HISTORY = "{{- '<think>' + message.reasoning_content + '</think>' }}"
OPENS = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
HYBRID = (
    f"{OPENS}{{%- if enable_thinking is false %}}{{{{- '<think>\\n\\n</think>\\n\\n' }}}}{{%- endif %}}{{%- endif %}}"
)
PLAIN = f"{OPENS}{{%- endif %}}"


@pytest.mark.parametrize(
    ("family", "template", "expected"),
    [
        ("qwen3", JSON_CALLS + HISTORY + HYBRID, Parsers("hermes", "qwen3")),
        ("qwen3_moe", JSON_CALLS + HISTORY + PLAIN, Parsers("hermes")),  # an Instruct-2507: renders thoughts, has none
        ("qwen3_moe", XML_CALLS + PLAIN, Parsers("qwen3_coder")),  # a Qwen3-Coder
        ("qwen3_next", XML_CALLS + PLAIN, Parsers("qwen3_coder")),
        ("qwen3_5_moe", XML_CALLS + HISTORY + HYBRID, Parsers("qwen3_coder", "qwen3")),
        ("qwen2", JSON_CALLS + PLAIN, Parsers("hermes")),
        ("llama", JSON_CALLS + PLAIN, Parsers("hermes")),  # SmolLM2 under a Hermes template
        ("llama", "{{ tool | tojson }}" + PLAIN, Parsers("llama3_json")),
        ("glm4_moe", "<tool_call>{name}<arg_key>" + HISTORY + HYBRID, Parsers("glm45", "glm45")),
        ("gpt_oss", "<|channel|>analysis" + PLAIN, Parsers("openai", "openai_gptoss")),
        ("mistral", "[TOOL_CALLS]" + PLAIN, Parsers("mistral")),
        ("new_family", JSON_CALLS + PLAIN, Parsers("hermes")),
        ("new_family", JSON_CALLS + HYBRID, OTHERS),
        # Names, where the hub does not answer:
        ("Qwen/Qwen3-32B", None, Parsers("hermes", "qwen3")),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", None, Parsers("qwen3_coder", "qwen3")),
        ("Qwen/Qwen3.5-27B", None, Parsers("qwen3_coder", "qwen3")),
    ],
)
def test_parsers_fit_the_model(family: str, template: str | None, expected: Parsers) -> None:
    assert parsers(family, template) == expected


def test_our_own_template_calls_in_the_hermes_form_and_opens_no_thoughts() -> None:
    ours = CHAT_TEMPLATE.read_text()
    assert "<think>" in ours and not thinks(ours)
    for family in ("llama", "qwen3", "qwen3_5"):
        assert parsers(family, ours) == Parsers("hermes")


def registered(package: str, table: str) -> set[str]:
    """Names in vLLM's own table, read from its source: importing it takes seconds."""
    spec = importlib.util.find_spec("vllm")
    if spec is None or spec.origin is None:
        pytest.skip("vLLM is not installed")
    tree = ast.parse((Path(spec.origin).parent / package / "__init__.py").read_text())
    found = [n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == table]
    return set(ast.literal_eval(found[0].value))


def test_vllm_knows_every_name() -> None:
    known = [*FAMILIES.values(), OTHERS, Parsers("qwen3_coder")]
    assert {p.tool_call for p in known} <= registered("tool_parsers", "_TOOL_PARSERS_TO_REGISTER")
    assert {p.reasoning for p in known} - {None} <= registered("reasoning", "_REASONING_PARSERS_TO_REGISTER")


def test_what_a_model_folder_says(tmp_path: Path) -> None:
    base, adapter = tmp_path / "base", tmp_path / "adapter"
    base.mkdir()
    adapter.mkdir()
    assert (model_type(str(base)), chat_template(str(base), None)) == (str(base), None)
    (base / "config.json").write_text('{"model_type": "qwen3_moe"}')
    (base / "tokenizer_config.json").write_text(json.dumps({"chat_template": "in the settings"}))
    assert (model_type(str(base)), chat_template(str(base), adapter)) == ("qwen3_moe", "in the settings")
    (base / "chat_template.jinja").write_text("in a file")
    assert chat_template(str(base), adapter) == "in a file"
    (adapter / "chat_template.jinja").write_text("the adapter's")
    assert chat_template(str(base), adapter) == "the adapter's"
    (base / "config.json").write_text("[]")
    assert model_type(str(base)) == str(base)
