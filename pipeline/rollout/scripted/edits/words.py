"""Words out of identifiers, for texts about them."""

from __future__ import annotations

import re


def words(name: str) -> list[str]:
    """``insert_all``, ``insertAll`` and ``InsertAll`` give insert, all."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def sentence(name: str) -> str:
    """The name as the start of a sentence: ``insert_all`` gives "Insert all"."""
    text = " ".join(words(name)) or name
    return text[:1].upper() + text[1:]


def listed(names: list[str], quote: str) -> str:
    """``a, b and c``, each between ``quote``s."""
    quoted = [f"{quote}{name}{quote}" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
