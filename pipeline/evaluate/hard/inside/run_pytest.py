"""Runs pytest in the sandbox and seals what each test says. Python 3.7 and newer; standard library and pytest only.

Usage: python run_pytest.py JOB, where JOB is a JSON file with ``key`` (hex), ``report`` (path), ``files``,
``seconds_per_test``. The job is deleted before any code of the repository is imported. Each line of the
report is the HMAC of all lines so far, a space, and one JSON value. What the seal does not stop: code in
this very process that searches its memory for the key (see docs/hard-scores.md).
"""

from __future__ import annotations

import hmac
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def sealed(path: str, key: str) -> Callable[[Any], None]:
    """A function that appends one JSON value to the report. The key lives in it alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    chain, write, encode = hmac.new(bytes.fromhex(key), digestmod="sha256"), os.write, json.JSONEncoder().encode

    def seal(value: Any) -> None:
        line = encode(value).encode()
        chain.update(line)
        write(descriptor, chain.hexdigest().encode() + b" " + line + b"\n")

    return seal


class Reporter:
    """Tells the report of every phase of every test, and of files that cannot be collected."""

    def __init__(self, seal: Callable[[Any], None]) -> None:
        self._seal = seal

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._seal(phase(report))

    def pytest_collectreport(self, report: Any) -> None:
        if not report.passed:
            self._seal(phase(report))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self._seal({"end": int(exitstatus)})


def phase(report: Any) -> dict[str, Any]:
    expected = hasattr(report, "wasxfail") and report.outcome == "skipped"
    return {
        "test": report.nodeid[:4000],
        "when": getattr(report, "when", None) or "collect",
        "outcome": "expected" if expected else report.outcome,
    }


def arguments(job: dict[str, Any]) -> list[str]:
    words = ["-p", "no:cacheprovider", "-p", "no:randomly", "--maxfail=0", "-q", "-rN", "--tb=short"]
    if importlib.util.find_spec("pytest_timeout"):
        words += ["--timeout={}".format(job["seconds_per_test"]), "--timeout-method=signal"]
    if importlib.util.find_spec("xdist"):
        words += ["-n", "0"]  # workers of its own would run tests in an order that differs from run to run
    if importlib.util.find_spec("pytest_cov"):
        words += ["--no-cov"]
    return [*words, "--", *job["files"]]


def main() -> int:
    place = Path(sys.argv[1])
    job = json.loads(place.read_text())
    place.unlink()
    seal = sealed(job["report"], job.pop("key"))
    import pytest

    words = arguments(job)
    status = pytest.main(words, plugins=[Reporter(seal)])
    if int(status) == 4:  # the project's own addopts name a plugin that is not there
        status = pytest.main(["-o", "addopts=", *words], plugins=[Reporter(seal)])
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
