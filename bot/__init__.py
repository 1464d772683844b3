"""Everything that speaks with GitHub as the App; imports ``pipeline``, never the reverse, and no torch.

    install    the setup page makes the App; doctor proves it
    receive    a delivery is verified and on the disk before its answer; missed ones are recovered
    handle     what follows from it: read again from GitHub, then written in one transaction
    collect    the past once (backfill), then what is new; the clone that files and diffs are read from
    transition the one issue about the transition point, and the pull request that flips the route
    intake     workflow runs: started one at a time, their results checked as if hostile and taken in once
    write      answers on GitHub, each once
    pages      all of it, to look at

Two processes: the receiver (``serve``, ``app``) and the worker (``worker``), one database between them.
``github`` is the only module that imports PyGithub, ``wire`` judges what comes back.
"""
