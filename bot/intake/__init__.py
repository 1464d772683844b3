"""Workflow runs that the App has asked for: started one at a time, followed to their end, their results taken in once.

    runs      the table: queued ─▶ asked ─▶ running ─▶ finished ─▶ taken_in, refused or failed
    queue     whose turn it is; a letter that was sent tells the run's id
    belongs   is this run, and this artifact, what we asked for? Pure
    download  the archive, from another host, without our token
    archive   unpacked as if it were hostile
    rows      each line of evaluations.jsonl held against what may be in it
    seals     each line of sealed.jsonl, the hashes of patches on an open issue, the same way
    adapters  an adapter's card and gates, the same way
    take      all of it for one run, in one transaction
    outcome   what is written about it on the forge, if a person has asked
    step      the loop: what is due, and what waits too long

A run's artifacts are made where a model has had tools: nothing in them is believed. What is refused
leaves one reason of ``reasons`` and nothing else.
"""
