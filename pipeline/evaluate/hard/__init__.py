"""Hard scores: the pull request's own tests, run in the sandbox, in an environment as of its date.

    task ──proof──▶ fail-to-pass, pass-to-pass, or a reason       once, kept on disk
    patch ─grade──▶ resolved or not                               one run

``recipe`` reads how to make an environment, ``python`` and its kind make it, ``placing`` puts tests and
candidate together, ``results`` reads what came out. What runs where, and what a hostile patch may still
do: docs/hard-scores.md.
"""

from pipeline.evaluate.hard.build import grader
from pipeline.evaluate.hard.grader import Grader
from pipeline.evaluate.hard.nouns import Grade, Proof, TestLimits, TestRun

__all__ = ["Grade", "Grader", "Proof", "TestLimits", "TestRun", "grader"]
