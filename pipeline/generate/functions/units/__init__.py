"""Units that are no functions: one file per format, each with the ``Grammar`` that lists it. See ``kinds``.

To add a format: a file like ``hcl.py``, and its name in ``UNITS``.
"""

from __future__ import annotations

from pipeline.generate.functions.units.asciidoc import ASCIIDOC
from pipeline.generate.functions.units.hcl import HCL
from pipeline.generate.functions.units.markdown import MARKDOWN
from pipeline.generate.functions.units.restructured_text import RST
from pipeline.generate.functions.units.shell import SCRIPT
from pipeline.generate.functions.units.sql import SQL
from pipeline.generate.functions.units.verilog import VERILOG
from pipeline.generate.functions.units.vhdl import VHDL
from pipeline.generate.functions.units.yaml import YAML

__all__ = ["UNITS"]

UNITS = (MARKDOWN, RST, ASCIIDOC, SQL, HCL, YAML, SCRIPT, VERILOG, VHDL)
