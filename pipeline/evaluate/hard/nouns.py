"""What hard scoring speaks of: a test's outcome, one run, a task's proof, a patch's grade (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["passed", "failed", "skipped"]
"""skipped holds expected failures too: neither says anything of a patch."""


@dataclass(frozen=True)
class TestLimits:
    """What the tests of one run may use; the rest is as in ``sandbox.Limits``."""

    __test__ = False
    seconds: float = 600
    """Wall clock of one run of the changed test files."""
    seconds_per_test: int = 60
    """Of one test, where the runner can stop a single one."""
    memory_mb: int = 4096
    processes: int = 512
    seed: int = 0
    """Of what the language makes random (Python's hashes): each run of a proof has another, so that a test that
    lives by the order of a set is found out."""


@dataclass(frozen=True)
class TestRun:
    """One run of a task's test files."""

    __test__ = False
    outcomes: Mapping[str, Outcome]
    """By the runner's name of the test; what is not here was not reached."""
    complete: bool
    """False when the run ended before its end was reported: a crash, a time limit, an early exit."""
    tampered: bool = False
    """A test that must fail passed, or the report does not bear our seal."""
    timed_out: bool = False
    seconds: float = 0.0
    said: str = ""
    """Tail of what it printed, for a person; never parsed."""


@dataclass(frozen=True)
class Proof:
    """Whether a task can be scored by its tests, found out once."""

    task_id: str
    fail_to_pass: tuple[str, ...]
    """Passed in every run at the merge; failed, errored or absent in every run at base and tests. Sorted."""
    pass_to_pass: tuple[str, ...]
    """Passed in every run of both. Sorted."""
    left_out: str | None
    """Reason code (docs/hard-scores.md), None when the task can be scored."""
    detail: str = ""
    """One line for a person."""
    thrown_out: Mapping[str, str] = field(default_factory=dict)
    """Test to reason code: ``flaky``, ``fails_at_merge``, ``skipped``."""
    environment: str = ""
    """Key of the environment that it was found in."""
    language: str = ""
    runs: int = 0
    """Runs of the tests that it rests on."""
    seconds: float = 0.0
    """Of those runs together."""


@dataclass(frozen=True)
class Grade:
    """What the tests say of a patch."""

    resolved: bool
    """All of fail-to-pass and pass-to-pass passed."""
    f2p_passed: int
    f2p_total: int
    p2p_passed: int
    p2p_total: int
    reason: str | None = None
    """Reason code when the tests could not speak (``patch_does_not_apply``, ``tampered``, ``tests_time_out``,
    ``tests_ended_early``); None otherwise. Such a patch is not resolved."""

    @property
    def score(self) -> float:
        """1.0 or 0.0."""
        return float(self.resolved)
