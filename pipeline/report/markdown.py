"""report.md: the page in short, for a wiki, a job summary or a mail. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.decide.words import points, sentence, usd
from pipeline.report.formats import duration
from pipeline.report.inert import inline
from pipeline.report.meaning import GLYPHS, MEASURES, caution, meaning
from pipeline.report.page import epochs, left_out
from pipeline.report.people import People, people, quoted
from pipeline.report.view import Cell, PullView, RoleView, pull_views, role_views
from pipeline.types import Evaluation, Opinion

Verdict = dict[str, Any]

MOST_PULLS = 1000
"""Rows in the table, some 200 kB: a job's summary may hold 1 MiB."""


def markdown(
    evaluations: Sequence[Evaluation],
    verdict: Verdict,
    trace: Sequence[Verdict],
    *,
    title: str,
    opinions: Sequence[Opinion] = (),
) -> str:
    """The report as Markdown; everything that models or people wrote is shown literally."""
    views = pull_views(evaluations, opinions)
    roles = role_views(views)
    blocks = [
        f"# {inline(title)}: {verdict['state']}",
        f"{GLYPHS[verdict['state']]} **{meaning(verdict)}** {standing(verdict)}",
        scripted_note(roles),
        caution(verdict),
        "\n".join(
            f"- {inline(reason.split(': ', 1)[-1], 300)} (`{reason.split(': ', 1)[0]}`)"
            for reason in verdict["reasons"]
        ),
        "## The models side by side",
        _roles_table(roles, verdict),
        "## Pull requests",
        _pulls_table(views),
        *_people_block(people(opinions)),
        *_epochs_block(epochs(trace)),
        *_left_out_block(verdict),
        f"_{MEASURES[verdict['measure']].capitalize()}. {promise(verdict)}_",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def standing(verdict: Verdict) -> str:
    """The sentence of the verdict as a sentence."""
    text = sentence(verdict)
    return f"{text[:1].upper()}{text[1:]}."


def promise(verdict: Verdict) -> str:
    """The error promise of this epoch, with what it rests on."""
    return (
        f"Margin {points(verdict['margin'])} points, {verdict['n']} PR{'s' if verdict['n'] != 1 else ''} count"
        f"{'s' if verdict['n'] == 1 else ''}, {verdict['void']} void, "
        f"epoch {verdict['epoch']['number']}, which stakes {100 * verdict['alpha']:.3g}% of error chance."
    )


def scripted_note(roles: Iterable[RoleView]) -> str:
    """A warning where results come from the scripted stand-in; "" elsewhere."""
    names = [role.role for role in roles if role.scripted]
    if not names:
        return ""
    return f"> **Scripted stand-in:** {' and '.join(names)} ran on the scripted model, not on a language model."


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, first column left, the others right."""
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _roles_table(roles: Sequence[RoleView], verdict: Verdict) -> str:
    head = ["role", "model", "PRs", "score", "per attempt", "per solved PR", "time", "valid tool calls"]
    return table(head, [_role_row(role, verdict[role.role]) for role in roles])


def _role_row(role: RoleView, tally: dict[str, Any]) -> list[str]:
    score = "–" if tally["score"] is None else f"{100 * tally['score']:.1f}"
    valid = "–" if role.valid_share is None else f"{100 * role.valid_share:.1f}%"
    models = inline(", ".join(role.models))
    return [
        role.role,
        models,
        str(tally["pulls"]),
        score,
        usd(tally["usd_per_attempt"]),
        usd(tally["usd_per_solved"]),
        duration(role.seconds),
        valid,
    ]


def _pulls_table(views: Sequence[PullView]) -> str:
    rows = [_pull_row(view) for view in views[:MOST_PULLS]]
    more = len(views) - len(rows)
    note = f"\n\n{more} older ones are in the records." if more > 0 else ""
    return table(["pull request", "own", "base", "frontier", "own − frontier"], rows) + note


def _pull_row(view: PullView) -> list[str]:
    name = f"`{view.number}` {inline(view.title, 80)}".strip() + tags(view)
    return [name, *(cell_text(view.cells[role]) for role in view.cells), difference(view)]


def difference(view: PullView) -> str:
    """own minus frontier, signed; a dash where one of them is missing."""
    return "–" if view.difference is None else f"{view.difference:+.2f}".replace("-0.00", "+0.00")


def tags(view: PullView) -> str:
    """What a reader should know of a PR, behind its title: " (sealed, backtest)"; "" where that is nothing."""
    names = [*(["backtest"] if view.backtest else []), *(mark.replace("_", " ") for mark in view.marks)]
    unfair = [f"unfair, {view.people.unfair} say"] if view.people.unfair else []
    found = ", ".join(inline(name) for name in (*names, *unfair))
    return f" ({found})" if found else ""


def cell_text(cell: Cell | None) -> str:
    """Score, or why there is none, and how the attempt ended where that matters; overlap beside tests where known."""
    if cell is None:
        return "–"
    failed = ", ".join(name.replace("_", " ") for name in cell.exits if name != "submitted")
    score = "void" if cell.score is None else f"{cell.score:.2f}"
    beside = [f"overlap {cell.recall:.2f}"] if cell.recall is not None and cell.score is not None else []
    more = ", ".join([*([failed] if failed else []), *beside])
    return f"{score} ({more})" if more else score


def _people_block(found: People) -> list[str]:
    if not found.words:
        return []
    words = quoted(found)
    return ["## What people say", f"{found.words}{f': {words}' if words else ''}. No score changes by it."]


def _epochs_block(lasts: Sequence[Verdict]) -> list[str]:
    if len(lasts) < 2:
        return []
    head = ["epoch", "adapter", "frontier", "PRs", "difference", "state"]
    return ["## Epochs", table(head, [_epoch_row(line) for line in lasts])]


def _epoch_row(line: Verdict) -> list[str]:
    epoch, mean = line["epoch"], line["mean_difference"]
    return [
        str(epoch["number"]),
        inline(str(epoch["adapter"] or "–"), 12),
        inline(str(epoch["frontier"])),
        str(line["n"]),
        "–" if mean is None else points(mean, True),
        line["state"],
    ]


def _left_out_block(verdict: Verdict) -> list[str]:
    rows = left_out(verdict)
    if not rows:
        return []
    return ["## Left out", "\n".join(f"- `{reason}` {count}: {meaning_}" for reason, count, meaning_ in rows)]
