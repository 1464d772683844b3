"""Agents of others, run by their command.

agent      CommandAgent: the command in our workspace and sandbox, a Rollout out
proxy      its one way out, to one model API  ── gate (what may be asked), metering (what it cost)
relay      the proxy's end inside the sandbox
outputs    what the agent prints about its own run
"""

from pipeline.rollout.external.agent import CommandAgent

__all__ = ["CommandAgent"]
