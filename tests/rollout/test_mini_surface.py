"""mini-swe-agent: the surface we stand on, and that we say what it would say.

An upgrade that moves something we use fails here, by name.
"""

from __future__ import annotations

import inspect
import json
import logging
import subprocess
import sys
import types
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, Template

from pipeline.rollout import mini, prompts
from pipeline.rollout.environment import SandboxEnvironment
from pipeline.rollout.loop import BudgetedAgent
from pipeline.rollout.model import ChatModel
from pipeline.rollout.observation import observe
from pipeline.rollout.tools import tool_set
from tests.chat_server import SUBMIT, ChatServer, bash, chat_server, say
from tests.rollout.conftest import FILES, Start


def names(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_version_is_one_we_know() -> None:
    assert mini.version.split(".")[:2] == ["2", "4"]


def test_the_bash_tool() -> None:
    function = mini.BASH_TOOL["function"]
    assert function["name"] == "bash"
    assert function["parameters"]["required"] == ["command"]
    assert list(function["parameters"]["properties"]) == ["command"]


def test_the_loop_calls_what_we_override() -> None:
    agent = mini.DefaultAgent
    assert names(agent.__init__) == ["self", "model", "env", "config_class", "kwargs"]
    assert names(agent.run) == ["self", "task", "kwargs"]
    assert names(agent.query) == ["self"]
    assert names(agent.add_messages) == ["self", "messages"]
    assert names(agent._render_template) == ["self", "template"]
    assert names(agent.get_template_vars) == ["self", "kwargs"]
    assert names(agent.save) == ["self", "path", "extra_dicts"]
    used = inspect.getsource(agent.run) + inspect.getsource(agent.execute_actions)
    for call in ("self.add_messages(", "self._render_template(", "self.step()", "self.save(", "self.env.execute("):
        assert call in used


def test_the_limits_that_we_turn_off_are_off_at_zero() -> None:
    from minisweagent.agents.default import AgentConfig

    config = AgentConfig(system_template="", instance_template="", step_limit=0, cost_limit=0)
    assert (config.step_limit, config.cost_limit, config.wall_time_limit_seconds) == (0, 0, 0)
    assert config.max_consecutive_format_errors == 3
    assert config.output_path is None


def test_exceptions_carry_messages() -> None:
    assert issubclass(mini.FormatError, mini.InterruptAgentFlow)
    assert mini.FormatError({"a": 1}, {"b": 2}).messages == ({"a": 1}, {"b": 2})


@pytest.mark.parametrize(
    ("ours", "theirs"), [(ChatModel, "Model"), (SandboxEnvironment, "Environment"), (BudgetedAgent, "Agent")]
)
def test_we_fill_its_protocols(ours: type, theirs: str) -> None:
    import minisweagent

    protocol = getattr(minisweagent, theirs)
    for name, method in inspect.getmembers(protocol, inspect.isfunction):
        if not name.startswith("_"):
            positional = [n for n in names(method) if n != "kwargs"]
            assert names(getattr(ours, name))[: len(positional)] == positional, name


IMPORT = """
import logging, os, sys
before = dict(os.environ)
import pipeline.rollout.mini
assert dict(os.environ) == before, set(os.environ) ^ set(before)
logging.getLogger("minisweagent").error("loud")
"""


def test_its_import_leaves_no_trace(tmp_path: Path) -> None:
    settings = tmp_path / "config" / "mini-swe-agent"
    settings.mkdir(parents=True)
    (settings / ".env").write_text("OPENAI_API_KEY=stray\n")
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", IMPORT], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert sorted(p.name for p in tmp_path.rglob("*")) == [".env", "config", "mini-swe-agent"]


def stock_templates() -> dict[str, str]:
    from minisweagent.config import builtin_config_dir

    config = yaml.safe_load((builtin_config_dir / "mini.yaml").read_text())
    return {**config["agent"], **config["model"]}


@pytest.mark.parametrize("name", ["system", "instance"])
@given(task=st.text(max_size=40))
def test_the_mini_prompt_is_its_prompt(name: str, task: str) -> None:
    machine = {"system": "Linux", "release": "6.1", "version": "#1", "machine": "x86_64"}
    stock = Template(stock_templates()[f"{name}_template"], undefined=StrictUndefined)
    ours = getattr(prompts.load("mini"), name)
    assert ours.render(task=task, named=tool_set("bash").named, **machine) == stock.render(task=task, **machine)


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs")), max_size=40), st.integers(1, 600), st.integers(0, 255)
)
def test_the_mini_observation_is_its_observation(piece: str, times: int, code: int) -> None:
    text = piece * times
    stock = Template(stock_templates()["observation_template"], undefined=StrictUndefined)
    theirs = stock.render(output={"output": text, "returncode": code, "exception_info": ""})
    seen = observe(text.encode(), len(text.encode()), code)
    assert prompts.load("mini").observation.render(output=seen.template_vars()) == theirs


