"""Switchover's pipeline: from a team's merged pull requests to a verdict.

    GitHub ──▶ collect ──▶ tasks ────────────────────────────┐
                   │ (merged PRs, issues)                    ▼
    code ──▶ generate ──▶ train ──▶ serve ──own──▶ evaluate ──▶ decide ──▶ report
             teacher: change,   adapter       frontier, base    verdict    comment, page
             describe, redo                   (same tasks)

Each arrow is a JSONL file of one of the nouns in ``pipeline.types``; each word is a folder
of this package and a verb of the command line. ``pipeline.cycle`` calls them in that order.

Imports point one way, and a test holds them to it::

    errors, types ← pure (patch, decide, report) ← jsonl, store, config ← steps ← cycle ← verbs ← cli
"""

__version__ = "0.1.0"
