"""Why a stage did not end: it stays to be done, by this call or the next one."""

from __future__ import annotations


class OursFailed(Exception):
    """A failure of ours (endpoint, disk); the stage is to be tried again."""


class Paused(Exception):
    """The run is stopping; what is left of this function is for the next run."""
