"""A verdict as sentences for people: points instead of shares, never a bare p-value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def points(share: float, signed: bool = False) -> str:
    """A score difference in points: 0.034 is 3, or +3 where ``signed``. One decimal below 1 point; -0 is 0."""
    value = 100 * share
    digits = 0 if abs(value) >= 0.95 or abs(value) < 0.05 else 1
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return "0" if float(text) == 0 else text


def usd(amount: float | None) -> str:
    """Dollars with two digits that matter: $0.31, $2.12, $0.0043, $266, $1,300; a dash when not known."""
    if amount is None:
        return "–"
    if amount and abs(amount) < 0.1:
        return f"{'-' if amount < 0 else ''}${abs(amount):.2g}" if abs(amount) >= 0.0001 else f"${amount:.1e}"
    return f"{'-' if amount < 0 else ''}${abs(amount):,.{0 if abs(amount) >= 100 else 2}f}"


def sentence(verdict: dict[str, Any]) -> str:
    """Where the repository stands, in one sentence of at most three clauses."""
    if verdict["n"] == 0:
        return f"no pull request has been judged yet; it takes {_fewest(verdict)} even if own ties frontier on each"
    return "; ".join(clause for clause in (_standing(verdict), _shown(verdict), _outlook(verdict)) if clause)


def basis(verdict: dict[str, Any]) -> str:
    """What a claim rests on: the rule, its error chance, the PRs that count and those that do not, the versions."""
    epoch, utility = verdict["epoch"], verdict["cost"]["net_usd_per_pull"] is not None
    rule = "a net gain per PR" if utility else "better, or non-inferior and cheaper"
    own = (epoch["adapter"] or "own")[:12]
    return (
        f"rule: {rule}; margin {points(verdict['margin'])} points; error chance {verdict['alpha']:.2g} of this epoch; "
        f"{verdict['n']} PRs by {verdict['measure']}, {verdict['void']} void; "
        f"epoch {epoch['number']}: {own} against {epoch['frontier'] or 'frontier'}"
    )


def selection(verdicts: Sequence[dict[str, Any]], by: str) -> str:
    """What the verdicts over all values of the field ``by`` claim together, and what that is worth."""
    own = [str(verdict["by"]) for verdict in verdicts if verdict["route"]["to"] == "own"]
    held = [str(verdict["by"]) for verdict in verdicts if verdict["discovery"]]
    if len(verdicts) == 1:
        route = "own" if own else "frontier"
        return f"one value of {by} alone, {verdicts[0]['by']}: routes to {route}; nothing is selected"
    chance = points(verdicts[0]["route"]["error_chance"]) if verdicts else ""
    return (
        f"routes to own: {_some(own)}; within the margin: {_some(held)}; of {len(verdicts)} values of {by}, e-BH over "
        f"all of them: of each claim, the expected share that is wrong is at most {chance}%"
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _standing(verdict: dict[str, Any]) -> str:
    mean, n = verdict["mean_difference"], verdict["n"]
    size = points(abs(mean))
    unit = "point" if size == "1" else "points"
    where = "level with frontier" if size == "0" else f"{size} {unit} {'ahead' if mean > 0 else 'behind'}"
    band = f"from {points(verdict['low'], True)} to {points(verdict['high'], True)}"
    return f"own is {where} ({band}, {n} PR{'s' if n != 1 else ''})"


def _shown(verdict: dict[str, Any]) -> str:
    margin = f"within {points(verdict['margin'])} points"
    latched = verdict["latched"]
    if _went_back(verdict):
        return f"it was shown {margin} on {latched['noninferior']['at'][:10]}, and has fallen beyond them since"
    if "noninferior" in latched and "worse" in latched:
        return f"it was shown {margin} and later shown to be beyond them"
    if "better" in latched:
        return f"shown to be better{_but(verdict)}"
    if "worse" in latched:
        return f"shown to be more than {points(verdict['margin'])} points behind"
    if "noninferior" in latched:
        cheaper = "shown to be cheaper" if "saving" in latched else "a saving is not yet shown"
        return f"shown to be {margin}, {cheaper}{_but(verdict)}"
    return f"non-inferiority {margin} not yet shown"


def _went_back(verdict: dict[str, Any]) -> bool:
    reason = next(iter(verdict["reasons"]), "")
    return "noninferior" in verdict["latched"] and reason.startswith("switch_back")


def _but(verdict: dict[str, Any]) -> str:
    guard = verdict.get("guard")
    if not guard or "guard" in verdict["latched"]:
        return ""
    return f", but not yet within {points(guard['margin'])} points in line F1"


def _outlook(verdict: dict[str, Any]) -> str:
    if verdict["latched"].keys() & {"noninferior", "worse"}:
        return ""
    further = verdict["forecast"]["pulls"]
    if verdict["state"] == "collecting":
        return f"ties alone would take {_fewest(verdict)} PRs"
    if further is None:
        return "at this rate it will not be"
    cost = verdict["forecast"]["usd"]
    return f"about {further} more PRs{f' and {usd(cost)}' if cost else ''} at this rate"


def _fewest(verdict: dict[str, Any]) -> str:
    fewest = verdict["forecast"]["fewest_pulls"]
    return "20" if fewest is None else str(max(20, fewest))
