"""``targets.jsonl``: what each task of a folder is about, for those who read its rollouts. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from pipeline.generate.plan import TRIES, Target


def listing(targets: Iterable[Target]) -> Iterator[str]:
    """A line of JSON for each target: id (the rollouts' ``task_id``), its function, the change type of each try."""
    for target in targets:
        function = target.function
        row = {
            "id": target.id,
            "path": function.path,
            "name": function.name,
            "kind": function.kind,
            "language": function.language,
            "start_line": function.start_line,
            "end_line": function.end_line,
            "change_types": [target.change_type(attempt).id for attempt in range(TRIES)],
        }
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":"))
