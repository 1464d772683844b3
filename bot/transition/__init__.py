"""The one issue about the transition point: opened when own is ready, kept true, closed when it no longer is.

    stored verdict ──> step: the issue read afresh ──> plan ──> letters in the outbox

``decide --db`` stores the verdicts; nothing here judges. ``posted`` is what we know of our issue,
``boxes`` its checkboxes, ``routing`` the pull request that they (or a command) ask for.
"""
