"""Evaluate: own, base and frontier attempt the same fresh tasks in the same harness.

``fresh`` owns the time split, ``plan`` the order, ``line_up`` who takes part, ``arms`` what makes an
attempt, ``score`` the grade, ``journal`` what is already done, ``budget`` the caps, ``run`` the run.
``memory``, ``opinions`` and ``questions`` ask models beside the attempts; ``sealing`` and ``settling``
are forecasts on open issues. Only the model differs between roles, unless an agent command takes one.
"""
