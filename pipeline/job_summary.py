"""``python -m pipeline.job_summary VERB FILE [URL]``: what ``action.yml`` makes of a verb's result.

Without URL the Markdown of the job's summary, with it (the page of the run) the lines of its outputs.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.report.summary import outputs, summary


def main(arguments: list[str]) -> None:
    """One of the two on stdout; a file without a JSON object (the verb has failed) is an empty result."""
    verb, file, *url = arguments
    text = Path(file).read_text(encoding="utf-8", errors="replace")
    result = _object(text)
    sys.stdout.write(outputs(result, text, url[0], secrets.token_hex(16)) if url else summary(verb, result))


def result_in(file: Path) -> dict[str, Any]:
    """The object in ``file``; empty where it holds none. Raises InputError for a file that cannot be read."""
    try:
        return _object(file.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); give what a verb printed with --json") from None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


if __name__ == "__main__":
    main(sys.argv[1:])
