"""From what is posted, the newest record and the issue as it is now, to what is to be written. Pure.

| state               | the issue                                                                  |
|---------------------|----------------------------------------------------------------------------|
| ready               | opened; opened again, unless a person closed it in the same epoch          |
| switched            | kept up to date                                                            |
| drifted, behind     | closed as "not planned", once                                              |
| any other           | kept up to date, without a word: a new version is judged                   |

Before the first ready there is none. A comment is added when the state has changed, and never
about versions for which a person keeps frontier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.transition import boxes
from bot.transition.posted import Posted, Ticked, epoch, versions
from pipeline.report.transition import KEEP, IssueText

TOLD = frozenset({"ready", "switched", "drifted", "behind"})
BACK = frozenset({"drifted", "behind"})


@dataclass(frozen=True)
class Live:
    """The issue as the forge shows it now."""

    title: str
    body: str
    is_open: bool
    is_shut_by_us: bool
    """We have closed it, no person."""


@dataclass(frozen=True)
class Plan:
    """What is to be written, and the row that goes with it."""

    posted: Posted
    create: IssueText | None = None
    edit: IssueText | None = None
    """Its title is "" where the issue's own one stays."""
    changes: Mapping[str, str] | None = None
    """Of state and state_reason, with ``edit``."""
    is_news: bool = False
    """The state is worth a comment."""


def plan(posted: Posted, record: Mapping[str, Any], text: IssueText, live: Live | None) -> Plan:
    """``live`` None: there is no issue, or none any more. ``text``: of the record, boxes not ticked."""
    posted = _seen(posted, record, live)
    if live is None:
        wanted = record["state"] == "ready" and posted.shut_in != epoch(record) and not _is_kept(posted, record)
        return Plan(_told(posted, record, text.title), create=text) if wanted else Plan(_told(posted, record, ""))
    return _of_issue(posted, record, text, live)


def held(posted: Posted, record: Mapping[str, Any]) -> dict[str, Ticked]:
    """The obeyed boxes that still hold: of this epoch, or (keep) of these versions."""
    kept, now = posted.kept == versions(record), epoch(record)
    return {name: box for name, box in posted.boxes.items() if (kept if name == KEEP else box.epoch == now)}


def _seen(posted: Posted, record: Mapping[str, Any], live: Live | None) -> Posted:
    """The row with what the issue's present state tells, and without what the new epoch makes void."""
    if live is None:
        gone = posted.number is not None
        posted = replace(posted, number=None, letter=None, shut_in=posted.epoch if gone else posted.shut_in)
    elif live.is_open or live.is_shut_by_us:
        posted = replace(posted, shut_in="")
    elif not posted.shut_in:
        posted = replace(posted, shut_in=posted.epoch)
    return replace(posted, boxes=held(posted, record))


def _of_issue(posted: Posted, record: Mapping[str, Any], text: IssueText, live: Live) -> Plan:
    state, kept = record["state"], _is_kept(posted, record)
    opens = state == "ready" and not live.is_open and posted.shut_in != epoch(record) and not kept
    closes = state in BACK and live.is_open and posted.told != state
    changes = {"state": "open", "state_reason": "reopened"} if opens else {}
    changes = {"state": "closed", "state_reason": "not_planned"} if closes else changes
    title = text.title if live.title == posted.title else ""
    is_stale = bool(changes) or not boxes.same(live.body, text.body) or title not in ("", live.title)
    is_news = _is_news(posted, record, opens) and not kept
    edit = IssueText(title, text.body) if is_stale else None
    return Plan(_told(posted, record, title or posted.title), edit=edit, changes=changes, is_news=is_news)


def _is_news(posted: Posted, record: Mapping[str, Any], opens: bool) -> bool:
    """A person who closed it hears of nothing but a switch-back."""
    state = record["state"]
    is_lifted = state == "ready" and bool(posted.kept)
    changed = state in TOLD and (posted.told != state or opens or is_lifted)
    if posted.shut_in and not opens:
        return changed and state in BACK and posted.told == "switched"
    return changed


def _is_kept(posted: Posted, record: Mapping[str, Any]) -> bool:
    on_own = "switched" in (posted.told, record["state"])
    return posted.kept == versions(record) and not on_own


def _told(posted: Posted, record: Mapping[str, Any], title: str) -> Posted:
    state = record["state"]
    has_issue = title or posted.number is not None
    kept = "" if state == "ready" and posted.kept != versions(record) else posted.kept
    return replace(
        posted,
        title=title,
        told=state if state in TOLD and has_issue else posted.told,
        epoch=epoch(record),
        kept=kept,
    )
