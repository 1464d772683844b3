"""Tasks to test with."""

from typing import Any

from pipeline.types import Task


def task(number: int = 1, **changed: Any) -> Task:
    values: dict[str, Any] = {
        "id": f"o/n#{number}",
        "repo": "o/n",
        "number": number,
        "base_sha": "b" * 40,
        "merge_sha": "c" * 40,
        "merged_at": f"2026-03-{number:02d}T00:00:00Z",
        "prompt": "mend it",
        "prompt_source": "issue",
        "prompt_written_at": None,
        "files": ("a.py",),
        "test_files": (),
        "added": 1,
        "removed": 1,
    }
    return Task(**{**values, **changed})
