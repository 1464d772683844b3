"""``switchover view``: rollouts as one HTML page that needs nothing but a browser.

    paths ─ sources ─┬─ rows ─▶ tasks ─▶ index ──────────────┐
    (files, folders) └─ notes (kept or left out, verdicts…)  ├─ page ─▶ FILE.html   (write)
                        bodies ◀─ marks, patches ─▶ pack ────┘

Only ``sources`` reads and ``write`` writes. The page holds a small index, which is there at once,
and one compressed block for each rollout, which is opened when somebody looks at it. All that
models and people wrote reaches the page as data and is shown as text, never as markup.
"""
