"""A whole run over sections, blocks and modules, with the scripted model and the real sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.generate import Summary, generate
from pipeline.generate.texts import change_types
from pipeline.jsonl import read
from pipeline.rollout import scripted
from pipeline.rollout.endpoint import Endpoint, Retry
from pipeline.settings import ChangeTypeConfig, GenerateConfig, Price
from tests.scripted.player import repository

WORDS = "These words say what the tool is for, what it needs, and how it is put to use by whoever has just met it.\n"
FILES = {
    "README.md": f"# Shop\n\n{WORDS * 2}\n## Install\n\n{WORDS * 2}",
    "docs/use.rst": f"Use\n===\n\n{WORDS * 2}\nOften\n-----\n\n{WORDS * 2}",
    "db/001.sql": "create table users (\n  id int,\n  name text\n);\nalter table users add column age int;\n",
    "infra/main.tf": 'variable "size" {\n  type    = number\n  default = 3\n}\n',
    ".github/workflows/ci.yml": "on: push\njobs:\n  build:\n    runs-on: ubuntu\n    steps:\n      - run: make\n",
    "rtl/fifo.vhd": (
        "entity fifo is\n  port (clk : in bit);\nend;\n\narchitecture rtl of fifo is\nbegin\n"
        "  main : process (clk)\n  begin\n    if clk = '1' then\n      null;\n    end if;\n  end process;\nend;\n"
    ),
}
KINDS = ("section", "block", "module")
OWN = ChangeTypeConfig("house_style", "our house style", "the reader is not addressed", "section")


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("repo") / "shop", FILES)


def make(repo: Path, out: Path, **given: Any) -> Summary:
    settings = GenerateConfig(prompt="compact", change_types=(OWN,), **given)
    with scripted.serve() as url:
        return generate(
            repo, out, samples=11, endpoint=Endpoint(url, "scripted", retry=Retry(tries=1)), config=settings,
            seed=0, concurrency=2, prompt="compact", price=Price(0.0, 0.0, 0.0),
        )  # fmt: skip


@pytest.fixture(scope="module")
def made(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "out"
    assert make(repo, out, kinds=KINDS).state == "done"
    return out


def test_samples_of_each_kind_come_out_of_both_rollouts(made: Path) -> None:
    rows = list(read(made / "samples.jsonl"))
    languages = {row["language"] for row in rows}
    assert {"markdown", "vhdl"} <= languages and languages & {"sql", "hcl", "yaml"}
    assert {row["rollout"] for row in rows} == {1, 2}
    for row in rows:
        assert f"a/{row['path']}" in row["patch"] and row["path"] in FILES


def test_change_types_fit_the_kind_and_the_language(made: Path) -> None:
    kind = {"markdown": "section", "rst": "section", "vhdl": "module"}
    for row in read(made / "samples.jsonl"):
        fitting = {c.id for c in change_types(kind.get(row["language"], "block"), language=row["language"])}
        assert row["change_type"] in fitting | ({"house_style"} if row["language"] in ("markdown", "rst") else set())


def test_each_kind_was_asked_in_its_own_words_and_rollout_2_by_the_description(made: Path) -> None:
    words = {"section": "in the section `", "block": "keeps the file valid", "module": "synthesisable"}
    of = {"md": "section", "rst": "section", "vhd": "module"}
    for row in read(made / "samples.jsonl"):
        asked = row["messages"][1]["content"]
        assert (row["description"] in asked) == (row["rollout"] == 2)
        if row["rollout"] == 1:
            assert words[of.get(row["path"].split(".")[-1], "block")] in asked
            assert f"`{row['function']}` in `{row['path']}`" in asked


def test_nothing_is_lost(made: Path) -> None:
    rollouts = [row["id"] for row in read(made / "rollouts.jsonl")]
    dropped = [row["id"] for row in read(made / "left_out.jsonl") if row["thing"] == "rollout"]
    assert sorted(rollouts) == sorted([row["id"] for row in read(made / "samples.jsonl")] + dropped)
    assert json.loads((made / "summary.json").read_text())["planned"] == 11


def test_a_repository_without_the_kind_is_told_what_it_has(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no function to attempt.*4 sections, .* blocks, .*modules: write kinds: "):
        make(repo, tmp_path / "out", kinds=("function",))
