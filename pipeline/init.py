"""Write the config and the workflow files into a repository."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pipeline.errors import InputError


def init(repo: Path, *, force: bool = False) -> list[Path]:
    """Paths of the files written, relative to ``repo``.

    Nothing is written unless all can be: raises InputError when ``repo`` is not the top of a
    git work tree, or when a file exists that would change and ``force`` is False.
    """
    if not (repo / ".git").exists():
        raise InputError(f"{repo}: not the top folder of a git work tree; name the folder that holds .git")
    wanted = {Path(".github/switchover.yml"): _template("pipeline", "templates", "switchover.yml")}
    for file in resources.files("workflows").iterdir():
        if file.name.endswith(".yml"):
            wanted[Path(".github/workflows") / file.name] = file
    changed = {path: file.read_bytes() for path, file in wanted.items() if _differs(repo / path, file)}
    existing = [str(path) for path in sorted(changed) if (repo / path).exists()]
    if existing and not force:
        raise InputError(
            f"{repo}: {', '.join(existing)} exist and differ; nothing was written, --force overwrites them"
        )
    for path, data in changed.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_bytes(data)
    return sorted(changed)


def _template(package: str, *parts: str) -> Traversable:
    return resources.files(package).joinpath(*parts)


def _differs(path: Path, file: Traversable) -> bool:
    return not path.exists() or path.read_bytes() != file.read_bytes()
