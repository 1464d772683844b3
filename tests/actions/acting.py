"""Shipped workflows executed by act, without Docker and without GitHub: every step runs on this machine.

Artifacts are folders (``stubs/``), GitHub is a stand-in on loopback where a job asks it, ``checkout`` is act's
own. Not modelled by act: permissions, tokens, concurrency, environments; the checkers look at those.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import yaml

STUBS = Path(__file__).parent / "stubs"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"
DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"
CACHE = "actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae"
LABELS = ("ubuntu-latest", "self-hosted", "linux", "gpu")
BIN = Path(sys.executable).parent
SECONDS = 600


def shipped() -> dict[str, str]:
    """File name to text of every workflow that ``init`` writes."""
    files = resources.files("workflows").iterdir()
    return {file.name: file.read_text() for file in files if file.name.endswith(".yml")}


@dataclass
class Act:
    """A repository with the shipped workflows, and what lies around its runners."""

    folder: Path
    name: str = "octo-tally/reckon"
    """``owner/name`` that the jobs are told."""
    token: str = ""
    """``github.token`` of its jobs."""
    variables: dict[str, str] = field(default_factory=dict)
    """Repository variables."""
    environment: dict[str, str] = field(default_factory=dict)
    """Of the runner, as its owner has set it up."""
    programs: list[Path] = field(default_factory=list)
    """Folders before everything else on the runner's PATH."""

    def __post_init__(self) -> None:
        for path in (self.workflows, self.home, self.artifacts):
            path.mkdir(parents=True)
        for name, text in shipped().items():
            (self.workflows / name).write_text(text)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", f"https://github.com/{self.name}.git")

    @property
    def repo(self) -> Path:
        return self.folder / "repo"

    @property
    def workflows(self) -> Path:
        return self.repo / ".github" / "workflows"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    def git(self, *words: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", "-C", str(self.repo), *who, *words], check=True, capture_output=True)

    def dispatch(self, workflow: str, inputs: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run it as ``workflow_dispatch`` would; stdout holds act's log, with every step's output."""
        with self.running(workflow, inputs) as process:
            log, _ = process.communicate(timeout=SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, log)

    @contextlib.contextmanager
    def running(self, workflow: str, inputs: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        """As ``dispatch``, under way; what is left of it at the end of the block is killed."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "Workflows")
        words = [str(BIN / "act"), "workflow_dispatch", "-W", f".github/workflows/{workflow}", "--no-cache-server"]
        words += [word for label in LABELS for word in ("-P", f"{label}=-self-hosted")]
        stubs = {UPLOAD: "upload", DOWNLOAD: "download", CACHE: "cache"}
        words += [word for action, stub in stubs.items() for word in ("--local-repository", f"{action}={STUBS / stub}")]
        words += [word for name, value in (inputs or {}).items() for word in ("--input", f"{name}={value}")]
        words += [word for name, value in self.variables.items() for word in ("--var", f"{name}={value}")]
        runner = {"STUB_ARTIFACTS": str(self.artifacts), **self.environment}
        words += [word for name, value in runner.items() for word in ("--env", f"{name}={value}")]
        words += ["-s", f"GITHUB_TOKEN={self.token}"] if self.token else []
        path = os.pathsep.join([*map(str, self.programs), str(BIN), "/usr/local/bin", "/usr/bin", "/bin"])
        environment = {"HOME": str(self.home), "PATH": path, "TMPDIR": str(self.folder)}
        process = subprocess.Popen(
            words,
            cwd=self.repo,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def caller(self, name: str, called: str, inputs: Mapping[str, str]) -> str:
        """Write a workflow that calls a shipped one alone; its file name."""
        job = {"uses": f"./.github/workflows/{called}", "permissions": {}, "with": dict(inputs)}
        (self.workflows / name).write_text(yaml.safe_dump({"on": "workflow_dispatch", "jobs": {"only": job}}))
        return name
