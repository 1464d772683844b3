"""What is posted of graded attempts: a comment and a check run on each pull request, or one digest a week.

    evaluations taken in ──> step: what changed ──> letters in the outbox     every_pull; never: the check run alone
                         └─> weekly: the week that is over ──> a comment      weekly: and the check runs
    the comment ──> reactions: who finds the scores unfair ──> step again

Nothing here judges: pipeline.decide does. ``posted`` is what we know of what was posted, ``due`` what may have changed.
"""
