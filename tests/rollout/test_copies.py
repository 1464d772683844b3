"""Installed copies of the project itself: by which names they are looked for, and that nobody sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.rollout.copies import installed, names_of
from pipeline.rollout.sandbox import Sandbox


@pytest.mark.parametrize(
    ("tree", "repo", "names"),
    [
        ({"src/click/__init__.py": b"", "src/click/core.py": b"", "tests/__init__.py": b""}, "pallets/x", {"click"}),
        ({"pyproject.toml": b'[project]\nname = "Typing.Extensions"', "src/typing_extensions.py": b""}, "python/x",
         {"typing_extensions"}),
        ({"package.json": b'{"name": "@scope/left-pad"}', "index.js": b""}, "o/n", {"left_pad"}),
        ({"Cargo.toml": b'[package]\nname = "ripgrep"', "src/main.rs": b""}, "BurntSushi/ripgrep", {"ripgrep"}),
        ({"pyproject.toml": b"[broken", "package.json": b"[1]", "setup.py": b"", "lib/utils/__init__.py": b""},
         "someone/sqlite-utils", {"sqlite_utils"}),
        ({}, "o/tests", set()),
    ],
)  # fmt: skip
def test_names(tree: dict[str, bytes], repo: str, names: set[str]) -> None:
    assert names_of(tree, repo) == names


def test_what_a_distribution_has_of_it(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    wanted = ["click/core.py", "click-8.1.dist-info/RECORD", "pip/_vendor/click/core.py", "click.py"]
    others = ["clickhouse/a.py", "click_plugins/a.py", "requests/a.py"]
    for name in (*wanted, *others):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("")
    wheels = tmp_path / "share" / "python-wheels"
    wheels.mkdir(parents=True)
    (wheels / "click-8.1-py3-none-any.whl").write_text("")
    found = {str(path.relative_to(tmp_path)) for path in installed(frozenset({"click"}), [tmp_path])}
    inside = "lib/python3.11/site-packages"
    assert found == {
        f"{inside}/click", f"{inside}/click-8.1.dist-info", f"{inside}/pip/_vendor/click", f"{inside}/click.py",
        "share/python-wheels/click-8.1-py3-none-any.whl",
    }  # fmt: skip


def test_hidden_places_are_empty_and_stay_so(tmp_path: Path) -> None:
    tools, checkout = tmp_path / "tools", tmp_path / "checkout"
    checkout.mkdir()
    for name in ("secret/answer.py", "answer.py", "open.py"):
        (tools / name).parent.mkdir(parents=True, exist_ok=True)
        (tools / name).write_text("the fix")
    sandbox = Sandbox(toolchains=[tools], hidden=[tools / "secret", tools / "answer.py", tools / "gone"])
    words = f"cat {tools}/*.py; ls -A {tools}/secret; touch {tools}/secret/x; umount {tools}/secret"
    ran = sandbox.run(["bash", "-c", words], checkout)
    assert ran.output.count(b"the fix") == 1, "that of open.py alone"
    assert b"Read-only file system" in ran.output and (tools / "secret" / "answer.py").read_text() == "the fix"
