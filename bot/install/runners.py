"""The runners' part of ``switchover doctor``: is a machine online that would take the jobs?

A label that no runner has makes a job wait for a day and then fail, without a word before. Not covered: runner
groups (whether this workflow may use the runner), and whether it is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.errors import GitHubError, NotAccessible, NotFound
from pipeline import config, credentials
from pipeline.doctor import Check
from pipeline.errors import InputError
from pipeline.labels import Labels

if TYPE_CHECKING:
    from bot.github import Client

NAME = "runner"
MOST_NAMED = 5

_ASKED_BY = (
    "set GITHUB_TOKEN to a token that may read them: of an administrator of the repository, or (of an organization) "
    "with the permission 'Self-hosted runners: read'"
)


def checks(repo: str, wanted: Labels) -> Iterator[Check]:
    """One check: which online runner of ``repo`` (``owner/name``) or its organization has all the labels."""
    if wanted.is_hosted:
        yield Check(NAME, True, True, f"{wanted}: GitHub's own")
        return
    token = config.forge_token()
    if token is None:
        yield Check(NAME, False, False, f"{wanted}: nobody was asked", _ASKED_BY)
        return
    try:
        from bot.github import Forge
    except ModuleNotFoundError as error:
        yield Check(NAME, False, True, f"the package {error.name!r} is missing", "pip install 'switchover[bot]'")
        return
    try:
        with Forge.with_token(token, credentials.load(None).api_url) as forge:
            yield judged(wanted, *_listed(forge.installation(0), repo))
    except (GitHubError, InputError) as error:
        yield Check(NAME, False, False, str(error))


def judged(wanted: Labels, runners: Sequence[Mapping[str, Any]], unread: Sequence[str]) -> Check:
    """The check on ``runners`` as the API shows them; ``unread``: whose runners the token may not ask for. Pure."""
    fitting = [runner for runner in runners if wanted.within(label["name"] for label in runner.get("labels", ()))]
    online = [runner for runner in fitting if runner.get("status") == "online"]
    if online:
        busy = sum(bool(runner.get("busy")) for runner in online)
        return Check(NAME, True, True, f"{wanted}: {_names(online)} online{f', {busy} of them busy' if busy else ''}")
    if unread:
        return Check(
            NAME, False, False, f"{wanted}: none found, and the token may not ask {' and '.join(unread)}", _ASKED_BY
        )
    if fitting:
        remedy = "start its service; a job waits for a day, then fails"
        return Check(NAME, False, True, f"{wanted}: {_names(fitting)} offline", remedy)
    if wanted.is_one_name:
        remedy = "right for a scale set at rest that goes by this name; else compare the name"
        return Check(NAME, False, False, f"{wanted}: no runner of that name or label", remedy)
    found = f"{wanted}: none of {len(runners)} runners has all of them{_nearest(wanted, runners)}"
    return Check(NAME, False, True, found, "give one those labels, or name others; see docs/runners.md")


def _listed(client: Client, repo: str) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The runners of the repository and of its organization, and whose could not be asked for."""
    found: dict[int, Mapping[str, Any]] = {}
    unread = []
    owner = repo.partition("/")[0]
    for path, whose in ((f"/repos/{repo}/actions/runners", repo), (f"/orgs/{owner}/actions/runners", owner)):
        try:
            found |= {runner["id"]: runner for runner in client.pages(path, key="runners")}
        except (NotFound, NotAccessible):  # GitHub hides from a token what it may not see; a person has no /orgs
            unread.append(whose)
    return list(found.values()), unread


def _nearest(wanted: Labels, runners: Sequence[Mapping[str, Any]]) -> str:
    """The runner that lacks the fewest."""
    lacking = [
        (wanted.missing(label["name"] for label in runner.get("labels", ())), str(runner.get("name")))
        for runner in runners
    ]
    if not lacking:
        return ""
    missing, name = min(lacking, key=lambda found: (len(found[0]), found[1]))
    return f" ({name} lacks {', '.join(missing)})"


def _names(runners: Sequence[Mapping[str, Any]]) -> str:
    names = sorted(str(runner.get("name")) for runner in runners)
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
