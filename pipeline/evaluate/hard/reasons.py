"""Why a task cannot be scored by its tests, or a test or a patch does not count: one code each (pure)."""

from __future__ import annotations

TASKS: dict[str, str] = {
    "no_tests": "the pull request changes no test file that can be run",
    "no_test_kit": "no supported language's tests, and no evaluate.test_command",
    "no_toolchain": "the language's own tools are not on this machine",
    "environment_failed": "the environment cannot be built as of the pull request's date",
    "tests_not_run": "no test passes at the merge: the environment lacks something",
    "tests_time_out": "the tests do not end in time at the merge",
    "no_fail_to_pass": "no test fails before the change and passes after it",
    "flaky": "every test that the change seems to mend gives different results in runs of the same code",
}
"""Of a proof."""

TESTS: dict[str, str] = {
    "flaky": "different results in runs of the same code",
    "fails_at_merge": "does not pass at the merge",
    "skipped": "skipped, or expected to fail",
    "breaks_at_merge": "passes before the change and not after it",
}
"""Of a single test in a proof."""

PATCHES: dict[str, str] = {
    "patch_does_not_apply": "git cannot apply it to the base",
    "tampered": "a test that must fail passed, or the report was touched",
    "tests_time_out": "the tests did not end in time",
    "tests_ended_early": "the tests ended before their end was reported",
}
"""Of a grade."""
