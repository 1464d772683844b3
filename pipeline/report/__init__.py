"""Showing a verdict: the page, its short form, the comment of a pull request, and the record.

    evaluations ─ view ─┬─ page (plot, patches) ─▶ report.html
    verdict, trace ─────┼─ markdown ─────────────▶ report.md
                        ├─ comment ──────────────▶ comment.md
                        └─ files ────────────────▶ verdict.json

All text that models and people wrote is hostile here. Nothing is decided in this package.
"""

from pipeline.report.comment import comment
from pipeline.report.files import write_report
from pipeline.report.markdown import markdown
from pipeline.report.page import page

__all__ = ["comment", "markdown", "page", "write_report"]
