"""Merged pull requests that the forge tells of, joined to the commits of a clone. No network.

The forge is the authority on numbers, texts, labels and closed issues; the clone has the files.
``whole`` reads a repository's history once, ``near`` only the commits around one merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.collect import history
from pipeline.collect.clone import Clone
from pipeline.collect.forms import form_of
from pipeline.collect.found import Found, merged_at
from pipeline.collect.history import Commit, History
from pipeline.collect.mine import Mined, base_of
from pipeline.collect.payloads import Payloads, PullPayload
from pipeline.git import GitError, git
from pipeline.types import ForgePull, LeftOut

LONGEST = 500
"""Commits of one pull request that ``near`` follows; of a longer one only the last counts as rebased."""


def whole(clone: Clone, pulls: Sequence[ForgePull], branch: str) -> Mined:
    """Where each of ``pulls`` is in the history of ``branch``, the default one. Raises GitError."""
    commits = history.read(clone.path, [clone.tip]) if clone.tip else {}
    return placed(History(clone.tip or "", commits), pulls, branch)


def near(clone: Clone, pulls: Sequence[ForgePull], branch: str) -> Mined:
    """As ``whole``, for pull requests that one commit merged; reads what is around it. Raises GitError."""
    sha = pulls[0].merge_sha
    assert all(pull.merge_sha == sha for pull in pulls)
    if not sha or not clone.tip or not is_in(clone, sha):
        return placed(History("", {}), pulls, branch)
    most = max(pull.commits or 1 for pull in pulls)
    commits = history.chain(clone.path, sha, min(most, LONGEST) + 1)
    if commits[sha].is_merge:
        commits |= history.read(clone.path, [sha], without=commits[sha].parents[:1])
    return placed(History(sha, commits), pulls, branch)


def has(clone: Clone, sha: str) -> bool:
    """Whether the clone holds the commit at all, on whatever branch."""
    try:
        return bool(git(clone.path, "rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}"))
    except GitError:
        return False


def is_in(clone: Clone, sha: str) -> bool:
    """Whether the history of the clone's HEAD holds the commit. Raises GitError."""
    if not has(clone, sha):
        return False
    return git(clone.path, "rev-list", "--max-count=1", sha, "--not", clone.tip or "HEAD").strip() == b""


def placed(graph: History, pulls: Sequence[ForgePull], branch: str) -> Mined:
    """Each of ``pulls`` with its commit in ``graph``, newest merged first, or why there is none. Pure."""
    found, gone = [], []
    for pull in pulls:
        row = _found(pull, graph, branch)
        if isinstance(row, Found):
            found.append(row)
        else:
            gone.append(row)
    owned, shared = _once(found, graph)
    newest = sorted(owned, key=lambda row: (merged_at(row, graph), row.number), reverse=True)
    return Mined(graph, tuple(newest), (*gone, *shared))


def payloads(pulls: Sequence[ForgePull]) -> Payloads:
    """What the assembler wants to know of each number. Pure."""
    return Payloads({pull.number: _payload(pull) for pull in pulls})


def _found(pull: ForgePull, graph: History, branch: str) -> Found | LeftOut:
    commit = graph.commits.get(pull.merge_sha or "")
    if commit is None:
        return _absent(pull, branch)
    if not commit.parents:
        return _left_out(pull, "no_base", "the first commit of the history has nothing before it")
    place = _merge(pull, commit) if commit.is_merge else _line(pull, commit, graph)
    if place is None:
        return _left_out(pull, "merge_unproven", f"{commit.sha[:12]} is its own last commit, pushed without a merge")
    kind, base, head = place
    title = pull.title or commit.subject
    return Found(pull.number, kind, title, pull.head_branch, commit.sha, base, head, True, True, pull.merged_at)


def _absent(pull: ForgePull, branch: str) -> LeftOut:
    if pull.merge_sha is None:
        return _left_out(pull, "no_merge_commit", "the forge does not tell which commit merged it")
    sha = pull.merge_sha[:12]
    if pull.base_branch != branch:
        return _left_out(pull, "other_branch", f"merged into {pull.base_branch}; {branch} does not hold {sha}")
    return _left_out(pull, "rewritten", f"the history of {branch} does not hold {sha} any more")


def _merge(pull: ForgePull, commit: Commit) -> tuple[str, str, str | None] | None:
    """(kind, base, head) of a merge commit; None when it was made in the branch and the branch then pushed."""
    if pull.head_sha == commit.sha:
        return None
    form = form_of(commit)
    kind = form.kind if form and form.number == pull.number else "titled"
    return kind, commit.parents[0], pull.head_sha or commit.parents[1]


def _line(pull: ForgePull, commit: Commit, graph: History) -> tuple[str, str, str | None] | None:
    """(kind, base, head) of a squash, or of the last of commits that were rebased or pushed as they are."""
    if pull.head_sha == commit.sha:
        start = _pushed(pull.commits or 1, commit, graph)
        return ("rebase", start, pull.head_sha) if start else None
    form = form_of(commit)
    if form and form.number == pull.number:
        return "squash", commit.parents[0], pull.head_sha
    base = base_of(pull.commits, commit, graph)
    rebased = base != commit.parents[0] or (pull.commits or 1) == 1
    return "rebase" if rebased else "squash", base, pull.head_sha


def _pushed(commits: int, tip: Commit, graph: History) -> str | None:
    """What came before the branch's commits, which are the last ones as they stand; None past a merge."""
    commit: Commit | None = tip
    for _ in range(commits - 1):
        commit = graph.commits.get(commit.parents[0]) if commit else None
        if commit is None or len(commit.parents) != 1:
            return None
    return commit.parents[0] if commit else None


def _once(found: Sequence[Found], graph: History) -> tuple[list[Found], list[LeftOut]]:
    """One pull request per commit: the forge calls another merged when its commits came with a first one."""
    by_commit: dict[str, list[Found]] = {}
    for row in found:
        by_commit.setdefault(row.merge_sha, []).append(row)
    kept: list[Found] = []
    gone: list[LeftOut] = []
    for sha, rows in by_commit.items():
        owner = rows[0] if len(rows) == 1 else _owner(rows, graph.commits[sha])
        kept += [owner] if owner else []
        gone += list(_others(rows, owner))
    return kept, gone


def _owner(rows: Sequence[Found], commit: Commit) -> Found | None:
    """Whom the commit names, else whose branch it merged; None when neither tells one of them."""
    form = form_of(commit)
    named = [row for row in rows if form and form.number == row.number]
    merged = [row for row in rows if row.head_sha in (commit.sha, *commit.parents[1:])]
    return next((group[0] for group in (named, merged) if len(group) == 1), None)


def _others(rows: Sequence[Found], owner: Found | None) -> Iterator[LeftOut]:
    for row in rows:
        if row is owner:
            continue
        if owner:
            detail = f"{row.merge_sha[:12]}, which merged it, is that of #{owner.number}"
            yield LeftOut("collect", "pull", str(row.number), "merged_with_another", detail)
        else:
            detail = f"{row.merge_sha[:12]} is said to have merged {len(rows)} pull requests, and names none of them"
            yield LeftOut("collect", "pull", str(row.number), "merge_unproven", detail)


def _left_out(pull: ForgePull, reason: str, detail: str) -> LeftOut:
    return LeftOut("collect", "pull", str(pull.number), reason, detail)


def _payload(pull: ForgePull) -> PullPayload:
    return PullPayload(
        pull.number,
        pull.title,
        pull.body,
        pull.author,
        pull.created_at,
        True,
        pull.merge_sha,
        pull.commits,
        pull.labels,
        pull.closes,
    )
