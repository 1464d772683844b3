"""Folders of generate and evaluate as their verbs write them, and texts that try to be more than text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.types import Evaluation, Message, Rollout, Sample, to_json
from tests.generate.making import said, tool, user

TOOLS = ({"type": "function", "function": {"name": "bash", "parameters": {"required": ["command"]}}},)
NASTY = (
    "</script><script>document.title='taken'</script>",
    "</textarea></title><img src=x onerror=\"document.title='taken'\">",
    "<!-- <script>",
    "]]>--!>",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)",
    "a\u2028b\u2029c",
    "nul\0 bell\x07 \x1b[31mred\x1b[0m \x9b31m",
    "trojan \u202e\u2066 source \u200b\u200f\ufeff",
    "half a pair \ud83d and a byte \udcff",
    "tag \U000e0041\U000e007f",
    "`f` in `../../etc/passwd`",
    "NaN Infinity -0 1e999",
    "x" * 30_000,
)
FIRST = """\
diff --git a/lib/a.py b/lib/a.py
--- a/lib/a.py
+++ b/lib/a.py
@@ -1,2 +1,4 @@
 def f(x):
+    if x is None:
+        raise ValueError("x is required")
     return x
"""
SECOND = FIRST.replace("ValueError", "TypeError")


def rollout(id: str = "t.1.0", task_id: str = "t", **given: Any) -> Rollout:
    values: dict[str, Any] = {
        "role": "teacher", "model": "m", "attempt": 0, "seed": 1, "tools": TOOLS, "patch": FIRST, "exit": "submitted",
        "messages": ({"role": "system", "content": "You work."}, user("See `f` in `lib/a.py`."), said("I look.", "ls"),
                     tool('{"returncode": 1, "output": "a.py\\n"}')),
        "steps": 1, "tokens_in": 1000, "tokens_out": 20, "tokens_cached": 400, "seconds": 1.5, "cost_usd": 0.25,
    }  # fmt: skip
    return Rollout(id=id, task_id=task_id, **{**values, **given})


def sample(of: Rollout, which: int, **given: Any) -> Sample:
    values: dict[str, Any] = {
        "repo": "o/n", "base_sha": "0" * 40, "base_time": "2026-01-01T00:00:00Z", "path": "lib/a.py", "function": "f",
        "language": "python", "change_type": "edge_cases", "reference_patch": SECOND if which == 1 else FIRST,
        "recall": 0.5, "recall_sera": 0.5, "teacher": "m", "description": "f takes None.", "config_sha256": "c",
    }  # fmt: skip
    same = {key: getattr(of, key) for key in
            ("id", "patch", "messages", "tools", "seed", "tokens_in", "tokens_out", "cost_usd")}  # fmt: skip
    return Sample(rollout=1 if which == 1 else 2, **{**values, **same, **given})


def evaluation(of: Rollout, score: float, **given: Any) -> Evaluation:
    values: dict[str, Any] = {
        "at": "2026-01-01T00:00:00Z", "repo": "o/n", "number": 7, "adapter": None, "measure": "recall",
        "rollout_id": of.id, "title": "Refuse None in f",
    }  # fmt: skip
    same = {key: getattr(of, key) for key in ("task_id", "role", "model", "attempt", "exit", "tokens_in", "tokens_out",
            "tokens_cached", "seconds", "cost_usd", "patch", "steps")}  # fmt: skip
    return Evaluation(score=score, **{**values, **same, **given})


def lines(path: Path, rows: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = (row if isinstance(row, dict) else to_json(row) for row in rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in values))
    return path


def generated(out: Path) -> Path:
    """Two functions: ``f`` with a second try and a redo that is kept, ``g`` whose redo has too little in common."""
    about_g = (user("See `g` in `lib/b.go`."), said("Done.", "true"))
    made = [
        rollout("t.1.0", exit="no_patch", patch=""),
        rollout("t.1.1", attempt=1),
        rollout("t.2.0", patch=SECOND, messages=(user("f takes None."), *quarrel())),
        rollout("u.1.0", "u", messages=about_g),
        rollout("u.2.0", "u", patch="", exit="step_limit", cheat_marks=("network",), messages=cheating()),
    ]
    lines(out / "rollouts.jsonl", [{**to_json(row), "rollout": int(row.id[2])} for row in made])
    lines(out / "samples.jsonl", [sample(made[1], 1), sample(made[2], 2)])
    lines(out / "left_out.jsonl", [
        left_out("rollout", "t.1.0", "no_patch", "submitted without a change"),
        left_out("rollout", "u.1.0", "long_patch", "99 changed lines, at most 40"),
        left_out("rollout", "u.2.0", "not_submitted", "step_limit"),
        left_out("function", "lib/c.py::h", "trivial", ""),
    ])  # fmt: skip
    lines(out / "journal.jsonl", [
        stage("t.1.1", "self_check", {"verdict": "yes"}),
        stage("t.1.1", "description", {"text": "f takes None.", "reason": "", "detail": ""}),
        stage("t", "compare", {"own": {"recall": 0.5}, "sera": 0.5, "detail": ""}),
        stage("u.1.0", "self_check", {"verdict": "yes"}),
        stage("u.1.0", "description", {"text": "g is slow.", "reason": "", "detail": ""}),
    ])  # fmt: skip
    return out


def evaluated(out: Path) -> Path:
    """One pull request with an attempt of each role."""
    roles = {"own": FIRST, "base": "", "frontier": SECOND}
    made = [rollout(role, "o/n#7", role=role, patch=patch) for role, patch in roles.items()]
    lines(out / "rollouts.jsonl", reversed(made))
    lines(out / "evaluations.jsonl", [evaluation(row, score) for row, score in zip(made, (1.0, 0.0, 0.5), strict=True)])
    return out


def quarrel() -> tuple[Message, ...]:
    """A malformed call, the reproach, and a long result."""
    output = json.dumps({"returncode": 0, "output": "".join(f"line {n}\n" for n in range(200))})
    thinking = {**said("Now with a call.", "cat lib/a.py"), "reasoning": "They want a call."}
    return said("No call."), user("No tool calls found."), thinking, tool(output)


def cheating() -> tuple[Message, ...]:
    return user("g is slow."), said("I look it up.", "curl https://example.org/fix"), tool("refused")


def left_out(thing: str, id: str, reason: str, detail: str) -> dict[str, str]:
    return {"stage": "generate", "thing": thing, "id": id, "reason": reason, "detail": detail}


def stage(id: str, name: str, result: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "stage": name, "result": result, "tokens_in": 0}


def nasty(out: Path) -> Path:
    """Every nasty text in every place that a model or a person can write to."""
    made = []
    for at, text in enumerate(NASTY):
        call = {"id": "c", "type": "function", "function": {"name": text, "arguments": json.dumps({"command": text})}}
        turn: Message = {"role": "assistant", "content": text, "reasoning": text, "tool_calls": [call]}
        result = tool(json.dumps({"returncode": 1, "output": text}))
        odd: Message = {"role": text, "content": [{"type": "text", "text": text}]}
        messages = ({"role": "system", "content": text}, user(text), turn, result, tool(text), odd)
        made.append(rollout(f"{at}.1.0{text[:20]}", f"{at}{text[:20]}", messages=messages, model=text, detail=text,
                            patch=patch(text), cheat_marks=(text,)))  # fmt: skip
    lines(out / "rollouts.jsonl", [{**to_json(row), "rollout": 1} for row in made])
    lines(out / "samples.jsonl", [
        sample(row, 1, description=text, reference_patch=text,
               **{name: f"{name} {text}" for name in ("path", "function", "language", "change_type")})
        for row, text in zip(made, NASTY, strict=True)
    ])  # fmt: skip
    return out


def patch(text: str) -> str:
    line = text.replace("\n", " ")
    return f"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n a\n+{line}\n"
