"""The transition issue: what a leader reads in ten seconds, and a sceptic can check. Pure.

What others named (models, adapters, repositories) is shown literally: nothing of it can act.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.decide.words import points, usd
from pipeline.report.boxes import boxes
from pipeline.report.claims import claims, money, unsaid
from pipeline.report.evidence import written
from pipeline.report.inert import fenced, inline
from pipeline.report.markdown import standing, table
from pipeline.report.meaning import GLYPHS, MEASURES, caution

MARKER = "<!-- switchover:transition -->"
"""First line of the issue: how the bot finds its own one again."""

LIMIT = 60_000
"""Most bytes of a body; the forge refuses one above 65,536 characters."""

MOST_CHANGES = 10

Record = Mapping[str, Any]

_TITLES = {
    "ready": "your own model is ready to take over",
    "switched": "the team runs on its own model",
    "drifted": "the last verdict no longer holds",
}
_OTHER_TITLE = "your own model is not ready"
_BACK_TITLE = "own has fallen behind, go back to frontier"


@dataclass(frozen=True)
class IssueText:
    """An issue of the forge."""

    title: str
    body: str
    """Markdown, at most 60,000 bytes of UTF-8."""


def issue(record: Record) -> IssueText:
    """The issue about a ``record`` of ``report.transition``; the boxes are there while own is ready."""
    body = "\n\n".join(block for block in _blocks(record) if block) + "\n"
    whole = body + "\n" + _record_fold(record)
    return IssueText(f"Switchover: {_title(record)}", whole if len(whole.encode()) <= LIMIT else body)


def must_go_back(record: Record) -> bool:
    """Whether own was shown to have fallen behind after the team was switched to it."""
    return record["state"] == "drifted" and _code(record["reasons"]) == "switch_back"


def _title(record: Record) -> str:
    return _BACK_TITLE if must_go_back(record) else _TITLES.get(record["state"], _OTHER_TITLE)


def _blocks(record: Record) -> Iterator[str]:
    verdict = record["verdict"]
    yield MARKER
    yield f"{GLYPHS[record['state']]} **{record['meaning']}** {standing(verdict)}"
    yield _scripted(record)
    yield _caution(record)
    yield _to_do(record)
    yield f"### The evidence\n\n{claims(verdict)}"
    yield f"<sub>{_footnote(record)}</sub>"
    yield f"### The models side by side\n\n{_models(verdict)}"
    yield money(verdict)
    yield f"### What this does not say\n\n{_list(unsaid(verdict, record['settings']))}"
    yield f"### How it came to this\n\n{_changes(record['changes'])}"
    yield f"### Check it\n\n{_check(record)}"


def _to_do(record: Record) -> str:
    if record["state"] == "ready":
        by_hand = "Ticks of people with write access count. By hand: `switchover switch own`."
        return f"### Your decision\n\n{boxes()}\n\n<sub>{by_hand}</sub>"
    if must_go_back(record):
        return (
            "**To go back:** set `serve.route: frontier` in `.github/switchover.yml`, or `switchover switch frontier`."
        )
    return ""


def _scripted(record: Record) -> str:
    if not record["scripted"]:
        return ""
    who = inline(" and ".join(record["scripted"]))
    return f"> **Scripted stand-in:** {who} ran on the scripted model, not on a language model."


def _caution(record: Record) -> str:
    said = caution(record["verdict"])
    return said and f"> **Look first.** {said}"


def _footnote(record: Record) -> str:
    verdict = record["verdict"]
    since = f"{_day(record['since'])}: {record['state']}. " if record["since"] else ""
    return (
        f"{since}Evidence up to {_day(record['at']) or 'now'}: {verdict['n']} fresh pull requests of "
        f"{inline(record['repo'])}, {MEASURES[verdict['measure']]}, {verdict['void']} void; looked at after each one."
    )


def _models(verdict: Mapping[str, Any]) -> str:
    epoch, roles = verdict["epoch"], ("own", "frontier", "base")
    names = {"own": epoch["adapter"] or "own", "frontier": epoch["frontier"] or "–", "base": "own without training"}
    rows = [
        ["version", *(inline(names[role], 24) for role in roles)],
        ["score, of 100", *(_score(verdict[role]["score"]) for role in roles)],
        ["attempts", *(str(verdict[role]["attempts"]) for role in roles)],
        ["cost per attempt", *(usd(verdict[role]["usd_per_attempt"]) for role in roles)],
        ["cost per solved pull request", *(usd(verdict[role]["usd_per_solved"]) for role in roles)],
    ]
    return table(["", *roles], rows)


def _score(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _changes(changes: list[dict[str, Any]]) -> str:
    rows = [_change(change) for change in changes[-MOST_CHANGES:]]
    return table(["state", "since", "version", "pull requests", "own − frontier"], rows)


def _change(change: Mapping[str, Any]) -> list[str]:
    band = "–"
    if change["mean_difference"] is not None:
        low, high = points(change["low"], True), points(change["high"], True)
        band = f"{points(change['mean_difference'], True)} ({low} to {high})"
    why = change["reasons"][0].split(": ", 1)[-1] if change["reasons"] else ""
    version = inline(change["adapter"] or "–", 12)
    state = f"**{change['state']}**: {inline(why, 160)}"
    return [state, _day(change["at"]) or "–", version, str(change["n"]), band]


def _check(record: Record) -> str:
    versions = ", ".join(f"{inline(name)} {inline(version, 40)}" for name, version in record["versions"].items())
    return (
        "With the evaluations of the run and the record below, saved as `transition.json`, this makes every number "
        f"again and compares it:\n\n{fenced(record['check'], 'sh')}\n\n"
        f"sha256 of the evaluations: `{record['evaluations_sha256']}`. Versions: {versions}."
    )


def _record_fold(record: Record) -> str:
    return f"<details><summary>transition.json</summary>\n\n{fenced(written(record), 'json')}\n\n</details>\n"


def _list(lines: Iterator[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _code(reasons: list[str]) -> str:
    return reasons[0].split(":")[0] if reasons else ""


def _day(at: str | None) -> str:
    return inline((at or "")[:10])
