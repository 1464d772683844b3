"""Evaluate: own, base and frontier attempt the same fresh tasks in the same harness.

``fresh`` owns the time split, ``plan`` the order, ``score`` the grade, ``journal`` what is
already done, ``run`` the run. Only the model differs between roles.
"""
