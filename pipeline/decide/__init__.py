"""Judging from paired evaluations when own has become the better choice. Pure; standard library only.

    evaluations ─ stream, pairs ─▶ one d in [-1, 1] per PR ─ epochs ─▶ bets, saving, utility, audit ─ states ─▶ verdict
                                                                       beside it: money, routing; before it: power

It does not run models, read files, or look at the clock.
"""

from pipeline.decide.options import Options
from pipeline.decide.verdict import Verdict, judge, trace

__all__ = ["Options", "Verdict", "judge", "trace"]
