"""What kind of change a pull request is, from its title: known before any model has run, so no selection."""

from __future__ import annotations

import re

OTHER = "other"

_TYPED = re.compile(r"(\w+)(\([^)]*\))?!?:\s")
"""A conventional commit: ``fix(parser)!: ...``."""

_WORDS = {
    "fix": "fix fixes fixed bug bugfix hotfix correct prevent avoid handle repair resolve",
    "feature": "feat feature add adds added allow support implement introduce enable new",
    "refactor": "refactor refactoring rename move simplify clean cleanup remove drop split extract style",
    "performance": "perf speed optimize optimise faster",
    "tests": "test tests testing",
    "docs": "doc docs document documentation readme typo",
    "upkeep": "chore build ci deps bump upgrade update release revert pin",
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()}


def kind_of(title: str) -> str:
    """fix, feature, refactor, performance, tests, docs, upkeep or other.

    A conventional type counts, else the first word that tells.
    """
    typed = _TYPED.match(title)
    if typed and (kind := _KIND_OF.get(typed[1].lower())):
        return kind
    return next((_KIND_OF[word] for word in re.findall(r"[a-z]+", title.lower()) if word in _KIND_OF), OTHER)
