"""docs/decide.md once more, from rows to state: plain loops over plain dicts, sharing no code with the package.

Products in fifty digits come from ``slow``. Nothing here is fast, and nothing is clever: every rule is where
the page puts it, so that the two can be read side by side.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.decide import slow

Row = dict[str, Any]
CAPS = [Decimal(cap) for cap in ("0.01", "0.1", "1", "10", "100")]


@dataclass
class Life:
    """What is known of one epoch."""

    own: str
    frontier: str
    wealth: Decimal
    alpha: Decimal
    ds: list[float] = field(default_factory=list)
    costs: list[tuple[float, float]] = field(default_factory=list)
    latched: dict[str, int] = field(default_factory=dict)
    voids: set[Any] = field(default_factory=set)
    audited: list[float] = field(default_factory=list)
    products: dict[str, list[Decimal]] = field(default_factory=dict)
    missing: dict[Any, dict[str, Any]] = field(default_factory=dict)
    guarded: bool = False
    guard_wealth: Decimal = Decimal(1)
    guard_alpha: Decimal = Decimal(1)

    def e(self, name: str) -> Decimal:
        return sum(self.products[name], Decimal(0)) / len(self.products[name]) if name in self.products else Decimal(1)

    def bet(self, name: str, x: Decimal, theta: Decimal) -> None:
        stakes = self.products.setdefault(name, [Decimal(1)] * 8)
        for j, k in enumerate(slow.BETS):
            factor = 1 + k * (x - theta) / (1 + theta)
            stakes[j] *= factor if factor > 0 else Decimal("-690").exp()


def observations(rows: list[Row], measure: str) -> list[dict[str, Any]]:
    """One per PR and pair of versions, in order of time; void ones included."""
    deliveries: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        deliveries.setdefault((row["at"], row["repo"], row["number"]), []).append(row)
    latest: dict[Any, dict[Any, dict[int, Row]]] = {}
    settled: dict[Any, bool] = {}
    found: list[dict[str, Any]] = []
    own_is_there = False
    for (at, repo, number), delivered in sorted(deliveries.items(), key=lambda item: item[0][0]):
        before = latest.setdefault((repo, number), {})
        now = by_arm([row for row in delivered if row["measure"] == measure])
        for arm, attempts in now.items():
            mend(attempts, before.get(arm, {}))
        own_is_there = own_is_there or any(row["role"] == "own" for row in delivered)
        if own_is_there and not any(arm[0] == "own" for arm in {**before, **now}):
            found += missing((repo, number), now)
        others = by_arm([row for row in rows if (row["repo"], row["number"]) == (repo, number) and row["at"] <= at])
        for own, frontier in combinations(now, before):
            sides = [average({**before, **now}[own], set(others[own])), average({**before, **now}[frontier], None)]
            key, void = (repo, number, own, frontier), None in sides
            if key not in settled or (not void and not settled[key]):
                settled[key] = not void
                versions = {"own": own[1], "frontier": frontier[1]}
                found.append({"at": at, "pull": (repo, number), **versions, "void": void, "sides": sides})
        for arm in now:
            before.pop(arm, None)
        before.update(now)
    return found


def by_arm(rows: list[Row]) -> dict[Any, dict[int, Row]]:
    arms: dict[Any, dict[int, Row]] = {}
    for row in rows:
        version = row["adapter"] if row["role"] == "own" and row["adapter"] is not None else row["model"]
        attempts = arms.setdefault((row["role"], version), {})
        if row["attempt"] not in attempts or attempts[row["attempt"]]["exit"] == "error":
            attempts[row["attempt"]] = row
    return arms


def mend(attempts: dict[int, Row], earlier: dict[int, Row]) -> None:
    """A delivery after a void one is its retry: sound attempts of the void one stay."""
    if any(row["exit"] == "error" for row in earlier.values()):
        for attempt, row in earlier.items():
            if row["exit"] != "error" or attempt not in attempts:
                attempts[attempt] = row


def combinations(now: dict[Any, Any], before: dict[Any, Any]) -> list[tuple[Any, Any]]:
    owns = [arm for arm in now if arm[0] == "own"]
    frontiers = [arm for arm in now if arm[0] == "frontier"]
    if not owns and not frontiers:
        return []
    owns = owns or [arm for arm in before if arm[0] == "own"][-1:]
    frontiers = frontiers or [arm for arm in before if arm[0] == "frontier"][-1:]
    return [(own, frontier) for own in owns for frontier in frontiers]


def missing(pull: Any, now: dict[Any, dict[int, Row]]) -> list[dict[str, Any]]:
    """Frontier was run and own was not: none of its scores are known."""
    found = []
    for arm, attempts in now.items():
        if arm[0] == "frontier" and (theirs := average(attempts, None)) is not None:
            found.append({"missing": pull, "frontier": arm[1], "score": theirs[0], "f1": theirs[2]})
    return found


def average(attempts: dict[int, Row], numbers: set[int] | None) -> tuple[float, float | None, float | None] | None:
    """Mean score, cost and F1; ``numbers``: of all attempts that were delivered, the others count as failures."""
    rows = list(attempts.values())
    if any(row["exit"] == "error" for row in rows):
        return None
    total = sum(row["score"] if row["exit"] == "submitted" else 0.0 for row in rows)
    costs = [row["cost_usd"] for row in rows]
    f1s = [row.get("f1") if row["score"] > 0 and row["exit"] == "submitted" else 0.0 for row in rows]
    if numbers is not None and (absent := set(range(max(attempts))) - numbers):
        made = len(rows) + len(absent)
        return total / made, None, None if None in f1s else sum(f1s) / made
    usd = None if None in costs else sum(costs) / len(costs)
    return total / len(rows), usd, None if None in f1s else sum(f1s) / len(rows)


def primary(rows: list[Row]) -> str:
    pulls = {(row["repo"], row["number"]) for row in rows}
    hard = {(row["repo"], row["number"]) for row in rows if row["measure"] == "tests"}
    return "tests" if hard and len(hard) >= 0.7 * len(pulls) else "recall"


def judge(
    rows: list[Row],
    margin: float = 0.05,
    chance: float = 0.05,
    value: float | None = None,
    cap: float | None = None,
    switched_at: str | None = None,
    measure: str | None = None,
) -> dict[str, Any]:
    """The state, and the epoch that it is about."""
    lives: list[Life] = []
    recheck = None
    for seen in observations(rows, measure or primary(rows)):
        now = lives[-1] if lives else None
        if "missing" in seen:
            if now and now.frontier == seen["frontier"] and seen["score"] > 0:
                now.missing[seen["missing"]] = seen
            continue
        if now is None or (now.own, now.frontier) != (seen["own"], seen["frontier"]) or contradicted(now):
            wealth = slow.wealths([life.e("noninferior") for life in lives])[-1]
            recheck = pending(now, seen["own"], value, recheck) if now else None
            now = Life(seen["own"], seen["frontier"], wealth, Decimal(chance) / 2 * wealth)
            now.guard_wealth = slow.wealths([life.e("guard") for life in lives])[-1]
            now.guard_alpha = Decimal(chance) / 2 * now.guard_wealth
            lives.append(now)
        take(now, {**seen, "soft": (measure or primary(rows)) == "recall"}, margin, value, cap, switched_at)
    state = state_of(lives[-1] if lives else None, rows, value, switched_at, margin, recheck)
    return {"state": state, "life": lives[-1] if lives else None}


def take(
    life: Life, seen: dict[str, Any], margin: float, value: float | None, cap: float | None, since: str | None
) -> None:
    if seen["void"]:
        life.voids.add(seen["pull"])
        return
    life.voids.discard(seen["pull"])
    life.missing.pop(seen["pull"], None)
    (own, own_usd, own_f1), (frontier, frontier_usd, frontier_f1) = seen["sides"]
    d = own - frontier
    life.ds.append(d)
    if since is not None and seen["at"] > since:
        life.audited.append(d)
    m, x = Decimal(margin), Decimal(d)
    life.bet("noninferior", x, -m)
    life.bet("better", x, Decimal(0))
    life.bet("worse", -x, m)
    if seen["soft"]:
        guard(life, own_f1, frontier_f1, m)
    if own_usd is not None and frontier_usd is not None:
        mine, theirs = Decimal(own_usd), Decimal(frontier_usd)
        life.costs.append((own_usd, frontier_usd))
        for top in [Decimal(cap)] if cap else CAPS:
            life.bet(f"saving {top}", (min(theirs, top) - mine) / top, Decimal(0))
        if value:
            worth, top = Decimal(value), Decimal(cap or value)
            life.bet("utility", (worth * x + min(theirs, top) - mine) / (worth + top), Decimal(0))
    es = {name: life.e(name) for name in ("noninferior", "better", "worse", "utility")} | {"saving": saving(life)}
    if life.guarded:
        es["guard"] = life.e("guard")
    for name, e in (es | in_doubt(life, m, value, cap)).items():
        alpha = life.guard_alpha if name == "guard" else life.alpha
        if min(e, es.get(name, Decimal(0))) >= 1 / alpha:
            life.latched.setdefault(name, len(life.ds))


def guard(life: Life, own_f1: float | None, frontier_f1: float | None, m: Decimal) -> None:
    life.guarded = life.guarded or (own_f1 or 0) > 0 or (frontier_f1 or 0) > 0
    if frontier_f1 is not None:
        life.bet("guard", Decimal((own_f1 or 0.0) - frontier_f1), -looser(m))


def in_doubt(life: Life, m: Decimal, value: float | None, cap: float | None) -> dict[str, Any]:
    """The e-values in own's favour, had it failed where its attempt is missing."""
    doubt = copy.deepcopy(life)
    for gone in life.missing.values():
        score = gone["score"]
        if gone["f1"] is not None:
            doubt.bet("guard", Decimal(-gone["f1"]), -looser(m))
        doubt.bet("noninferior", Decimal(-score), -m)
        doubt.bet("better", Decimal(-score), Decimal(0))
        if value:
            doubt.bet(
                "utility", -Decimal(value) * Decimal(score) / (Decimal(value) + Decimal(cap or value)), Decimal(0)
            )
    return {name: doubt.e(name) for name in ("noninferior", "better", "utility", "guard")}


