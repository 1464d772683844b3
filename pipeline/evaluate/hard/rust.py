"""Rust: crates fetched by ``cargo vendor`` (no code runs), built and tested in the sandbox.

Covered: tests in files of their own (``tests/name.rs``). Tests within source files belong to the
candidate as much as the source does, and are not counted.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from pipeline.evaluate.hard import reports
from pipeline.evaluate.hard.box import REPORT, ran_in, report_in
from pipeline.evaluate.hard.fetched import digests, fetch, made
from pipeline.evaluate.hard.kit import Environment, LeftOutTask, Source
from pipeline.evaluate.hard.nouns import TestLimits, TestRun
from pipeline.evaluate.hard.placing import Placer
from pipeline.rollout import hostile


class RustKit:
    """Needs a Cargo.lock: it pins every crate, so that no date is needed."""

    name = "rust"

    def __init__(self, cache: Path) -> None:
        self._cache = cache.absolute()

    def suits(self, paths: Collection[str]) -> bool:
        return any(path.endswith(".rs") for path in paths)

    def runnable(self, paths: Sequence[str], tree: Collection[str]) -> tuple[str, ...]:
        """Names of test targets: ``tests/name.rs``, and ``tests/name/*`` of a folder with its own main.rs."""
        own = [PurePosixPath(path).parts for path in paths if path in tree and path.startswith("tests/")]
        names = [
            parts[1].removesuffix(".rs") for parts in own if len(parts) == 2 or f"tests/{parts[1]}/main.rs" in tree
        ]
        return tuple(dict.fromkeys(names))

    def environment(self, source: Source, placer: Placer) -> Environment:
        root = _sysroot()
        if "Cargo.lock" not in source.paths:
            raise LeftOutTask("environment_failed", "the repository has no Cargo.lock to fetch its crates by")
        names = [path for path in source.paths if path.endswith(("Cargo.toml", "Cargo.lock"))]
        parts = digests({path: source.contents[path] for path in names})
        key, place = made(self._cache, parts, lambda place: self._make(place, source, placer, root))
        return Environment(key, (place / "vendor", root))

    def _make(self, place: Path, source: Source, placer: Placer, root: Path) -> None:
        with placer.checkout(source.tree) as (checkout, _):
            hostile.remove(checkout / ".cargo")  # it may name programs that cargo would start here
            words = ["vendor", "--locked", "--versioned-dirs", str(place / "vendor")]
            variables = {"CARGO_HOME": str(place / "home"), "RUSTC": str(root / "bin" / "rustc")}
            variables |= {"RUSTC_WRAPPER": "", "RUSTC_WORKSPACE_WRAPPER": ""}
            fetch([str(root / "bin" / "cargo"), *words], checkout, variables)
        (place / "vendor").mkdir(exist_ok=True)  # no crate, no folder
        shutil.rmtree(place / "home", ignore_errors=True)

    def run(self, checkout: Path, tmp: Path, files: Sequence[str], where: Environment, limits: TestLimits) -> TestRun:
        vendor, root = where.toolchains
        targets = " ".join(f"--test '{name}'" for name in files)
        replace = f"--config 'source.crates-io.replace-with=\"v\"' --config 'source.v.directory=\"{vendor}\"'"
        words = f"cargo test --offline --no-fail-fast {replace} {targets} > {REPORT} 2>&1"
        places = {"CARGO_HOME": "/tmp/cargo", "CARGO_TARGET_DIR": "/tmp/target", "CARGO_TERM_COLOR": "never"}  # noqa: S108
        command = ["bash", "-c", f'PATH="{root}/bin:$PATH" {words}']
        ran = ran_in(checkout, tmp, command, where.toolchains, limits, places)
        report = report_in(tmp)
        return TestRun(
            outcomes=reports.cargo(report),
            complete=ran.stopped_for is None and ran.exit_code in (0, 101),
            timed_out=ran.stopped_for == "time",
            seconds=ran.seconds,
            said=report.decode("utf-8", "replace")[-2000:],
        )


def _sysroot() -> Path:
    """The toolchain itself, past rustup's stand-ins."""
    program = shutil.which("rustc")
    ran = subprocess.run([program, "--print", "sysroot"], capture_output=True, check=False) if program else None
    if ran is None or ran.returncode != 0:
        raise LeftOutTask("no_toolchain", "rustc is not on PATH")
    root = Path(ran.stdout.decode().strip())
    if not (root / "bin" / "cargo").exists():
        raise LeftOutTask("no_toolchain", f"{root} holds no cargo")
    return root
