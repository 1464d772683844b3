"""The functions that the reference attempts in a tree, made as it makes them: a call graph of code2flow.

It looks three folders deep, keeps the graph's nodes whose names are found in exactly one file of
their base name, and drops every path or name that holds "tests".
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

DEPTH = 3
"""Folders; deeper files are not looked at."""


def code2flow_names(tree: Path, program: str) -> set[str]:
    """``path::name`` of each function, paths relative to ``tree``; its first package is the one read."""
    package = next(path.parent for path in sorted(tree.glob("*/__init__.py")))
    patterns = [f"{package.name}/{'*/' * depth}*.py" for depth in range(DEPTH)]
    files = sorted(path for pattern in patterns for path in tree.glob(pattern))
    texts = {path.relative_to(tree).as_posix(): path.read_text() for path in files}
    found = (_located(name, texts) for name in _nodes(tree, program, list(texts)))
    return {name for name in found if name and "tests" not in name}


def _nodes(tree: Path, program: str, paths: list[str]) -> set[str]:
    """``base name::Class.method`` or ``base name::function``."""
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder, "graph.json")
        subprocess.run([program, *paths, "--o", str(graph), "--quiet"], cwd=tree, check=True, capture_output=True)
        return {node["name"] for node in json.loads(graph.read_text())["graph"]["nodes"].values()}


def _located(name: str, texts: dict[str, str]) -> str | None:
    file, _, function = name.partition("::")
    parts = function.split(".")
    same = [path for path in texts if path.rsplit("/", 1)[-1] == f"{file.removesuffix('.py')}.py"]
    holders = [path for path in same if len(parts) <= 2 and all(part in texts[path] for part in parts)]
    return f"{holders[0]}::{function}" if len(holders) == 1 else None
