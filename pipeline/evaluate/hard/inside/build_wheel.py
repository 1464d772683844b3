"""Calls a project's own build backend (PEP 517, PEP 660) in the sandbox: what it needs, then a wheel.

Usage: python build_wheel.py requires|build JOB. JOB is a JSON file with ``backend``, ``path`` (folders of the
backend in the tree) and ``out``. ``requires`` writes OUT/requires.json; ``build`` writes one wheel into OUT:
editable where the backend can, else a plain one. Python 3.7 and newer, standard library only.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def backend(job: dict[str, Any]) -> Any:
    sys.path[:0] = [str(Path(folder).resolve()) for folder in job["path"]]
    module, _, name = job["backend"].partition(":")
    found: Any = importlib.import_module(module)
    for part in filter(None, name.split(".")):
        found = getattr(found, part)
    return found


def main() -> None:
    step, place = sys.argv[1:3]
    job = json.loads(Path(place).read_text())
    sys.path[0] = str(Path.cwd())  # a setup.py may import its neighbours
    hooks = backend(job)
    kind = "editable" if hasattr(hooks, "build_editable") else "wheel"
    if step == "requires":
        ask = getattr(hooks, "get_requires_for_build_" + kind, None)
        needs = ask({}) if ask else []
        Path(job["out"], "requires.json").write_text(json.dumps(list(needs)))
    else:
        getattr(hooks, "build_" + kind)(job["out"], {}, None)


if __name__ == "__main__":
    main()
