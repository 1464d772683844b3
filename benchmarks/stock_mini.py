"""The peer of ``benchmarks/rollouts.py``: mini-swe-agent's own parts, over the openai package's client.

Its LitellmModel does the same through one more layer, so this flatters it. Commands are answered at
once, as for ours: compared is the harness.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml
from minisweagent.agents.default import DefaultAgent
from minisweagent.config import builtin_config_dir
from minisweagent.exceptions import Submitted
from minisweagent.models.utils import actions_toolcall
from openai import OpenAI

CONFIG = yaml.safe_load((builtin_config_dir / "mini.yaml").read_text())
TEXTS = {key: CONFIG["agent"][key] for key in ("system_template", "instance_template")}


class Model:
    config = None

    def __init__(self, client: OpenAI) -> None:
        self.client = client

    def query(self, messages: list[dict[str, Any]], **_: Any) -> dict[str, Any]:
        sent: Any = [{key: value for key, value in message.items() if key != "extra"} for message in messages]
        tools: Any = [actions_toolcall.BASH_TOOL]
        answer = self.client.chat.completions.create(model="m", messages=sent, tools=tools)
        message = answer.choices[0].message
        actions = actions_toolcall.parse_toolcall_actions(
            message.tool_calls, format_error_template=CONFIG["model"]["format_error_template"]
        )
        return {**message.model_dump(), "extra": {"actions": actions, "response": answer.model_dump()}}

    def format_message(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs

    def format_observation_messages(self, message: dict[str, Any], outputs: Any, variables: Any = None) -> Any:
        return actions_toolcall.format_toolcall_observation_messages(
            actions=message["extra"]["actions"],
            outputs=outputs,
            observation_template=CONFIG["model"]["observation_template"],
            template_vars=variables,
        )

    def get_template_vars(self, **_: Any) -> dict[str, Any]:
        return {}

    def serialize(self) -> dict[str, Any]:
        return {}


class Answers:
    """An environment that answers every command with ``output``."""

    config = None

    def __init__(self, output: str) -> None:
        self.output = output

    def execute(self, action: dict[str, Any], cwd: str = "") -> dict[str, Any]:
        if "COMPLETE_TASK" in action["command"]:
            raise Submitted({"role": "exit", "content": "", "extra": {"exit_status": "Submitted"}})
        return {"output": self.output, "returncode": 0, "exception_info": ""}

    def get_template_vars(self, **_: Any) -> dict[str, Any]:
        return {"system": "Linux", "release": "", "version": "", "machine": ""}

    def serialize(self) -> dict[str, Any]:
        return {}


@functools.cache
def client(url: str) -> OpenAI:
    return OpenAI(base_url=url, api_key="none", max_retries=0)


def run(url: str, saved_at: Path, output: str) -> str:
    """One rollout, saved after each step as the stock agent does; its exit status."""
    agent = DefaultAgent(Model(client(url)), Answers(output), cost_limit=0, output_path=saved_at, **TEXTS)
    return str(agent.run("Fix add")["exit_status"])
