"""Which merged pull requests make a task for an agent, and why the others do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.collect import vague
from pipeline.collect.filters import day, unwanted
from pipeline.collect.gold import changed_lines, patches
from pipeline.collect.leaks import answer_of
from pipeline.collect.people import is_bot
from pipeline.collect.prompt import Prompt, prompt_of
from pipeline.collect.reverts import is_revert
from pipeline.config import CollectConfig
from pipeline.errors import InputError
from pipeline.git import GitError, git
from pipeline.store import Store
from pipeline.types import Issue, Pull, Task

CHUNK = 64
"""Pull requests whose patches are held in memory together."""


_BACKPORT = re.compile(
    r"\bback-?port(?:s|ed|ing)?\b|^\[?(?:cherry[- ]pick|bp)\b|\bcherry-picked? (?:of|from)\b|^\[\d+\.[\dx.]+\]",
    re.IGNORECASE,
)


def tasks(store: Store, config: CollectConfig, repo: str | None = None) -> Iterator[Task]:
    """A task for each stored pull request, newest merged first; ``left_out`` says why one is none.

    Raises InputError when a repository's clone is gone.
    """
    since = day(config.since, "collect.since") if config.since else None
    settings = replace(config, since=since)
    clones = store.repos()
    issues: dict[str, dict[int, Issue]] = {}
    pulls = list(store.pulls(repo))
    for start in range(0, len(pulls), CHUNK):
        chunk = pulls[start : start + CHUNK]
        reasons = [_reason(pull, settings) for pull in chunk]
        wanted = [pull for pull, reason in zip(chunk, reasons, strict=True) if reason is None]
        answers = _answers(wanted, clones)
        for pull, reason in zip(chunk, reasons, strict=True):
            if pull.repo not in issues:
                issues[pull.repo] = store.issues(pull.repo)
            answer = answers.get((pull.repo, pull.number), frozenset())
            yield task_of(pull, issues[pull.repo], answer, reason)


def task_of(pull: Pull, issues: Mapping[int, Issue], answer: frozenset[str], reason: str | None) -> Task:
    """The task that ``pull`` makes; pure.

    ``answer``: what its text must not say (``leaks.answer_of`` of the human patch). ``reason``: why it
    is no task, known before its text is looked at; None when only the text may still say so.
    """
    prompt = prompt_of(pull, issues, answer)
    source = [file for file in pull.files if file.kind == "source"]
    return Task(
        id=f"{pull.repo}#{pull.number}",
        repo=pull.repo,
        number=pull.number,
        base_sha=pull.base_sha,
        merge_sha=pull.merge_sha,
        merged_at=pull.merged_at,
        prompt=prompt.text,
        prompt_source=prompt.source,
        prompt_written_at=prompt.written_at,
        files=tuple(file.renamed_from or file.path for file in source),
        test_files=tuple(file.path for file in pull.files if file.kind == "test"),
        added=sum(file.added for file in source),
        removed=sum(file.removed for file in source),
        left_out=reason or _reason_of_text(prompt),
        marks=vague.marks(prompt.text) if prompt.text else (),
    )


def _reason_of_text(prompt: Prompt) -> str | None:
    return None if prompt.text else "no_text"


def _reason(pull: Pull, config: CollectConfig) -> str | None:
    """Why ``pull`` is no task, None when only its text may still say so. One reason, the most telling first."""
    unused = unwanted(pull, config)
    if unused:
        return unused[0]
    return _reason_of_kind(pull) or _reason_of_files(pull, config)


def _reason_of_kind(pull: Pull) -> str | None:
    checks = {
        "unverified_number": pull.verified is False,
        "bot": is_bot(pull.author),
        "empty": not pull.files,
        "revert": is_revert(pull.title),
        "reverted": pull.reverted_by is not None,
        "backport": bool(_BACKPORT.search(pull.title)),
    }
    return next((reason for reason, holds in checks.items() if holds), None)


_ONLY = {
    "docs_only": {"doc"},
    "tests_only": {"test", "doc"},
    "ci_only": {"ci", "doc"},
    "generated_only": {"lock", "generated", "doc"},
    "binary_only": {"binary", "doc"},
}


def _reason_of_files(pull: Pull, config: CollectConfig) -> str | None:
    kinds = {file.kind for file in pull.files}
    source = [file for file in pull.files if file.kind == "source"]
    lines = sum(file.added + file.removed for file in source)
    if not source:
        return next((reason for reason, only in _ONLY.items() if kinds <= only), "no_source")
    if not lines:
        return "no_source_lines"
    too_large = lines > config.most_source_lines or len(source) > config.most_source_files
    return "too_large" if too_large else None


def _answers(pulls: Sequence[Pull], clones: Mapping[str, Path]) -> dict[tuple[str, int], frozenset[str]]:
    answers: dict[tuple[str, int], frozenset[str]] = {}
    for repo in dict.fromkeys(pull.repo for pull in pulls):
        rows = [pull for pull in pulls if pull.repo == repo]
        pairs = [(pull.merge_sha, pull.base_sha) for pull in rows]
        for pull, patch in zip(rows, patches(_clone(repo, clones), pairs), strict=True):
            answers[repo, pull.number] = _answer(pull, patch)
    return answers


def _clone(repo: str, clones: Mapping[str, Path]) -> Path:
    clone = clones.get(repo)
    try:
        if clone and git(clone, "rev-parse", "--git-dir"):
            return clone
    except GitError:
        pass
    raise InputError(f"{repo}: its clone is no longer at {clone}; run 'switchover collect' on its new place")


def _answer(pull: Pull, patch: bytes) -> frozenset[str]:
    source = {file.path for file in pull.files if file.kind == "source"}
    sides: dict[str, list[str]] = {"+": [], "-": []}
    for path, sign, text in changed_lines(patch):
        if path in source:
            sides[sign].append(text)
    return answer_of(sides["+"], sides["-"])


def note(counts: Counter[str | None], repos: Sequence[str]) -> str:
    """One sentence for a person when ``counts`` (reason or None to number) holds no task; "" when it does."""
    if counts[None]:
        return ""
    if not counts and repos:
        return f"no merged pull requests were found in {', '.join(repos)}; 'switchover collect' says why"
    if not counts:
        return "no pull requests in the database; run 'switchover collect CLONE --db FILE' first"
    most = ", ".join(f"{count} {reason}" for reason, count in counts.most_common(4))
    return f"none of {counts.total()} pull requests makes a task ({most}); --all lists them with their reasons"
