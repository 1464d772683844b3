"""The command line: every verb has help with an example and a place in the docs, and starts fast."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline import cli

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("verb", cli.VERBS)
def test_help_has_an_example(verb: str) -> None:
    result = CliRunner().invoke(cli.switchover, [verb, "--help"])
    assert result.exit_code == 0, result.output
    assert f"switchover {verb}" in result.output.split("Options:")[0].split("Example")[-1]
    assert "--json" in result.output


@pytest.mark.parametrize("verb", cli.VERBS)
def test_is_documented(verb: str) -> None:
    docs = (ROOT / "docs" / "commands.md").read_text()
    assert re.search(rf"^## {verb}$", docs, re.M), f"docs/commands.md has no section on {verb}"


def test_the_page_shows_the_help_that_the_program_gives() -> None:
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh.py")
    assert spec is not None and spec.loader is not None
    refresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(refresh)
    page = (ROOT / "docs" / "commands.md").read_text()
    assert page == refresh.refreshed(page), "run: python docs/refresh.py"
    assert {found[1] for found in refresh.BLOCK.finditer(page)} == set(cli.VERBS)


def test_documents_no_verb_that_is_absent() -> None:
    headings = re.findall(r"^## (\S+)$", (ROOT / "docs" / "commands.md").read_text(), re.M)
    assert headings == list(cli.VERBS)


def test_every_config_key_is_documented() -> None:
    import dataclasses
    import typing

    from pipeline.settings import Config

    text = (ROOT / "docs" / "config.md").read_text()
    hints = typing.get_type_hints(Config)
    for section in dataclasses.fields(Config):
        assert f"## {section.name}" in text
        if dataclasses.is_dataclass(hints[section.name]):
            for field in dataclasses.fields(hints[section.name]):
                assert f"`{field.name}`" in text, f"docs/config.md: {section.name}.{field.name} is missing"


def test_help_imports_no_verb_and_nothing_heavy() -> None:
    code = "import sys; from pipeline import cli; cli.run(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {"torch", "transformers", "vllm", "git", "sqlite_utils", "urllib3", "yaml", "minisweagent", "matplotlib"}
    assert not loaded & heavy
    assert not any(name.startswith("pipeline.verbs.") for name in loaded)


@pytest.mark.parametrize("verb", [v for v in cli.VERBS if v not in ("train", "serve")])
def test_no_verb_imports_the_training_stack_to_show_its_help(verb: str) -> None:
    code = f"import sys; from pipeline import cli; cli.run(['{verb}', '--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.splitlines()[-1].split()) & {"torch", "transformers", "peft", "vllm"}


@pytest.mark.parametrize("arguments", [["nope"], ["recall", "--nope"], ["collect"], ["--nope"]])
def test_wrong_usage_is_one_line_and_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("switchover: ") and err.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["adapters"]])
def test_alone_a_group_shows_its_help_as_it_is(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"Usage: {' '.join(['switchover', *words])} ")
    assert told.err.count("\n") > 10
