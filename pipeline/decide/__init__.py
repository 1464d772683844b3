"""Judging from paired evaluations when own has become the better choice. Pure; standard library only.

    evaluations ─ pairs ─▶ one d in [-1, 1] per PR ─ epochs ─▶ bets, saving, utility, audit ─ states ─▶ verdict

It does not run models, read files, or look at the clock.
"""

from pipeline.decide.epochs import Options
from pipeline.decide.verdict import Verdict, judge, trace

__all__ = ["Options", "Verdict", "judge", "trace"]
