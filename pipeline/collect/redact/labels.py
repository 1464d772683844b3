"""Values that stand after a label such as ``password=`` or ``"apiToken":``, judged by how random they look. Pure.

Issues are full of such labels without a secret: code that reads one, placeholders, names of fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.collect.redact.rules import Rule, rule

_SETS = (
    r"[\"'`\])]{0,3}[ \t]{0,8}(?::=|=>|={1,3}|!==?|:{1,2}|\"?,?\s{1,40}[\"']?value[\"']?[ \t]{0,4}[:=])[ \t]{0,8}"
    r"|[\"'`]{0,1} (?:is|was) (?=[\"'`])|>(?=[^\s<>]{4,200}</)"
)
"""Between a label and its value, as configuration files, most languages, XML and people write it."""

# No more than 200 characters are judged: a text of labels alone must not be read to its end from each of them.
_VALUE = r"(?:[bru@](?=[\"']))?(?P<quote>[\"'`])?(?P<secret>(?(quote)[^\s\"'`]|[^\s\"'`,;<>]){6,200})"

_FOR_PASSWORDS = r"passw(?:or)?d|passphrase|pwd|secret|(?:api|access)[_-]?key|auth[_-]?token|[_-]pass(?![a-z])"
_FOR_TOKENS = (
    r"token|credential|creds|signature|session_?id|_auth|\"auth(?=\")|(?:private|account|service|signing|encryption"
    r"|client|master|shared|storage|license|auth|insert|subscription|admin|deploy)[_-]?key"
)

_ELSEWHERE = re.compile(r"[$<{%*(\[&]|x{4}|\.{3}|-{3}|~?\.{0,2}/|\w+://", re.IGNORECASE)
"""A placeholder, a path or an address: the value is not here."""
_CODE = re.compile(r"(?:\w+\.)*\w+[(\[.]")
_PLAIN = re.compile(r"[\w!@#$%^&*+/=~?-]+")
_TOKEN_VALUE = re.compile(r"[\w.+/=~%:-]+")
_RUN = re.compile(r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_WORDS = re.compile(
    r"passw|secret|token|key(?:[^A-Za-z]|$)|credential|example|placeholder|redacted|required|optional|string|hidden|text\b"
    r"|undefined|change_?me|none\b|null\b|true\b|false\b|your|insert|here\b|empty|dummy|fake|not[_-]|base64|sha\d|md5"
    r"|bcrypt|bearer|oauth|github|version|input|value",
    re.IGNORECASE,
)
DISTINCT = 8
"""Different characters that a token has at least; xxxx and 0000 have fewer."""


def label_rules() -> Iterator[Rule]:
    """Passwords, which may be words, and tokens, which may not; and flags of a command line."""
    label = rf"(?:{_FOR_PASSWORDS})(?P<more>[\w.-]{{0,40}})(?:{_SETS}){_VALUE}"
    yield rule(
        "password",
        label,
        ("passw", "passphrase", "pwd", "secret", "api", "access", "auth", "_pass", "-pass"),
        _password,
        any_case=True,
    )
    flag = r"(?<!-)--(?!-)[\w-]{0,30}?(?:password|passwd|secret|token|key)(?P<more>[\w-]{0,20}) {1,4}"
    yield rule("password", flag + _VALUE, ("--",), _password, any_case=True)
    label = rf"(?:{_FOR_TOKENS})s?(?P<more>(?![a-z])[\w.-]{{0,40}}|\w?key\w{{0,20}})(?:{_SETS}){_VALUE}"
    starts = (
        'token credential creds signature session _auth "auth private account service signing encryption client master '
        "shared storage license auth insert subscription admin deploy"
    )
    yield rule("token", label, starts.split(), _token, any_case=True)


def _password(found: re.Match[str]) -> int:
    value, quote = found["secret"], found["quote"]
    if quote:
        end = _end(found, r"[^\s\"'`]*")
        is_closed = found.string[end : end + 1] in ("", quote)
        return end - found.start("secret") if is_closed and _may_be_password(value, found["more"]) else 0
    plain = _PLAIN.match(value)
    if plain is None or plain.end() < 6 or not re.search(r"\d", plain[0]):
        return 0
    is_code = value[plain.end() : plain.end() + 1] in (".", "(", "[")
    if is_code or not _may_be_password(value, found["more"]):
        return 0
    return _end(found, _PLAIN.pattern) - found.start("secret")


def _may_be_password(value: str, more: str) -> bool:
    if _ELSEWHERE.match(value) or _CODE.match(value) or len(set(value)) < 4:
        return False
    is_mixed = bool(re.search(r"\d", value) and re.search(r"\D", value))
    if more:
        return is_mixed and not _WORDS.search(value)
    return is_mixed or not _WORDS.search(value)


def _token(found: re.Match[str]) -> int:
    value = _TOKEN_VALUE.match(found["secret"])
    if value is None or _ELSEWHERE.match(value[0]) or len(set(value[0])) < DISTINCT or not _RUN.search(value[0]):
        return 0
    return _end(found, _TOKEN_VALUE.pattern) - found.start("secret")


def _end(found: re.Match[str], letters: str) -> int:
    """Where the whole value ends: the match holds only as much of it as is looked at to judge it."""
    run = re.compile(letters).match(found.string, found.start("secret"))
    return run.end() if run else found.end("secret")
