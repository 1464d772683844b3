"""Made-up but realistic evaluations for reports; deterministic."""

import random

from pipeline.types import Evaluation
from tests.decide.rows import row, time_of

TITLES = [
    "Support IPv6 literals in the host header",
    "Raise a clear error on an empty config",
    "Drop Python 3.8",
    "Add --dry-run to sync and describe it in the guide",
    "Stop leaking file handles in the watcher",
]

HOSTILE_TITLE = "<script>alert(1)</script> ![x](https://evil.example/p.png) @octocat fixes #1 | `x`"
HOSTILE_PATCH = (
    "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,3 @@\n-old\n+````\n"
    "+</pre></details></script><img src=https://evil.example/x onerror=alert(1)>\n+@octocat \u202e\x1b[31m\n"
)


def story(pulls: int, seed: int = 3, *, gap: float = 0.03, scripted: bool = False) -> list[Evaluation]:
    """``pulls`` PRs by own (two attempts), base and frontier; own gets a second adapter after a third."""
    rng, rows = random.Random(seed), []
    for i in range(pulls):
        easy = rng.betavariate(0.8, 0.7)
        adapter = "a91f0c22d3e4" if pulls > 20 and i < pulls / 3 else "5be07712aa01"
        for role, change, attempts in (("own", gap, 2), ("base", -0.2, 1), ("frontier", 0.0, 1)):
            rows += [_attempt(rng, i, role, easy + change, k, adapter, scripted) for k in range(attempts)]
    return rows


def _attempt(
    rng: random.Random, i: int, role: str, skill: float, attempt: int, adapter: str, scripted: bool
) -> Evaluation:
    submitted = rng.random() < 0.92
    steps = rng.randint(6, 24)
    malformed = sum(rng.random() < (0.08 if role == "base" else 0.01) for _ in range(steps))
    stand_in = scripted and role != "base"
    return row(
        1200 + 3 * i,
        role,
        round(min(1.0, max(0.0, rng.gauss(skill, 0.2))), 4) if submitted else 0.0,
        at=time_of(20 * i),
        repo="acme/gateway",
        attempt=attempt,
        adapter=adapter if role == "own" else None,
        model="scripted"
        if stand_in
        else {"own": "qwen3-32b+acme", "base": "qwen3-32b", "frontier": "large-2026"}[role],
        exit="submitted" if submitted else rng.choice(["time_limit", "no_patch", "step_limit"]),
        seconds=round(rng.uniform(30, 240), 1),
        cost_usd=round({"own": 0.28, "base": 0.25, "frontier": 2.1}[role] * rng.uniform(0.5, 1.6), 4),
        steps=steps,
        tool_calls=steps - malformed,
        malformed_calls=malformed,
        scripted=stand_in,
        title=HOSTILE_TITLE if i % 10 == 9 else TITLES[i % len(TITLES)],
        patch=HOSTILE_PATCH if submitted else "",
        backtest=adapter.startswith("a9"),
    )
