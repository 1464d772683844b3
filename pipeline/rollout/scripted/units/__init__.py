"""The scripted model on units that are no functions: sections, blocks of configuration, hardware modules.

formats     what differs between file formats: comments, how a unit begins
edits       what can be changed: a note, or a small change that such units often lack
symptoms    how each change is described without giving it away, and read back
work        find the unit through the tools, view it, choose an edit
"""

from pipeline.rollout.scripted.units.formats import Unit
from pipeline.rollout.scripted.units.symptoms import described, describes_unit
from pipeline.rollout.scripted.units.work import prepare, unit_in

__all__ = ["Unit", "described", "describes_unit", "prepare", "unit_in"]
