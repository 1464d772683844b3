"""What differs between file formats: how a comment is written, and what a unit's first line looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

FORMATS = {
    **dict.fromkeys((".md", ".markdown", ".mdx", ".mkd", ".rst", ".rest", ".adoc", ".asciidoc"), "document"),
    **dict.fromkeys((".sql", ".ddl"), "sql"),
    **dict.fromkeys((".tf", ".tofu", ".hcl", ".nomad"), "hcl"),
    **dict.fromkeys((".yaml", ".yml"), "yaml"),
    **dict.fromkeys((".sh", ".bash", ".ksh", ""), "shell"),
    **dict.fromkeys((".v", ".vh", ".sv", ".svh"), "verilog"),
    **dict.fromkeys((".vhd", ".vhdl"), "vhdl"),
}
"""File suffix to format."""

COMMENTS = {"sql": "-- ", "vhdl": "-- ", "verilog": "// ", "hcl": "# ", "yaml": "# ", "shell": "# "}
"""What a line of comment begins with; documents have none that every format knows."""

_HARDWARE = {
    "verilog": "module|interface|package|program|class|function|task",
    "vhdl": "entity|architecture|package|process|function|procedure",
}


@dataclass(frozen=True)
class Unit:
    """What a task names: a unit, its file and the format of that."""

    name: str
    path: str
    format: str

    @property
    def leaf(self) -> str:
        """The last part of its name, without the number of a repeated one."""
        name = re.sub(r" #\d+$", "", self.name)
        if self.format in ("document", "sql", "shell") or re.search(r"\s|:/", name):
            return name.split(" > ")[-1]
        if self.format == "yaml" and re.match(r"[A-Z]\w*/", name):
            return name.split("/", 1)[1]
        return name.split(".")[-1] or name

    @property
    def number(self) -> int:
        """Which of several of one name: 1 for the first."""
        found = re.search(r" #(\d+)$", self.name)
        return int(found[1]) if found else 1


def unit_of(name: str, path: str) -> Unit | None:
    """None where ``path`` is in no such format; in a script only the script itself is a unit."""
    known = FORMATS.get(PurePosixPath(path).suffix.lower())
    if known is None or (known == "shell" and name != PurePosixPath(path).name):
        return None
    return Unit(name, path, known)


def first_line(unit: Unit) -> str:
    """A pattern of grep -E for the line on which the unit begins."""
    words = [re.sub(r"[^\w-]", ".", word) for word in re.findall(r"[\w][\w.-]*", unit.leaf)]
    spaced = ".*".join(words[:8]) + (".*" if len(words) > 8 else "") or "."
    if unit.format in _HARDWARE:
        return rf"\b({_HARDWARE[unit.format]})\b.*\b{spaced}\b|^\s*{spaced}\s*:\s*process\b"
    if unit.format == "hcl":
        parts = [re.escape(part) for part in re.sub(r" #\d+$", "", unit.name).split(".")]
        return "^" + ".*".join(parts)
    if unit.format == "yaml":
        item, key = rf"^ *(- )?(name|id|hosts|repo): *[\"']?{spaced}[\"']? *(#.*)?$", rf"^ *[\"']?{spaced}[\"']? *:"
        return key if unit.leaf != unit.name and "/" not in unit.name else f"{item}|{key}"
    if unit.format == "document":
        return rf"^(#+|=+) +\W*{spaced}|^\W*{spaced}\W*$"
    return rf"^ *{spaced}"
