"""The texts that commands are answered with. Pure: plain values in, Markdown out.

Nothing here mentions a person or links an issue (that would notify people, or leave a trace in the
issue's timeline), and what others wrote is shown as they wrote it, without effect.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.handle.commands import WORDS
from bot.handle.standing import Known, Linked, Standing
from pipeline import reasons
from pipeline.report.inert import inline

SOURCES = {
    "forge": "GitHub's own link",
    "pull_title": "named in its title",
    "pull_body": "named in its description",
    "commit_message": "named in a commit message",
    "branch_name": "named in its branch",
    "changelog": "named in the change log",
}
"""How a link to an issue is known, by ``Link.source``."""


def status(now: Standing) -> str:
    """What is collected of the repository, and what state it is in."""
    rows = [
        ("merged pull requests collected", f"{now.pulls:,}"),
        ("left out", f"{sum(now.left_out.values()):,}"),
        ("issues", f"{now.issues:,}"),
        ("newest merge", now.newest or "none yet"),
    ]
    table = "\n".join(["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)])
    return _text(f"**Switchover: {_headline(now)}**", table, _left_out(now), *_troubles(now))


def _headline(now: Standing) -> str:
    if now.backfill == "failed":
        return f"collecting has failed. {inline(now.error or 'no reason is recorded', 300)}"
    if now.backfill != "done":
        total = "an unknown number of" if now.total is None else f"{now.total:,}"
        return f"collecting. {now.seen:,} of {total} merged pull requests are read."
    return "collecting what was merged last." if now.dirty else "everything that is merged is collected."


def _left_out(now: Standing) -> str:
    if not now.left_out:
        return ""
    listed = ", ".join(f"`{reason}` {count:,}" for reason, count in now.left_out.items())
    return f"Left out: {listed}. `/switchover why` on a pull request tells its reason."


def _troubles(now: Standing) -> Iterator[str]:
    if now.paused:
        yield "Paused: nothing is posted or started here until `/switchover resume`. Collecting goes on."
    if now.error and now.backfill != "failed":
        yield f"What was tried last did not succeed, and is tried again: {inline(now.error, 300)}"
    if now.config_error:
        yield f"`.github/switchover.yml` is not valid: {inline(now.config_error, 300)}"


def why(pull: Known) -> str:
    """Whether a pull request was collected, or why not, and the issues it is about."""
    links = "\n".join(_link(link) for link in pull.links)
    return _text(f"**Switchover: {_verdict(pull)}**", f"Its issues:\n\n{links}" if links else "")


def _verdict(pull: Known) -> str:
    if pull.reason:
        meant = reasons.meaning("collect", pull.reason)
        because = "; ".join(part for part in (meant, inline(pull.detail or "", 200)) if part)
        return f"this pull request is left out: `{pull.reason}`{f' ({because})' if because else ''}."
    if pull.merged_at and pull.derived:
        files = f"{pull.files} file{'' if pull.files == 1 else 's'}"
        return f"this pull request is collected: merged {pull.merged_at}, {files}."
    if pull.merged_at:
        return "this pull request is known to be merged, and will be taken in shortly."
    return "this pull request is not known here as merged; only merged ones are collected."


def _link(link: Linked) -> str:
    what = "closes" if link.closes else "mentions"
    return f"- {what} issue {link.number} ({SOURCES.get(link.source, link.source)})"


def why_issue(number: int, pulls: tuple[int, ...]) -> str:
    """The same on an issue: which collected pull requests are about it."""
    if not pulls:
        return _text(f"**Switchover: no collected pull request is linked with issue {number}.**")
    listed = ", ".join(str(pull) for pull in pulls)
    return _text(f"**Switchover: issue {number} is linked with pull request{'s' * (len(pulls) > 1)} {listed}.**")


def started(workflow: str, branch: str) -> str:
    """The workflow is about to be started."""
    return _text(
        f"**Switchover: starting `{workflow}` on {inline(branch)}.**",
        "It runs every step that is due; its runs are listed in the Actions tab. If none appears there within "
        "minutes, GitHub has refused it: the bot's page says why.",
    )


def queued(workflow: str) -> str:
    """It waits for another run."""
    return _text(
        f"**Switchover: `{workflow}` is started as soon as the run before it is over.**",
        "One runs at a time in a repository; what waits is shown on the bot's page.",
    )


def not_started(reason: str) -> str:
    """Why the workflow is not started, and what to do."""
    return _text(f"**Switchover: nothing is started.** {reason}")


def switch(route: str, text: str) -> str:
    """What comes of asking for ``route``; ``text`` is Markdown of ours."""
    return _text(f"**Switchover: `serve.route: {route}`.** {text}")


def opinion(number: int, said: str) -> str:
    """After ``fair`` or ``unfair``."""
    return _text(
        f"**Switchover: noted, the scores of {number} are {said}.** "
        "It is counted and shown with them, and no score changes by it."
    )


def no_scores() -> str:
    """``fair`` or ``unfair`` where nothing was evaluated."""
    return _text("**Switchover: nothing was evaluated here**, so there are no scores to speak of.")


def paused(already: bool) -> str:
    """After ``pause``."""
    what = "is paused already" if already else "is paused"
    return _text(
        f"**Switchover {what} here.** Nothing is posted or started until `/switchover resume`; collecting goes on."
    )


def resumed(was_paused: bool) -> str:
    """After ``resume``."""
    return _text("**Switchover goes on here.**" if was_paused else "**Switchover was not paused here.**")


def usage(unknown: str = "") -> str:
    """All commands; ``unknown``: what somebody wrote instead of one."""
    head = f"**Switchover knows no command “{inline(unknown, 60)}”.**" if unknown else "**Switchover: commands**"
    table = "\n".join(f"| `/switchover {word}` | {does} |" for word, does in WORDS.items())
    return _text(
        head,
        f"| on a line of its own | does |\n|---|---|\n{table}",
        "They are for people who may write to this repository.",
    )


def _text(*blocks: str) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"
