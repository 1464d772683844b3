"""Reason codes: the page and the docs say the same of each."""

import re
from pathlib import Path

from pipeline.reasons import BACKFILL, COLLECT, meaning

DOCS = Path(__file__).parents[2] / "docs" / "reasons.md"


def documented(section: str) -> dict[str, str]:
    """Code to meaning, of the tables below the headings that begin with ``section``."""
    parts = [part for part in re.split(r"^## ", DOCS.read_text(), flags=re.M) if part.startswith(section)]
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|$", "\n".join(parts), re.M)
    return {code: text.replace("`", "") for codes, text in rows for code in re.findall(r"`(\w+)`", codes)}


def test_the_page_says_of_a_reason_what_the_docs_say() -> None:
    found = documented("collect")
    assert len(found) >= 12
    assert found == COLLECT | BACKFILL


def test_an_unknown_reason_has_no_meaning_and_is_no_error() -> None:
    assert meaning("collect", "never_heard_of") == meaning("never", "bot") == ""
    assert meaning("collect", "bot") == "made by a bot"
