"""The one place that imports mini-swe-agent (MIT), and the whole surface of it that we use.

Its import prints a banner, makes a settings folder in the user's home, loads that folder's ``.env``
into this process (keys included), and hangs a handler that prints to stdout on its logger. None of
that belongs in a pipeline whose stdout is results: the import is told to be silent, is shown an
empty folder that is gone afterwards, and the handler is taken off.
"""

from __future__ import annotations

import logging
import tempfile

from pipeline import config
from pipeline.errors import InputError

__all__ = ["BASH_TOOL", "DefaultAgent", "FormatError", "InterruptAgentFlow", "version"]

with (
    tempfile.TemporaryDirectory(prefix="switchover-") as _empty,
    config.temporary_environment(MSWEA_SILENT_STARTUP="1", MSWEA_GLOBAL_CONFIG_DIR=_empty),
):
    try:
        from minisweagent import __version__ as version
        from minisweagent.agents.default import DefaultAgent
        from minisweagent.exceptions import FormatError, InterruptAgentFlow
        from minisweagent.models.utils.actions_toolcall import BASH_TOOL
    except ImportError as error:
        raise InputError(f"mini-swe-agent cannot be imported ({error}); pip install 'switchover[rollout]'") from None

logging.getLogger("minisweagent").handlers.clear()
