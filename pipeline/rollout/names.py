"""Which names and link targets of a hostile checkout may enter a patch, and which a person must see. Pure.

Paths are bytes, as git and the file system have them.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata

LONGEST = 4000
"""Bytes of a path that git and file systems still take (PATH_MAX is 4096)."""

_HFS_IGNORES = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
_GIT_FOLDER = re.compile(r"(\.git|git~1)[ .]*([:\\].*)?", re.IGNORECASE | re.DOTALL)
_GIT_FILE = re.compile(r"\.git(modules|attributes|ignore)|(git(mod|att|ign)|gi7eba|gi7d29|gi250a).*~\d", re.IGNORECASE)
"""The files that git reads, by name and by the short names that NTFS gives them."""
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_HOLDS: tuple[tuple[str, str], ...] = (
    (r"\.github/.*|\.gitlab-ci\.yml|\.circleci/.*|(.*/)?action\.ya?ml", "held_ci"),
    (r"(.*/)?CODEOWNERS", "held_owners"),
    (r"(.*/)?\.git(modules|attributes|ignore)", "held_git_settings"),
    (r"(.*/)?(\.husky/.*|\.pre-commit-(config|hooks)\.yaml|lefthook\.ya?ml)", "held_hooks"),
)


def refused(name: bytes) -> str | None:
    """Reason code when no patch may hold a file of this name (one component), else None."""
    text = name.decode("utf-8", "surrogateescape")
    if is_git_folder(name):
        return "git_folder"
    if any(unicodedata.category(c) == "Cc" or c in _BIDI for c in text):
        return "control_in_name"
    return None


def is_git_folder(name: bytes) -> bool:
    """Whether some file system takes this name for ``.git``."""
    plain = name.decode("utf-8", "surrogateescape").translate(_HFS_IGNORES)
    return any(_GIT_FOLDER.fullmatch(part) for part in (plain, *plain.split("\\")))


def link_refused(path: bytes, target: bytes) -> str | None:
    """Reason code when no patch may hold this symbolic link, else None. The target is never looked at."""
    if _GIT_FILE.match(posixpath.basename(path).decode("utf-8", "replace").translate(_HFS_IGNORES)):
        return "git_settings_link"
    if target.startswith(b"/") or b"\0" in target or not target:
        return "link_outside"
    landing = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    parts = landing.split(b"/")
    return "link_outside" if parts[0] == b".." or any(map(is_git_folder, parts)) else None


def held(path: bytes) -> str | None:
    """Reason code when a person must look at a change to this path before it is published, else None."""
    text = path.decode("utf-8", "replace")
    return next((reason for pattern, reason in _HOLDS if re.fullmatch(pattern, text, re.IGNORECASE)), None)


def shown(path: bytes) -> str:
    """``path`` for people and JSON: UTF-8 where it is, else and for controls ``\\xNN``."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) in ("Cc", "Cf") else c for c in text)
