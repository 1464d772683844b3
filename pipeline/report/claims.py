"""What a verdict claims, how strongly, what it is worth, and what it does not say: parts of the issue. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.decide.audit import ALARM
from pipeline.decide.words import points, usd
from pipeline.report.inert import inline
from pipeline.report.markdown import table

Verdict = Mapping[str, Any]

_MOST = 1_000_000_000


def claims(verdict: Verdict) -> str:
    """A table: each claim, how rarely luck alone looks like it, how rare it must be, and since when it is shown."""
    head = ["claim", "by luck at most", "needed", "shown"]
    latched = verdict["latched"]
    rows = [
        [words, _chance(log_e, name in latched), _needed(verdict, name), _shown(latched.get(name))]
        for name, words, log_e in _named(verdict)
    ]
    return table(head, rows + _audit(verdict["audit"]))


def _needed(verdict: Verdict, name: str) -> str:
    """How rare it must be: the guard has a wealth, and so a level, of its own."""
    alpha = verdict["guard"]["alpha"] if name == "guard" else verdict["alpha"]
    return f"1 in {1 / alpha:,.0f}"


def _audit(audit: Mapping[str, Any] | None) -> list[list[str]]:
    """What is looked for after a switch: it is told how seldom such an alarm would be false, not its chance."""
    if audit is None:
        return []
    alarmed = audit["alarmed_at"]
    found = "no evidence" if audit["log_e"] <= math.log(1.5) else f"once in {math.exp(audit['log_e']):,.0f}"
    shown = f"**alarm**, after {alarmed}" if alarmed is not None else f"no alarm in {audit['n']}"
    return [["own has fallen behind since the switch", found, f"once in {ALARM:,.0f}", f"{shown} pull requests"]]


def _named(verdict: Verdict) -> Iterator[tuple[str, str, float | None]]:
    margin, log_e = points(verdict["margin"]), verdict["log_e"]
    yield "noninferior", f"own is at most {margin} points worse", log_e["noninferior"]
    yield "better", "own is better", log_e["better"]
    if verdict["cost"]["net_log_e"] is not None:
        yield "utility", "own pays: what it solves is worth more than it costs", verdict["cost"]["net_log_e"]
    else:
        yield "saving", "own costs less per pull request", log_e["saving"]
    if guard := verdict.get("guard"):
        words = f"own is at most {points(guard['margin'])} points worse in line F1: it does not over-edit"
        yield "guard", words, guard["log_e"]
    yield "worse", f"own is more than {margin} points worse", log_e["worse"]


def _chance(log_e: float | None, is_shown: bool) -> str:
    """1/E: no law under which the claim is false ever shows so much with a greater chance (Ville)."""
    if log_e is None:
        return "not known"
    if log_e >= math.log(_MOST):
        return "1 in a billion"
    if log_e > math.log(1.5):
        return f"1 in {math.exp(log_e):,.0f}"
    return "no evidence now" if is_shown else "no evidence"


def _shown(latch: Mapping[str, Any] | None) -> str:
    if latch is None:
        return "not shown"
    return f"**{inline(latch['at'][:10])}**, after {latch['n']} pull requests"


def money(verdict: Verdict) -> str:
    """What a switch saves, and when it has paid for its training; "" where no cost is known."""
    cost = verdict["cost"]
    if cost["saving_usd_per_pull"] is None:
        return ""
    lines = [_saving(cost)]
    if verdict["log_e"]["saving"] is not None and "saving" not in verdict["latched"]:
        lines.append("That it saves at all is not shown yet.")
    if cost["fixed_usd"] is not None:
        lines.append(f"Training has cost {usd(cost['fixed_usd'])} so far; {_break_even(cost)}.")
    return f"### The money\n\n{' '.join(lines)}"


def _saving(cost: Mapping[str, Any]) -> str:
    """A saving below 0 is told as what own costs more; training can turn only the month."""
    saving, month = cost["saving_usd_per_pull"], cost["saving_usd_per_month"]
    sign, words = (1, "saves {} on") if saving >= 0 else (-1, "costs {} more on")
    text = f"Own {words.format(usd(sign * saving))} a pull request, compared with frontier"
    if month is None:
        return f"{text}."
    paid = ", training paid" if cost["training_usd_per_pull"] is not None else ""
    return (
        f"{text}; at {cost['pulls_per_month']:.0f} pull requests a month that is **{usd(sign * month)} a month**{paid}."
    )


def _break_even(cost: Mapping[str, Any]) -> str:
    pulls, date = cost["break_even_pulls"], cost["break_even_date"]
    expected = pulls["expected"] if pulls else None
    if expected is None:
        return "at this rate it does not pay for itself"
    day = date["expected"] if date else None
    return f"it has paid for itself after {expected:,.0f} pull requests" + (f", about {day}" if day else "")


def unsaid(verdict: Verdict, settings: Mapping[str, Any]) -> Iterator[str]:
    """The limits of the claim, one sentence each."""
    yield (
        f"It may be wrong. The chance that this repository is ever told to switch to a model more than "
        f"{points(verdict['margin'])} points worse is at most {100 * settings['error_chance']:.3g}% over its whole "
        f"life; this version stakes {100 * verdict['alpha']:.3g}%."
    )
    yield "It is about the average fresh pull request that could be evaluated: not about each one, nor other work."
    if verdict["measure"] == "recall":
        yield "Scores are the overlap with the human patch, which proves no correctness: where tests run, they decide."
    for reason in verdict["reasons"]:
        code, _, words = reason.partition(": ")
        if code in _NOTES:
            yield f"{inline(words[:1].upper() + words[1:], 300)}."
    if verdict["void"]:
        yield f"{verdict['void']} pull requests do not count: the harness failed on them, before any score was known."


_NOTES = frozenset(
    {"backtest", "own_missing", "unpaired", "other_measure", "several_repos", "saving_unknown", "unguarded"}
)
"""Codes of reasons that limit a claim rather than make it."""
