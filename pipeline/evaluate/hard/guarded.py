"""Which files a candidate has no say in: tests, and what tells a test runner how to run them (pure).

They are always taken from the merge commit, whatever a patch did to them, so that a candidate is
judged by the same tests under the same settings as the human was.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from pipeline.patch.classes import kind_of

_SETTINGS = re.compile(
    r"conftest\.py|\.?pytest\.(ini|toml)|pyproject\.toml|setup\.cfg|tox\.ini|\.coveragerc"
    r"|package(-lock)?\.json|(jest|vitest|vite|babel|ava|karma|wtr|playwright)\.config\.\w+|\.mocharc(\.\w+)?"
    r"|\.babelrc|tsconfig[\w.-]*\.json|\.npmrc"
    r"|cargo\.(toml|lock)|rust-toolchain(\.toml)?|clippy\.toml|go\.(mod|sum|work)",
    re.IGNORECASE,
)

_STARTUP = {"sitecustomize", "usercustomize"}
"""Modules that Python imports before anything of ours runs."""


def is_guarded(path: str) -> bool:
    """Whether ``path`` comes from the merge commit in every run: a test, test data, or a runner's settings."""
    parts = PurePosixPath(path)
    if _SETTINGS.fullmatch(parts.name) or ".cargo" in parts.parts[:-1]:
        return True
    if any(part.partition(".")[0] in _STARTUP for part in parts.parts):
        return True
    return kind_of(path) == "test" or _is_test_folder(parts)


def _is_test_folder(path: PurePosixPath) -> bool:
    # Data beside tests is not of kind "test" by its own name (a read-me, a lock, a picture).
    return len(path.parts) > 1 and kind_of(str(path.with_name("x.py"))) == "test"
