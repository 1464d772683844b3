"""Kinds of units: functions unless asked, others by name, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.generate.functions import KINDS, functions_in, kinds_of
from pipeline.generate.functions.other_kinds import advice, counts_by_kind

FILES = {
    "a.py": "def f():\n    a = 1\n    b = 2\n    return a\n",
    "README.md": "# A\n\n" + "words " * 30,
    "deploy.sh": "#!/bin/sh\nf() {\n  a\n  b\n  c\n}\n" + "run\n" * 9,
    "main.tf": 'module "a" {\n  b = 1\n}\nmodule "c" {\n  d = 1\n}\n',
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def listed(tree: Path, *kinds: str) -> list[tuple[str, str]]:
    return [(unit.kind, unit.name) for unit in functions_in(tree, kinds=kinds).functions]


def test_functions_alone_are_listed_unless_asked(tree: Path) -> None:
    assert functions_in(tree) == functions_in(tree, kinds=["function"])
    assert {unit.kind for unit in functions_in(tree).functions} == {"function"}


def test_each_kind_lists_its_own(tree: Path) -> None:
    assert listed(tree, "section") == [("section", "A")]
    assert listed(tree, "block") == [("block", "deploy.sh"), ("block", "module.a"), ("block", "module.c")]
    assert listed(tree, "module") == []


def test_a_script_has_functions_and_may_be_a_block(tree: Path) -> None:
    both = [unit for unit in functions_in(tree, kinds=["block", "function"]).functions if unit.path == "deploy.sh"]
    assert [(unit.kind, unit.name) for unit in both] == [("function", "f"), ("block", "deploy.sh")]


def test_a_language_selects_within_the_kinds(tree: Path) -> None:
    assert [u.name for u in functions_in(tree, ["shell"], ["block"]).functions] == ["deploy.sh"]
    assert functions_in(tree, ["hcl"]).functions == ()
    assert kinds_of(["hcl"]) == ("block",) and kinds_of(["shell"]) == ("function", "block")


@pytest.mark.parametrize("kinds", [["sentence"], []])
def test_unknown_kinds_are_refused(tree: Path, kinds: list[str]) -> None:
    with pytest.raises(InputError, match="function, section, block, module"):
        functions_in(tree, kinds=kinds)


def test_what_else_there_is_can_be_said(tree: Path) -> None:
    assert counts_by_kind(tree) == {"function": 2, "section": 1, "block": 3, "module": 0}
    assert list(counts_by_kind(tree)) == list(KINDS)
    said = advice(tree, ["module", "function"])
    assert said == (
        "there are 1 section, 3 blocks: write kinds: [section, block] under generate: in the config to attempt them"
    )
    assert advice(tree, list(KINDS)) == ""
    assert counts_by_kind(tree / "main.tf")["block"] == 2
