"""What differs between languages for small edits: comments, definitions, blocks."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".go": "go",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".tsx": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".java": "java",
    ".rs": "rust",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".cxx": "cpp",
    ".hh": "cpp",
    ".hpp": "cpp",
    ".rb": "ruby",
    ".rake": "ruby",
    ".gemspec": "ruby",
    ".ru": "ruby",
    ".php": "php",
    ".phtml": "php",
    ".cs": "csharp",
    ".csx": "csharp",
    ".kt": "kotlin",
    ".kts": "kotlin",
    ".sh": "shell",
    ".bash": "shell",
}
"""File suffix to language."""

_MODIFIERS = (
    r"(?:(?:async|static|get|set|public|private|protected|readonly|override|abstract|export|default)\s+|\*\s*)*"
)
_SCRIPT = (
    rf"\bfunction\b\s*\*?\s*NAME\b|\bNAME\s*[:=]\s*(?:async\s*)?(?:function\b|\(|\w+\s*=>)"
    rf"|^\s*{_MODIFIERS}#?NAME\s*(?:<[^>]*>)?\([^;]*$"
)
_TYPED = r"^\s*(?!return\b|else\b|new\b|throw\b|if\b|while\b|\*|//)(?:[\w<>\[\],:&*~?@\s]+[\s*&:])?~?NAME\s*\([^;]*$"
_DEFINITIONS = {
    "python": r"^\s*(?:async\s+)?def\s+NAME\b",
    "go": r"^func\s+(?:\([^)]*\)\s*)?NAME\b",
    "rust": r"\bfn\s+NAME\b",
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "java": _TYPED,
    "c": _TYPED,
    "cpp": _TYPED,
    "ruby": r"^\s*(?:\w+\s+)?def\s+(?:\w+\.)?NAME(?![\w?!=])",
    "php": r"\bfunction\s+&?\s*NAME\s*\(|\$NAME\s*=\s*(?:static\s+)?function\b",
    "csharp": _TYPED.replace("NAME", r"NAME\s*(?:<[^>]*>)?"),
    "kotlin": r"\bfun\s+(?:<[^(]*>\s*)?(?:[\w.<>?, ]+\.)?`?NAME`?\s*\(",
    "shell": r"^\s*(?:function\s+NAME\b|NAME\s*\(\s*\))",
}
_OWNERS = r"\b(?:class|module(?!\.)|struct|impl|interface|enum|trait|namespace|type|record|object)\b.*\bNAME\b"


def language_of(path: str) -> str | None:
    """The language of a file by its suffix; None for one that is not known."""
    return LANGUAGES.get(PurePosixPath(path).suffix.lower())


def defines(language: str, name: str, line: str) -> bool:
    """True when ``line`` begins the definition of the function ``name``."""
    return re.search(_DEFINITIONS[language].replace("NAME", re.escape(name)), line) is not None


def defines_owner(name: str, line: str) -> bool:
    """True when ``line`` begins the class, or its like, called ``name``."""
    return re.search(_OWNERS.replace("NAME", re.escape(name)), line) is not None


def comment(language: str, text: str) -> str:
    """``text`` as a line comment."""
    return f"# {text}" if language in ("python", "ruby", "shell") else f"// {text}"
