"""What this machine needs, found out by trying it: one check per need, with how to get it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline import config as configuration
from pipeline import plugins
from pipeline.config import Config, EndpointConfig
from pipeline.errors import InputError, SwitchoverError
from pipeline.generate.base import open_base
from pipeline.labels import Labels
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.sandbox import Sandbox
from pipeline.room import room
from pipeline.settings import SCRIPTED

DISK_NEEDED_GB = 5
"""Room for checkouts, rollouts and a small adapter; a large base model needs its own size on top."""


@dataclass(frozen=True)
class Check:
    """One need. ``ok`` with a finding, or not, with what to do."""

    name: str
    ok: bool
    needed: bool
    """False: some verbs go without it."""
    found: str
    remedy: str = ""

    def line(self) -> str:
        """One line for a person."""
        mark = "ok     " if self.ok else "MISSING" if self.needed else "absent "
        return f"{mark}  {self.name}: {self.found}" + (f"; {self.remedy}" if self.remedy and not self.ok else "")


def examine(
    config_path: Path | None, repo: Path, db: Path | None = None, runner: Labels | None = None
) -> Iterator[Check]:
    """Every check, as it is made; a broken config is a failed check and its endpoints are not tried.

    ``db``: the bot's database, beside which the App's credentials may lie; None: the environment's
    alone are checked. ``runner``: labels that a runner must have, and this machine is to be one: its room for
    the base model is checked too. Raises InputError when ``repo`` is no folder.
    """
    if not repo.is_dir():
        what = "not a folder" if repo.exists() else "no such folder"
        raise InputError(f"{repo}: {what}; name the top folder of a repository with --repo")
    yield _python()
    yield _git()
    yield _sandbox()
    yield _disk(repo)
    yield _packages("agent loop", ("minisweagent",), True, "pip install 'switchover[rollout]'")
    yield _packages("training", ("torch", "transformers", "peft"), False, "pip install 'switchover[train]'")
    yield _packages("serving", ("vllm",), False, "pip install 'switchover[serve]'")
    yield _gpu()
    yield from _app(db)
    if runner:
        yield from _runner(repo, runner)
    try:
        config = configuration.load(config_path, repo)
    except SwitchoverError as error:
        yield Check("config", False, True, str(error))
        return
    where = config_path or repo / configuration.DEFAULT_PATH
    yield Check("config", True, True, f"{where}" if where.exists() else f"{where} is absent, so defaults hold")
    yield from _endpoints(config)
    if runner:
        yield from (
            Check(need.name, need.ok, True, need.found, need.remedy) for need in room(config.train, Path.home())
        )


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= (3, 11), True, version, "install Python 3.11 or newer")


def _git() -> Check:
    path = shutil.which("git")
    if path is None:
        return Check("git", False, True, "not found", "apt-get install git")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.split()[-1]
    return Check("git", True, True, version)


def _sandbox() -> Check:
    try:
        Sandbox().check()
    except SwitchoverError as error:
        return Check("sandbox", False, True, str(error))
    return Check("sandbox", True, True, "bubblewrap starts, and its self-test holds")


def _disk(folder: Path) -> Check:
    existing = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(existing).free / 1e9
    remedy = f"free some, {DISK_NEEDED_GB} GB are needed"
    return Check("disk", free >= DISK_NEEDED_GB, True, f"{free:.0f} GB free at {existing}", remedy)


def _packages(name: str, modules: tuple[str, ...], needed: bool, remedy: str) -> Check:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    found = f"{', '.join(missing)} not installed" if missing else f"{', '.join(modules)} installed"
    return Check(name, not missing, needed, found, remedy)


def _gpu() -> Check:
    path = shutil.which("nvidia-smi")
    if path is None:
        return Check("gpu", False, False, "no nvidia-smi", "small models run on the CPU; a GPU host needs its driver")
    query = [path, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    names = "; ".join(done.stdout.strip().splitlines())
    return Check("gpu", done.returncode == 0, False, names or done.stderr.strip()[:200], "see 'nvidia-smi'")


def _app(db: Path | None) -> Iterator[Check]:
    try:
        checks = plugins.load("doctor")
    except SwitchoverError as error:
        yield Check("app credentials", False, False, str(error))
        return
    yield from checks(db)


def _runner(repo: Path, wanted: Labels) -> Iterator[Check]:
    try:
        name = open_base(repo, None).name
        checks = plugins.load("doctor")
    except SwitchoverError as error:
        yield Check("runner", False, False, str(error))
        return
    if name.startswith("local/"):
        yield Check("runner", False, False, f"{repo}: has no origin on GitHub", "name a clone of it with --repo")
        return
    yield from checks(None, (name, wanted))


def _endpoints(config: Config) -> Iterator[Check]:
    secrets = configuration.secrets()
    yield _endpoint("teacher", config.generate.teacher, secrets.teacher_key, "generate.teacher")
    yield _endpoint("frontier", config.evaluate.frontier, secrets.frontier_key, "evaluate.frontier")
    if config.evaluate.own.url:
        yield _endpoint("own", config.evaluate.own, secrets.own_key, "evaluate.own")


def _endpoint(role: str, settings: EndpointConfig, key: str | None, where: str) -> Check:
    name = f"{role} endpoint"
    if settings.url is None:
        return Check(name, False, False, f"{where}.url is not set", "set it, or 'scripted' to try the set-up")
    if settings.url == SCRIPTED:
        return Check(name, True, True, "the scripted stand-in")
    try:
        Endpoint(settings.url, settings.model or "", key).check()
    except SwitchoverError as error:
        return Check(name, False, True, str(error))
    return Check(name, True, True, f"{settings.model} at {settings.url}")
