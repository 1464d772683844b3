"""One run of pytest in the sandbox, its results read as hostile."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from pipeline.evaluate.hard import canary, results
from pipeline.evaluate.hard.box import REPORT, ran_in, report_in
from pipeline.evaluate.hard.nouns import TestLimits, TestRun
from pipeline.evaluate.hard.placing import put

INSIDE = Path(__file__).parent / "inside"
_SETTINGS = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}


def run(checkout: Path, tmp: Path, files: Sequence[str], toolchains: Sequence[Path], limits: TestLimits) -> TestRun:
    """Run the tests of ``files`` (paths in ``checkout``); the first of ``toolchains`` is the environment.

    Raises SandboxUnavailable when nothing was run.
    """
    key = secrets.token_hex(32)
    bird, content = canary.canary(files[0], "x" + secrets.token_hex(6))
    put(checkout, [(bird, content)])
    job = {"key": key, "report": REPORT, "files": [*files, bird], "seconds_per_test": limits.seconds_per_test}
    python = str(toolchains[0].resolve() / "bin" / "python")
    command = [python, str(INSIDE / "run_pytest.py"), "/tmp/out/job.json"]  # noqa: S108 - the sandbox's own
    told = {"job.json": json.dumps(job).encode()}
    ran = ran_in(
        checkout, tmp, command, (*toolchains, INSIDE), limits, {**_SETTINGS, "PYTHONHASHSEED": str(limits.seed)}, told
    )
    values, ours = results.unsealed(report_in(tmp), key)
    found, ended = results.outcomes(values)
    passed = [test for test, outcome in found.items() if outcome == "passed"]
    return TestRun(
        outcomes={test: outcome for test, outcome in found.items() if not canary.belongs(test, bird)},
        complete=ended and ran.stopped_for is None,
        tampered=not ours or canary.sang(passed, bird),
        timed_out=ran.stopped_for == "time",
        seconds=ran.seconds,
        said=ran.output.decode("utf-8", "replace")[-2000:],
    )