@pytest.mark.parametrize("finish", ["stop", "tool_calls", "length"])
@pytest.mark.parametrize("called", [True, False])
def test_the_mini_format_error_differs_in_the_name_of_the_tool_alone(finish: str, called: bool) -> None:
    values = {"error": "E", "finish_reason": finish, "has_tool_calls": called}
    stock = Template(stock_templates()["format_error_template"], undefined=StrictUndefined).render(actions=[], **values)
    ours = prompts.load("mini").format_error.render(named="bash tool", **values)
    assert ours == stock.replace("the 'bash' tool at least once to execute commands", "the bash tool at least once")


class StockModel:
    """A minimal model as mini-swe-agent's own are: its parser, its formatter, its messages."""

    def __init__(self, server: ChatServer) -> None:
        self.config = None
        self.url = f"{server.url}/chat/completions"
        self.templates = stock_templates()

    def query(self, messages: list[dict[str, Any]], **kwargs: Any) -> dict[str, Any]:
        from minisweagent.models.utils.actions_toolcall import BASH_TOOL, parse_toolcall_actions

        sent = [{key: value for key, value in message.items() if key != "extra"} for message in messages]
        body = json.dumps({"model": "test-model", "messages": sent, "tools": [BASH_TOOL]}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, body)) as answer:
            message: dict[str, Any] = json.load(answer)["choices"][0]["message"]
        calls = [
            types.SimpleNamespace(id=call["id"], function=types.SimpleNamespace(**call["function"]))
            for call in message.get("tool_calls", [])
        ]
        actions = parse_toolcall_actions(calls, format_error_template=self.templates["format_error_template"])
        return {**message, "extra": {"actions": actions}}

    def format_message(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs

    def format_observation_messages(
        self, message: dict[str, Any], outputs: list[dict[str, Any]], template_vars: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        from minisweagent.models.utils.actions_toolcall import format_toolcall_observation_messages

        return list(
            format_toolcall_observation_messages(
                actions=message["extra"]["actions"],
                outputs=outputs,
                observation_template=self.templates["observation_template"],
                template_vars=template_vars,
            )
        )

    def get_template_vars(self, **kwargs: Any) -> dict[str, Any]:
        return {}

    def serialize(self) -> dict[str, Any]:
        return {}


CONVERSATION = (
    bash("ls src; cat src/app.py"),
    bash("sed -i 's/a - b/a + b/' src/app.py && cat src/app.py", None),
    bash("seq 1 5000; echo oops >&2; exit 3"),
    say("Two at once.", ("bash", {"command": "printf '%s' \"<&'\\\"é\""}), ("bash", {"command": "cat src/dos.py"})),
    bash("python3 -c 'print(chr(228) * 9999)'; cat logo.txt"),
    say("Thinking.", ("bash", {"command": "true"}), reasoning="Nothing to print."),
    SUBMIT,
)


def test_the_same_rollout_as_stock(roll: Start, tmp_path: Path) -> None:
    from minisweagent.environments.local import LocalEnvironment

    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    templates = {key: stock_templates()[key] for key in ("system_template", "instance_template")}
    with chat_server(*CONVERSATION) as server:
        stock = mini.DefaultAgent(StockModel(server), LocalEnvironment(cwd=str(tmp_path)), cost_limit=0, **templates)
        assert stock.run("Fix add")["exit_status"] == "Submitted"
    with chat_server(*CONVERSATION) as server:
        ours = roll(server)
    theirs = [{k: v for k, v in m.items() if k != "extra"} for m in stock.messages if m["role"] != "exit"]
    assert list(ours.messages) == theirs
    assert (tmp_path / "src/app.py").read_bytes() in ours.patch.encode() or "+\treturn a + b" in ours.patch


def test_a_verbose_run_does_not_print_trajectories(roll: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with chat_server(bash("echo a-word-of-the-trajectory"), SUBMIT) as server:
        roll(server)
    assert "a-word-of-the-trajectory" not in caplog.text
