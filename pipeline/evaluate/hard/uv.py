"""Fetches wheels and makes virtual environments with uv. Runs no code of any package: wheels only.

Covered: packages are unpacked, never built; no configuration of the machine or of the repository is
read; no secret of ours is in the environment; each call ends in bounded time. Not covered: what a
package does once a test imports it, which is the sandbox's matter.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from pipeline import config
from pipeline.errors import RunError
from pipeline.evaluate.hard.fetched import NETWORK
from pipeline.evaluate.hard.kit import LeftOutTask

_SECONDS = 600
"""Of one call."""


@dataclass(frozen=True)
class Uv:
    """uv with a cache of its own below ``cache``."""

    cache: Path
    options: tuple[str, ...] = ()
    """More words for every install: another index, say ``--no-index --find-links DIR``."""

    def version(self) -> str:
        """Raises LeftOutTask where there is no uv."""
        return self._ran([str(_program()), "--version"]).strip()

    def venv(self, folder: Path, python: str | None) -> None:
        """A virtual environment at ``folder``, of our own Python, or of one on this machine that ``python`` allows.

        ``python``: a version specifier (``>=3.8,<3.11``), None for any.
        """
        words = [str(_program()), "venv", "--no-config", "--no-project", "--quiet", "--no-python-downloads"]
        ours = ".".join(map(str, sys.version_info[:3]))
        wanted = sys.executable if python is None or _allows(python, ours) else python
        self._ran([*words, "--python", wanted, str(folder)])

    def install(self, venv: Path, as_of: str, requirements: Sequence[str]) -> None:
        """Install wheels into ``venv``, none newer than ``as_of`` (ISO time in UTC).

        Raises LeftOutTask when they do not fit together or have no wheel, RunError when the index is out of reach.
        """
        # Nothing is compiled here: that starts the environment's own Python, and with it every .pth of a wheel.
        asked = venv.parent / f"{venv.name}.txt"
        asked.write_text("".join(f"{line}\n" for line in requirements))
        words = ["pip", "install", "--no-config", "--quiet", "--only-binary", ":all:"]
        place = ["--python", str(venv / "bin" / "python"), "--exclude-newer", as_of, "-r", str(asked)]
        self._ran([str(_program()), *words, *self.options, *place])

    def _ran(self, words: list[str]) -> str:
        self.cache.mkdir(parents=True, exist_ok=True)
        home = self.cache / "home"
        home.mkdir(exist_ok=True)
        environment = {**config.build_environment(home), "UV_CACHE_DIR": str(self.cache / "uv"), "NO_COLOR": "1"}
        try:
            ran = subprocess.run(
                words, capture_output=True, env=environment, cwd=home, timeout=_SECONDS,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise RunError(f"uv: no end after {_SECONDS} s; look at the network, then run the same command") from None
        said = ran.stderr.decode("utf-8", "replace")
        if ran.returncode == 0:
            return ran.stdout.decode("utf-8", "replace")
        if NETWORK.search(said):
            raise RunError(
                f"uv: the package index is out of reach ({_last(said)}); run the same command again later, or set "
                "evaluate.measure: recall and another --out, which needs no environment"
            )
        raise LeftOutTask("environment_failed", _last(said))


def _program() -> Path:
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise LeftOutTask("no_toolchain", "uv is not installed; pip install 'switchover[tests]'")
    return Path(found)


def _allows(specifier: str, version: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(version)
    except InvalidSpecifier:
        return True


def _last(said: str) -> str:
    lines = [line.strip(" \t×╰─▶│├") for line in said.splitlines()]
    return " ".join(line for line in lines if line and not line.startswith("warning"))[:1000]


def without_culprits(requirements: Sequence[str], said: str) -> list[str]:
    """``requirements`` less those that uv's error ``said`` names: as without a wheel, or else as not fitting in."""
    culprits = re.findall(r"Wheels are required for `([\w.-]+)`", said) or re.findall(
        r"[Bb]ecause (?:only )?([\w.-]+)", said
    )
    names = {canonicalize_name(name) for name in culprits}
    return [line for line in requirements if canonicalize_name(re.split(r"[^\w.-]", line, maxsplit=1)[0]) not in names]