def looser(margin: Decimal) -> Decimal:
    """The margin of the guard."""
    return margin + Decimal("0.05")


def saving(life: Life) -> Decimal:
    rungs = [life.e(name) for name in life.products if name.startswith("saving")]
    return sum(rungs, Decimal(0)) / len(rungs) if rungs else Decimal(1)


def contradicted(life: Life) -> bool:
    return "noninferior" in life.latched and "worse" in life.latched


def is_ready(life: Life, value: float | None) -> bool:
    if life.guarded and "guard" not in life.latched:
        return False
    if value:
        return "noninferior" in life.latched and "utility" in life.latched
    return "better" in life.latched or ("noninferior" in life.latched and "saving" in life.latched)


def pending(last: Life, own: str, value: float | None, before: str | None) -> str | None:
    if last.own != own:
        return None
    if contradicted(last) or is_ready(last, value):
        return "again"
    return None if "worse" in last.latched else before


def state_of(
    life: Life | None, rows: list[Row], value: float | None, switched_at: str | None, margin: float, recheck: str | None
) -> str:
    if not any(row["role"] == "own" for row in rows):
        return "training"
    if life is None:
        return "switched" if switched_at else "collecting"
    fallen = any(e >= 500 for e in slow.cusum(life.audited, margin))
    worse, ready = "worse" in life.latched, is_ready(life, value)
    if (switched_at and (fallen or worse)) or contradicted(life) or (recheck and not ready and not worse):
        return "drifted"
    if switched_at:
        return "switched"
    if len(life.ds) < 20:
        return "collecting"
    return "ready" if ready else "behind" if worse else "close"
