"""Secrets that are known by the place where they stand: a key block, a URL, a header, a command. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.collect.redact.rules import Rule, rule

_KEY_BLOCK = (
    r"-{4,5} ?BEGIN (?P<type>[A-Z0-9 ]{0,40})PRIVATE KEY(?: BLOCK)? ?-{4,5}"
    r"(?:(?:[^-]|-(?!---)){0,20000}-{4,5} ?END (?P=type)PRIVATE KEY(?: BLOCK)? ?-{4,5}"
    r"|(?:(?:\s|\\[nr]){0,8}[\w+/=]{16,}+)+)"
)
"""Up to its end; where the end is missing, as far as it looks like a key."""
_PUTTY = r"Private-Lines: (?P<secret>\d{1,4}(?:\s{1,2}[\w+/=]{16,}+)+)"
_NO_VALUE = r"(?![$<{*%\[]|[xX]{4}|[Yy]our)"
_HASHES = "$2a$ $2b$ $2x$ $2y$ $apr1$ $5$ $6$ $y$ $argon2 $scrypt $pbkdf2-"


def place_rules() -> Iterator[Rule]:
    """All of them."""
    yield rule("private_key", _KEY_BLOCK, ("-----BEGIN ", "---- BEGIN "))
    yield rule("private_key", _PUTTY, ("Private-Lines: ",))
    yield rule("password", r"://(?P<secret>[^\s/:@\[\]\"'`<>]{0,128}:[^\s/@\[\]\"'`<>]{1,256})(?=@)", ("://",))
    yield rule("token", r"://(?P<secret>(?=[A-Za-z]{0,60}\d)[A-Za-z0-9_-]{20,}+)(?=@)", ("://",))
    yield rule("token", r"[?&;]sig=(?P<secret>[\w%+/-]{20,}=*)", ("?sig=", "&sig=", ";sig="))
    yield rule("password", r"\$(?:\w[\w-]{0,15})\$[\w./+$=,-]{20,}", _HASHES.split(), is_word=True)
    yield from _header_rules()
    yield from _command_rules()


def _header_rules() -> Iterator[Rule]:
    random = r"(?P<secret>(?=\S{0,100}?\d)[\w.~+/-]{16,}=*)"
    yield rule("token", rf"bearer\s{{1,4}}{random}", ("bearer",), any_case=True)
    header = r"authorization[\"']?\s{0,4}[:=,]\s{0,4}[\"']?(?:(?:basic|bearer|token|apikey|digest|key|bot)\s{1,4})?"
    value = rf"{_NO_VALUE}(?P<secret>(?=\S{{0,100}}?[\d=])[\w.~+/:-]{{8,}}=*)"
    yield rule("token", header + value, ("authorization",), any_case=True)
    cookie = r"cookie:\s{0,4}(?P<secret>[\w.%-]{1,64}=(?!\[)[^\s;]{8,}[^\n\"']{0,4000})"
    yield rule("token", cookie, ("cookie:",), any_case=True)


def _command_rules() -> Iterator[Rule]:
    user = rf"curl\b[^\n]{{0,200}}?\s(?:-u|--user)[ =]{{0,2}}[\"']?[^\s:\"'$<{{]{{0,64}}:{_NO_VALUE}"
    yield rule("password", user + r"(?P<secret>[^\s\"'][^\s\"']{2,128})", ("curl",))
    netrc = rf"login\s{{1,20}}\S{{1,100}}\s{{1,20}}password\s{{1,20}}{_NO_VALUE}(?P<secret>\S{{4,200}})"
    yield rule("password", netrc, ("login",))
