"""Why results of a workflow run were not taken in, and what to do: the one list of codes. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """In words."""

    meaning: str
    do: str
    """The next step."""


_AGAIN = "Give `/switchover evaluate` again once it is mended."
_RERUN = "Read its log, mend the cause, then run it again from the Actions tab or by the same command."
_LOOK = "Somebody may have changed the workflow file or the runner: look at both before you start another run."

REFUSED: dict[str, Reason] = {
    "wrong_run": Reason("the run or the artifact is not one of the workflow that was asked for", _LOOK),
    "wrong_branch": Reason(
        "the run is not of a commit of the default branch",
        "Start it from the default branch; after a force-push, start it again.",
    ),
    "wrong_repository": Reason("the run or its rows are another repository's", _LOOK),
    "no_artifact": Reason(
        "the run has succeeded and left no results",
        "Bring the workflow files up to date with `switchover init --force`, then start it again.",
    ),
    "too_many_artifacts": Reason("the run has left more artifacts than it may", _LOOK),
    "expired": Reason("GitHub has deleted the artifact", "Start the run again, or raise its `retention-days`."),
    "damaged": Reason("the artifact is not what GitHub says it holds", "Run it again from the Actions tab."),
    "not_zip": Reason("the artifact is no whole zip archive", "Run it again from the Actions tab."),
    "too_large": Reason("the artifact is larger than results can be, packed or unpacked", _LOOK),
    "too_many_files": Reason("the archive holds more files than results need", _LOOK),
    "bad_path": Reason("the archive holds a path that leads out of it, or a link", _LOOK),
    "duplicate_name": Reason("the archive holds two files of one name", _LOOK),
    "encrypted": Reason("the archive is encrypted", _LOOK),
    "nested_archive": Reason("the archive holds another archive", _LOOK),
    "missing_file": Reason(
        "the archive lacks the file of results",
        "Bring the workflow files up to date with `switchover init --force`, then start it again.",
    ),
    "too_many_rows": Reason("there are more rows than one run may report", "Evaluate fewer pull requests at once."),
    "too_long": Reason("a line or a text in it is longer than it may be", _LOOK),
    "wrong_schema": Reason(
        "a row is not what `switchover evaluate` writes",
        "Use the same version of Switchover on the runner and here, then run it again.",
    ),
    "duplicate_row": Reason("two rows are about the same attempt", _LOOK),
    "foreign_issue": Reason("a line is about an issue that the run was not asked for", _LOOK),
    "wrong_time": Reason(
        "an attempt is said to be sealed before it was asked for, or at a time that is still to come",
        "Set the clock of the runner; patches that were sealed by hand before stay as they are on the runner.",
    ),
    "sealed_after_fix": Reason(
        "the issue was fixed before the hashes of its patches were here",
        "Nothing: what was sealed is scored by the fix, and counts as it would without a comment.",
    ),
    "broken_seal": Reason(
        "a patch is not the one whose hash was recorded when it was sealed",
        "Look at the runner. Where its files were lost and made anew, take that issue's attempts out of its "
        "`sealed.jsonl` and `evaluations.jsonl`, then run it again.",
    ),
    "foreign_pull": Reason("a row is about a pull request that the run was not asked for", _LOOK),
    "unknown_pull": Reason(
        "a row is about a pull request that is not known here as merged",
        "Wait until it is collected, then run it again from the Actions tab.",
    ),
}
"""The run was looked at, and its results must not be believed."""

FAILED: dict[str, Reason] = {
    "not_started": Reason(
        "GitHub did not start it", "Mend what its answer names, then give the command, or the label, again."
    ),
    "run_unknown": Reason("it was asked for, and no run has appeared", "Give the command, or the label, again."),
    "run_gone": Reason("its run was deleted on GitHub", "Start it again, if its results are wanted."),
    "run_failed": Reason("a step of it failed", _RERUN),
    "run_cancelled": Reason(
        "somebody, or a newer run, has cancelled it",
        "Start it again: it goes on where it stopped.",
    ),
    "run_timed_out": Reason(
        "it took longer than its time limit",
        "Start it again: it goes on where it stopped; or raise `timeout-minutes`.",
    ),
    "run_not_begun": Reason(
        "GitHub could not begin it",
        "Look at the run: the workflow file or the runner's labels are wrong, or nobody has approved it.",
    ),
    "unreachable": Reason("its results could not be fetched after several tries", _RERUN),
}
"""There are no results."""

ALL = {**REFUSED, **FAILED}

CONCLUSIONS = {
    "failure": "run_failed",
    "cancelled": "run_cancelled",
    "timed_out": "run_timed_out",
    "startup_failure": "run_not_begun",
    "action_required": "run_not_begun",
    "stale": "run_not_begun",
}
"""GitHub's word for how a run ended, to ours; any other than success is ``run_failed``."""


class Refused(Exception):
    """Results that must not be taken in."""

    def __init__(self, reason: str, detail: str) -> None:
        assert reason in REFUSED
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        """One line for a person: where, which value. May quote what came: foreign text."""
