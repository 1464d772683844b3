"""The scripted model: a deterministic stand-in for a language model, shipped for trying a set-up.

It is a real HTTP server that speaks the OpenAI chat-completions protocol, so everything between
Switchover and a model (endpoint, agent, tools, sandbox, accounting) is exercised as it will be
with a real one. It works in a repository through the tools alone: what it knows of the files is
what tool results in the conversation told it. The same conversation always gets the same reply.

It is for tests, for the demo, and for users who want to try their set-up without a model. It is
not intelligent: it reads the task for a file, a function and a few key words, and makes one small
edit from its repertoire (``edits``). Results made with it are labelled ``scripted``.

    server ── replies ─┬─ agent ── task, locate, code, edits, hands    a turn with tools
                       ├─ self_check                                   a yes/no question
                       └─ describe ── symptoms                         a request for an issue text
"""

from pipeline.rollout.scripted.server import NAME, serve

__all__ = ["NAME", "serve"]
