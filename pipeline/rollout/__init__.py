"""One agent's whole attempt at a task, inside a sandboxed checkout.

agent      roll_out: a prompt and a workspace in, a Rollout out
loop       mini-swe-agent's control flow with our limits      (mini: the only import of it)
model      turns and malformed turns  ── asking ── endpoint ── transport, wire
environment  tool calls  ── tools ── sandbox;  observation: what the model sees of an output
cheating   marks of attempts at the answer  ── shell_text
workspace  one commit, no history;  extract: the patch, read without trusting the checkout
pool       many rollouts at once
"""
