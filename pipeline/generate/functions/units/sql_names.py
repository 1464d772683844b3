"""How a SQL statement is called: its kind and its object, in lower case and as written. Pure."""

from __future__ import annotations

import re

_WORD = r"(?:[\w$#@]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|\{\{[^{}]*\}\})"
_OBJECT = rf"(?P<object>{_WORD}(?:\s*\.\s*{_WORD})*)"
_KIND = (
    r"(?P<kind>materialized\s+view|package\s+body|type\s+body|foreign\s+table|text\s+search\s+\w+|event\s+trigger|"
    r"table|view|index|function|procedure|proc|trigger|type|schema|sequence|extension|domain|policy|role|user|database|"
    r"event|rule|aggregate|operator|cast|package|collation|publication|subscription|server|statistics|synonym|login|"
    r"column|constraint)"
)
_MODIFIERS = (
    r"(?:(?:or\s+replace|or\s+alter|temp|temporary|unique|global|local|unlogged|external|virtual|recursive|"
    r"transient|clustered|nonclustered|fulltext|spatial|constraint|editionable|definer\s*=\s*\S+|trusted|"
    r"sql\s+security\s+\w+|algorithm\s*=\s*\w+)\s+)*"
)
_AROUND = r"(?:(?:if\s+(?:not\s+)?exists|concurrently|only|column)\s+)*"

_FORMS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), shown)
    for pattern, shown in (
        (rf"create\s+{_MODIFIERS}(?:index)\s+{_AROUND}on\s+(?:only\s+)?{_OBJECT}", "create index on"),
        (rf"create\s+{_MODIFIERS}{_KIND}\s+{_AROUND}{_OBJECT}", "create"),
        (rf"alter\s+{_MODIFIERS}{_KIND}\s+{_AROUND}{_OBJECT}", "alter"),
        (rf"drop\s+{_KIND}\s+{_AROUND}{_OBJECT}", "drop"),
        (rf"create\s+{_MODIFIERS}(?P<kind>\w+)\s+{_AROUND}{_OBJECT}", "create"),
        (rf"alter\s+(?P<kind>\w+)\s+{_AROUND}{_OBJECT}", "alter"),
        (rf"drop\s+(?P<kind>\w+)\s+{_AROUND}{_OBJECT}", "drop"),
        (rf"comment\s+on\s+{_KIND}\s+{_OBJECT}", "comment on"),
        (rf"(?:insert|replace)\s+(?:\w+\s+)*?into\s+(?:table\s+)?{_OBJECT}", "insert into"),
        (rf"insert\s+overwrite\s+(?:table\s+)?{_OBJECT}", "insert into"),
        (rf"update\s+(?:only\s+)?{_OBJECT}", "update"),
        (rf"delete\s+from\s+(?:only\s+)?{_OBJECT}", "delete from"),
        (rf"truncate\s+(?:table\s+)?{_OBJECT}", "truncate"),
        (rf"merge\s+(?:into\s+)?{_OBJECT}", "merge into"),
        (rf"(?:\(\s*)*select\b.*?\bfrom\s+{_OBJECT}", "select from"),
        (r"with\b(?=.*\bselect\b)", "with"),
        (r"(?:\(\s*)*select\b", "select"),
        (rf"grant\b.*?\bon\s+(?:table\s+|{_KIND}\s+)?{_OBJECT}", "grant on"),
        (rf"revoke\b.*?\bon\s+(?:table\s+|{_KIND}\s+)?{_OBJECT}", "revoke on"),
        (r"do\b", "do"),
        (r"(?:exec|execute|call)\s+" + _OBJECT, "call"),
    )
)


def name_of(text: str) -> str:
    """The name of a statement by its beginning, without comments; "" for one that is passed over."""
    for pattern, shown in _FORMS:
        found = pattern.match(text)
        if found:
            named = found.groupdict()
            kind = re.sub(r"\s+", " ", named.get("kind") or "").lower()
            return " ".join(part for part in (shown, kind, _plain(named.get("object") or "")) if part)
    return ""


def _plain(written: str) -> str:
    """Without quotes and blanks around its dots."""
    return re.sub(r"\s*\.\s*", ".", re.sub(r"[\"`\[\]]|\{\{|\}\}", "", written)).strip()
