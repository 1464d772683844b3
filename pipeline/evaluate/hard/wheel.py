"""The project's own wheel, built by its own backend in the sandbox, without network."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from pipeline.evaluate.hard.box import left_at
from pipeline.evaluate.hard.kit import REPO, LeftOutTask
from pipeline.evaluate.hard.placing import put
from pipeline.evaluate.hard.recipe import Recipe, plain
from pipeline.rollout.sandbox import Limits, Sandbox

INSIDE = Path(__file__).parent / "inside"
_LIMITS = Limits(seconds=300, memory_mb=4096, processes=512)
_LARGEST = 200 * 2**20
"""Bytes of a wheel."""


@dataclass(frozen=True)
class Builder:
    """One build in one checkout."""

    checkout: Path
    tmp: Path
    """The build's /tmp."""
    tools: Path
    """Virtual environment that holds the backend."""
    plan: Recipe
    version: str

    def requires(self) -> list[str]:
        """What the backend asks for beside ``build-system.requires``. Raises LeftOutTask."""
        self._run("requires")
        found = json.loads(_read(self.tmp / "out" / "requires.json", 2**20))
        return list(plain(found if isinstance(found, list) else []))

    def build(self, into: Path) -> Path:
        """Build the wheel and copy it into ``into``. Raises LeftOutTask."""
        self._run("build")
        names = [name for name in os.listdir(self.tmp / "out") if re.fullmatch(r"[\w.+!-]+\.whl", name)]  # noqa: PTH208
        if len(names) != 1:
            raise LeftOutTask("environment_failed", f"the project's build made {len(names)} wheels")
        made = into / names[0]
        made.write_bytes(_read(self.tmp / "out" / names[0], _LARGEST))
        return made

    def _run(self, step: str) -> None:
        job = {"backend": self.plan.backend, "path": self.plan.backend_path, "out": "/tmp/out"}  # noqa: S108
        if not (self.tmp / "out").exists():
            put(self.tmp, [("out/requires.json", b"[]")])
        (self.tmp / "job.json").unlink(missing_ok=True)
        put(self.tmp, [("job.json", json.dumps(job).encode())])
        names = ("SETUPTOOLS_SCM_PRETEND_VERSION", "PDM_BUILD_SCM_VERSION", "POETRY_DYNAMIC_VERSIONING_BYPASS")
        command = ["env", *(f"{name}={self.version}" for name in names), str(self.tools / "bin" / "python")]
        box = Sandbox(_LIMITS, (self.tools, INSIDE))
        script = str(INSIDE / "build_wheel.py")
        ran = box.run([*command, script, step, "/tmp/job.json"], self.checkout, tmp=self.tmp, at=REPO)  # noqa: S108
        if ran.exit_code != 0:
            said = ran.output.decode("utf-8", "replace").strip().splitlines()
            raise LeftOutTask("environment_failed", f"the project's own build ({step}) ended with {said[-1:] or ran}")


def _read(path: Path, most: int) -> bytes:
    content = left_at(path, most)
    if content is None:
        raise LeftOutTask("environment_failed", f"the project's build left no usable {path.name}")
    return content


def requirement(wheel: Path, extras: Sequence[str]) -> str:
    """The wheel as a line of a requirements file, with those of ``extras`` that it has."""
    name = wheel.name.partition("-")[0]
    has = provided(wheel)
    asked = ",".join(extra for extra in dict.fromkeys(extras) if canonicalize_name(extra) in has)
    return f"{name}{f'[{asked}]' if asked else ''} @ {wheel.resolve().as_uri()}"


def provided(wheel: Path) -> set[str]:
    """Names of the extras that the wheel's metadata tells."""
    import email
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        with archive.open(names[0]) as file:
            metadata = email.message_from_bytes(file.read(4 * 2**20))
    return {canonicalize_name(extra) for extra in metadata.get_all("Provides-Extra") or []}
