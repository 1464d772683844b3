"""What a workflow's ``runs-on`` asks for: a list of labels, or the one name of a scale set. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.errors import InputError

_HOSTED = re.compile(r"(ubuntu|windows|macos)-[a-z0-9.-]+", re.IGNORECASE)


@dataclass(frozen=True)
class Labels:
    """A runner is given the job when it has all of them, letter case aside."""

    names: tuple[str, ...]
    """One at least."""
    is_one_name: bool = False
    """Whether it was given as a name, not as a list."""

    @property
    def is_hosted(self) -> bool:
        """Whether GitHub's own machines take it."""
        return len(self.names) == 1 and bool(_HOSTED.fullmatch(self.names[0]))

    def missing(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Those that are not among ``labels``."""
        there = {label.casefold() for label in labels}
        return tuple(name for name in self.names if name.casefold() not in there)

    def within(self, labels: Iterable[str]) -> bool:
        """Whether all of them are among ``labels``."""
        return not self.missing(labels)

    def __str__(self) -> str:
        return ", ".join(self.names)


def parse_labels(text: str) -> Labels:
    """``["self-hosted", "gpu"]``, ``"my-set"`` (both as JSON, as the workflows take them), or a bare name.

    Raises InputError for anything else.
    """
    value: object = text.strip()
    if text.strip()[:1] in ("[", '"', "{"):
        try:
            value = json.loads(text)
        except ValueError as error:
            raise InputError(f'--runner {text}: not JSON ({error}); as in \'["self-hosted", "gpu"]\'') from None
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name.strip() and "," not in name for name in names):
        raise InputError(
            f'--runner {text}: expected a JSON list of labels, as in \'["self-hosted", "gpu"]\', or one name'
        )
    return Labels(tuple(str(name).strip() for name in names), not isinstance(value, list))
