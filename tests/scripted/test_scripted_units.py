"""The scripted model on sections, blocks and modules: real edits through real commands, files stay valid."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline.generate.functions import KINDS, functions_in
from pipeline.generate.texts import render
from pipeline.patch.recall import sera
from pipeline.rollout.scripted import describe, self_check
from pipeline.rollout.scripted.agent import ABSTAIN
from pipeline.rollout.scripted.units.edits import OFFERS
from tests.scripted.player import diff, play, repository

OTHERS = [kind for kind in KINDS if kind != "function"]
FILES = {
    "docs/guide.md": "# Shop\n\nWhat it is.\n\n## From `source`\n\n- one\n- two\n\n```sh\nmake\n```\n",
    "docs/guide.rst": "Shop\n====\n\nWhat it is.\n\nUse it\n------\n\n* one\n",
    "docs/guide.adoc": "= Shop\n:toc:\n\nWhat it is.\n\n== Use it\n\n|===\n| a\n|===\n",
    "db/001.sql": "create table users (\n  id int\n);\nalter table users add a int;\nalter table users add b int;\n",
    "infra/main.tf": (
        'variable "size_gb" {\n  type = number\n}\n\nresource "aws_s3_bucket" "logs" {\n  bucket = "x"\n}\n'
    ),
    ".github/workflows/ci.yml": "name: build\non: push\njobs:\n  build:\n    runs-on: ubuntu\n    steps: []\n",
    "k8s/web.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports: []\n",
    "bin/run.sh": "#!/bin/sh\n# Runs it.\n\ncp a b\ncp c d\n",
    "rtl/fifo.v": "module fifo (input clk);\n  task clear;\n  endtask\nendmodule\n",
    "rtl/fifo.vhd": (
        "entity fifo is\nend;\n\narchitecture rtl of fifo is\nbegin\n"
        "  main : process (clk)\n  begin\n  end process;\nend;\n"
    ),
}
UNITS = {
    ("docs/guide.md", "Shop"): "note",
    ("docs/guide.md", "Shop > From source"): "note",
    ("docs/guide.rst", "Shop > Use it"): "note",
    ("docs/guide.adoc", "Shop > Use it"): "note",
    ("db/001.sql", "create table users"): "repeatable",
    ("db/001.sql", "alter table users #2"): "note",
    ("infra/main.tf", "variable.size_gb"): "described",
    ("infra/main.tf", "resource.aws_s3_bucket.logs"): "note",
    (".github/workflows/ci.yml", "jobs.build"): "bounded",
    ("k8s/web.yaml", "Service/web"): "note",
    ("bin/run.sh", "run.sh"): "strict",
    ("rtl/fifo.v", "fifo.clear"): "note",
    ("rtl/fifo.vhd", "fifo.rtl.main"): "note",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return repository(tmp_path / "shop", FILES)


def asked(path: str, name: str, signs: str = "SIGNS") -> str:
    kind = "section" if path.startswith("docs") else "module" if path.startswith("rtl") else "block"
    return render("change", kind=kind, topic="TOPIC", signs=signs, function=name, path=path)


def units(shop: Path) -> list[tuple[str, str, int]]:
    """With their lengths; what cannot be read shows as a negative count."""
    scan = functions_in(shop, kinds=OTHERS)
    return [(unit.path, unit.name, unit.end_line - unit.start_line) for unit in scan.functions] + [
        (row.id, row.reason, -1) for row in scan.left_out
    ]


@pytest.mark.parametrize(("path", "name"), UNITS)
def test_a_unit_is_found_changed_and_stays_valid(shop: Path, path: str, name: str) -> None:
    before = units(shop)
    for text in ("a", "bb"):
        said = "".join(str(message.get("content")) for message in play(shop, asked(path, name, text)))
        assert any(f"Change ({kind} of `" in said for kind in OFFERS)
        assert f"a/{path}" in diff(shop)
        after = units(shop)
        assert [unit[:2] for unit in after] == [unit[:2] for unit in before]
        changed = {unit[:2] for unit, old in zip(after, before, strict=True) if unit[2] != old[2]}
        assert all(unit[0] == path for unit in changed)
        subprocess.run(["git", "-C", str(shop), "checkout", "-q", "."], check=True)


@pytest.mark.parametrize(("path", "name"), UNITS)
def test_the_description_alone_leads_to_the_same_change(shop: Path, path: str, name: str) -> None:
    messages = play(shop, asked(path, name))
    first = diff(shop)
    record = "\n\n".join(str(message.get("content")) for message in messages)
    assert self_check.is_asked(f"{record} <output>yes</output>")
    issue = describe.answer(f"{record}\nWrite the issue. <output>the issue</output>")
    text = issue.removeprefix("<output>\n").removesuffix("\n</output>")
    assert text != issue and f"`{name}` in `{path}`" in text
    assert not [line for line in first.splitlines() if line.startswith("+") and line[1:].strip() in text.split("\n")]
    subprocess.run(["git", "-C", str(shop), "checkout", "-q", "."], check=True)
    play(shop, _with_usual_wording(text))
    assert sera(first, diff(shop)) == 1.0


def _with_usual_wording(text: str) -> str:
    """The text, padded until it draws the usual wording and not one of the rarer variants."""
    from pipeline.rollout.scripted.conversation import draw

    return next(padded for count in range(50) if draw(padded := text + "!" * count, 10) < 7)


@pytest.mark.parametrize(("path", "name"), [key for key, kind in UNITS.items() if kind != "note"])
def test_what_a_unit_lacks_is_added(shop: Path, path: str, name: str) -> None:
    from pipeline.rollout.scripted.conversation import draw

    task = next(text for count in range(50) if draw(text := asked(path, name, "x" * count), 10))
    messages = play(shop, task)
    assert any(f"Change ({UNITS[path, name]} of `" in str(m.get("content")) for m in messages)


def test_a_unit_that_is_not_there_is_said_so(shop: Path) -> None:
    messages = play(shop, asked("docs/guide.md", "Nowhere > To be found"))
    assert diff(shop) == "" and ABSTAIN in messages[-1]["content"]


def test_a_function_of_a_script_is_still_a_function(shop: Path) -> None:
    from pipeline.rollout.scripted.units import unit_in

    assert unit_in("a problem around `log` in `bin/run.sh`") is None
    assert unit_in("a problem around `f` in `a/b.py`, and `x` in `a.md`") is None
    assert unit_in("a problem around `run.sh` in `bin/run.sh`") is not None
