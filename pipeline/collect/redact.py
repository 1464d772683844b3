"""Take secrets and e-mail addresses out of texts before they are stored. Pure.

Covered: keys and tokens with a known shape, private keys, passwords in URLs and in obvious
assignments, bearer tokens, e-mail addresses. Not covered: names, telephone numbers, secrets
without a shape. Code is never redacted: a patch must stay the patch.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

_KINDS: tuple[tuple[str, str], ...] = (
    ("private_key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    ("token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[\w-]{20,})"),
    ("token", r"\b(?:sk|rk|pk)[-_](?:ant-|proj-|live_|test_)?[\w-]{20,}"),
    ("token", r"\bxox[abeoprs]-[\w-]{10,}|https://hooks\.slack\.com/services/[\w/]+"),
    ("token", r"\b(?:npm_[A-Za-z0-9]{30,}|pypi-[\w-]{40,}|hf_[A-Za-z0-9]{30,}|AIza[\w-]{35})"),
    ("token", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("token", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{5,}"),
    ("password", r"(?<=://)[^\s/:@\[\]]+:[^\s/@\[\]]+(?=@)"),
    ("token", r"(?i)\b(?<=bearer )[\w.~+/-]{16,}=*"),
    (
        "password",
        r"(?i)(?<![\w])(?P<keep>[\w-]*(?:passw(?:or)?d|secret|api[_-]?key|access[_-]?key|auth[_-]?token)[\w-]*"
        r"[\"']?\s*(?::=|[:=])\s*)(?:(?P<quote>[\"'])(?!\[redacted)[^\"'\s]{8,}(?P=quote)"
        r"|(?=[A-Za-z_!@#%^&*+/=-]*\d)[\w!@#%^&*+/=-]{8,}(?![\w.(\[]))",
    ),
    # git@host:owner/name is a place, not a person.
    ("email", r"\b(?!git@)[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.DOTALL)) for kind, pattern in _KINDS)


def redact(text: str, counts: Counter[str] | None = None) -> str:
    """``text`` with each secret or address replaced by ``[redacted:KIND]``; ``counts`` is added to, by kind.

    Redacting twice changes nothing more.
    """
    for kind, pattern in _PATTERNS:
        text, times = pattern.subn(_mark(kind), text)
        if times and counts is not None:
            counts[kind] += times
    return text


def _mark(kind: str) -> Callable[[re.Match[str]], str]:
    def mark(found: re.Match[str]) -> str:
        kept, quote = (found.groupdict().get(name) or "" for name in ("keep", "quote"))
        return f"{kept}{quote}[redacted:{kind}]{quote}"

    return mark
