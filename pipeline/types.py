"""The nouns. One frozen dataclass each; every JSONL line of the contract is one of them.

Times are ISO 8601 in UTC with a trailing ``Z`` (they sort as text). Money is US dollars.
Shas are full 40-digit hex. ``None`` means *not known* or *not applicable*, never zero.
Chat messages stay plain dicts: they are the wire format of the OpenAI chat API.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Message = dict[str, Any]
"""One OpenAI chat message: role, content, and where present tool_calls, tool_call_id, reasoning."""

Role = Literal["own", "base", "frontier", "teacher"]
"""Who attempted: the team's adapter, the same model without it, the paid model, the data maker."""

Exit = Literal[
    "submitted",
    "no_patch",
    "step_limit",
    "context_limit",
    "cost_limit",
    "time_limit",
    "malformed",
    "error",
]
"""How a rollout ended. ``error`` is a failure of ours (endpoint, disk); all others are results."""

Measure = Literal["tests", "recall"]
"""How a score was made: hard (fail-to-pass and pass-to-pass) or soft (line recall)."""


@dataclass(frozen=True)
class LeftOut:
    """A thing that was not used, and why. One reason code each, so that a user can count them."""

    stage: str
    """The verb or stage that left it out: collect, tasks, functions, generate, train, patch."""
    thing: str
    """What kind of thing it is: pull, function, rollout, sample, file."""
    id: str
    """Its identity within its kind: a PR number, ``path::name``, a rollout id, a path."""
    reason: str
    """A reason code in snake_case, listed in docs/reasons.md."""
    detail: str = ""
    """One line for a person; never parsed."""


@dataclass(frozen=True)
class ChangedFile:
    """One file of a patch, by its path after it (before it, where it is deleted)."""

    path: str
    kind: str
    """source, test, doc, lock, generated, ci, binary or other (see ``pipeline.patch.classes``)."""
    added: int
    """Lines added; 0 for a binary file."""
    removed: int
    renamed_from: str | None = None


@dataclass(frozen=True)
class Issue:
    """An issue as the forge or the history knows it."""

    repo: str
    number: int
    title: str
    body: str
    author: str
    created_at: str | None
    """None when only its number is known (a commit that says "fixes #12")."""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """Which issue a pull request is about, and how we know."""

    number: int
    """The issue's number."""
    closes: bool
    """True for closing keywords and the forge's own links; False for a bare mention."""
    source: str
    """forge, pull_title, pull_body, commit_message, branch_name or changelog."""


@dataclass(frozen=True)
class Pull:
    """A merged pull request."""

    repo: str
    number: int
    title: str
    body: str
    """Description; "" when only the history is known (then see ``commit_text``)."""
    author: str
    merged_at: str
    created_at: str | None
    kind: str
    """merge (a merge commit), titled (merge commit with another title), squash, rebase."""
    merge_sha: str
    base_sha: str
    """The commit that an agent starts from: first parent of the merge, or of the first rebased commit."""
    head_sha: str | None
    """Tip of the PR's branch where known (second parent, or refs/pull/N/head)."""
    verified: bool | None
    """True when the forge's head or record of that number agrees, False when the number must be another
    repository's (a fork's, say), None when nothing is known of it."""
    commit_text: str
    """Messages of the merge or squash commit and of the branch's commits, joined by blank lines."""
    files: tuple[ChangedFile, ...]
    links: tuple[Link, ...] = ()
    labels: tuple[str, ...] = ()
    reverted_by: str | None = None
    """Sha of the commit that took the change back; None while it stands."""


@dataclass(frozen=True)
class ForgePull:
    """What the forge says of a merged pull request, before the clone is asked for its files."""

    number: int
    title: str
    body: str
    author: str
    """Login; programs end in ``[bot]``, and ``ghost`` is an account that was deleted."""
    created_at: str | None
    merged_at: str
    updated_at: str
    merge_sha: str | None
    """Commit that brought it in, as the forge says; None where the forge does not know it any more."""
    head_sha: str | None
    head_branch: str
    """Branch that was merged, without its owner; "" when unknown."""
    base_branch: str
    """Branch that it was merged into."""
    commits: int | None
    """How many it consisted of; None when unknown."""
    labels: tuple[str, ...]
    closes: tuple[int, ...]
    """Issues of the same repository that the forge says it closed."""


@dataclass(frozen=True)
class Repository:
    """A repository of the forge, and how far it is collected. Its id stays when its name changes."""

    id: int
    installation: int | None
    """The App's installation that may see it; None when it is collected with a token."""
    name: str
    """``owner/name`` as the forge writes it now."""
    private: bool
    default_branch: str | None
    """None until asked, and for an empty repository."""
    state: str
    """active, removed (no longer granted to the App), deleted, forgotten (purged; nothing is collected any more)."""
    paused: bool
    configured: bool
    """Whether its default branch has a ``.github/switchover.yml``: before that, nothing is posted there."""
    config_error: str | None
    """What is wrong with that file; None when nothing is, or when there is none."""
    watermark: str | None
    """Newest ``updated_at`` up to which all pull requests are taken in; None before the first page."""
    backfill: str
    """waiting, running, done, failed."""
    cursor: str | None
    """Where the next page begins; None: at the oldest pull request."""
    page_size: int
    """Pull requests to ask for at once, 1..100."""
    calls: int
    """GraphQL queries that collecting it has cost so far."""
    seen: int
    """Merged pull requests taken in so far."""
    total: int | None
    """Merged pull requests that the forge counts; None before the first page."""
    started_at: str | None
    """When the backfill began."""
    dirty: int
    """0: what is derived is up to date; 1: it must be derived anew; 2: that is under way."""
    tries: int
    due_at: float
    """Seconds since 1970 before which nothing should be tried."""
    error: str | None
    updated_at: str


@dataclass(frozen=True)
class Task:
    """Something an agent is asked to do at a base commit. ``left_out`` tells why it is not one."""

    id: str
    """``owner/name#number``."""
    repo: str
    number: int
    base_sha: str
    merge_sha: str
    merged_at: str
    prompt: str
    prompt_source: Literal["issue", "pull", "commit"]
    prompt_written_at: str | None
    """When the text was written; None when unknown, then ``merged_at`` is used in its place."""
    files: tuple[str, ...]
    """Source files that the human patch changes."""
    test_files: tuple[str, ...]
    added: int
    """Lines that the human patch adds in its source part."""
    removed: int
    left_out: str | None = None
    marks: tuple[str, ...] = ()
    """Codes that a reader of results should know (``vague_prompt``); usually empty."""


@dataclass(frozen=True)
class Function:
    """A named piece of a file: a function, or a unit of a text that has none. Lines are 1-based and inclusive."""

    path: str
    name: str
    """Qualified: ``Class.method``, ``outer.inner``; a section by its headings (``Install > From source``), a block
    by what it makes (``create table users``, ``resource.aws_s3_bucket.logs``, ``jobs.build``)."""
    kind: Literal["function", "method", "section", "block", "module"]
    """section: of a document; block: SQL, HCL, YAML, shell; module: of a hardware design."""
    language: str
    start_line: int
    end_line: int


@dataclass(frozen=True)
class Rollout:
    """One agent's whole attempt. ``messages`` is exactly what the endpoint saw and said."""

    id: str
    task_id: str
    role: Role
    model: str
    attempt: int
    """0-based."""
    seed: int
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...]
    patch: str
    """Unified diff against the base commit, computed from the checkout; "" when there is none."""
    exit: Exit
    steps: int
    """Turns of the model."""
    tokens_in: int
    """Prompt tokens as the server counted them, summed over turns, cached ones included."""
    tokens_out: int
    tokens_cached: int
    """Part of ``tokens_in`` that the server's prefix cache served."""
    seconds: float
    cost_usd: float | None
    """None when the model has no price."""
    cheat_marks: tuple[str, ...] = ()
    """Codes of attempts to reach the answer (network, history, other checkouts); usually empty."""
    malformed_calls: int = 0
    """Turns that were not a valid tool call."""
    tool_calls: int = 0
    """Turns that were a valid tool call. valid share = tool_calls / (tool_calls + malformed_calls)."""
    detail: str = ""
    context_tokens: int | None = None
    """Prompt and reply of the last turn as the server counted them: the length of the whole conversation."""
    turns: tuple[Mapping[str, int], ...] = ()
    """tokens_in, tokens_out and tokens_cached of each turn of the model; empty where they were not kept."""
    tokens_cache_written: int = 0
    """Part of ``tokens_in`` that was written into a cache which charges for it."""
    ended_at: str = ""
    """When it ended; "" where that was not kept."""


@dataclass(frozen=True)
class Recall:
    """How much of a gold patch a candidate reproduces. All ratios 0..1; None where undefined."""

    recall: float | None
    """Share of the gold's countable source lines that the candidate has too."""
    recall_all_files: float | None
    """The same over all text files (tests, docs, locks included)."""
    precision: float | None
    f1: float | None
    gold_lines: int
    matched_lines: int
    candidate_lines: int
    file_recall: float | None
    """Share of the gold's source files that the candidate touches."""


@dataclass(frozen=True)
class Sample:
    """A kept rollout: what training reads."""

    id: str
    repo: str
    base_sha: str
    base_time: str
    """Commit time of the base: the newest code this sample has seen."""
    path: str
    function: str
    language: str
    change_type: str
    rollout: Literal[1, 2]
    patch: str
    reference_patch: str
    """The other rollout's patch (for rollout 1 its own redo, "" if there is none)."""
    recall: float | None
    """Own metric, headline; None when undefined."""
    recall_sera: float | None
    teacher: str
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...]
    description: str
    """The text that rollout 2 was asked."""
    seed: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    config_sha256: str


@dataclass(frozen=True)
class Evaluation:
    """The graded attempt of one role on one task: one line of evaluations.jsonl."""

    at: str
    """When all of this PR's results were known; the stream is in this order."""
    repo: str
    number: int
    task_id: str
    role: Role
    model: str
    adapter: str | None
    """Hash of the adapter; None for base and frontier."""
    attempt: int
    score: float
    """0..1; a failed attempt scores 0 and is never dropped."""
    measure: Measure
    exit: Exit
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    seconds: float
    cost_usd: float | None
    cheat_marks: tuple[str, ...] = ()
    tool_calls: int = 0
    malformed_calls: int = 0
    steps: int = 0
    precision: float | None = None
    f1: float | None = None
    file_recall: float | None = None
    backtest: bool = False
    """True when the PR was merged before the adapter was made (training stopped before it)."""
    scripted: bool = False
    """True when the model is the scripted stand-in; shown wherever its results are."""
    marks: tuple[str, ...] = ()
    """Codes that a reader should know (``older_than_knowledge_cutoff``); usually empty."""
    rollout_id: str = ""
    patch: str = ""
    title: str = ""
    merged_at: str = ""
    language: str = ""
    """Of most lines that the human patch changes in source files; "" where it is not known."""
    agent: str = ""
    """Name of the external agent command that made the attempt; "" for our own harness."""
    sealed_at: str | None = None
    """When the patch's hash was recorded, before any fix existed; None for attempts made after the fix."""
    resolved: bool | None = None
    """Whether all of the PR's fail-to-pass and pass-to-pass tests pass; None where they were not run."""
    recall: float | None = None
    """Line recall beside a hard score, 0..1; None where the human patch has no countable line."""
    f2p_passed: int | None = None
    """Fail-to-pass tests that pass with the patch."""
    f2p_total: int | None = None
    p2p_passed: int | None = None
    """Tests that passed before and still do."""
    p2p_total: int | None = None


@dataclass(frozen=True)
class Sealed:
    """One attempt on an open issue: one line of sealed.jsonl."""

    issue: int
    at: str
    """When the hash was written down; ISO time in UTC, whole seconds."""
    repo: str
    base_sha: str
    """Newest commit of the default branch when the attempts were made."""
    role: Role
    model: str
    adapter: str | None
    attempt: int
    patch_sha256: str
    """Of the patch's bytes; an attempt without a patch has the hash of nothing."""
    rollout_id: str
    exit: Exit
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    seconds: float
    cost_usd: float | None
    cheat_marks: tuple[str, ...] = ()
    tool_calls: int = 0
    malformed_calls: int = 0
    steps: int = 0
    scripted: bool = False
    agent: str = ""
    title: str = ""
    """The issue's."""


@dataclass(frozen=True)
class Opinion:
    """What a person with write access says of a pull request's scores. It is shown, and changes no score."""

    repo: str
    number: int
    verdict: Literal["fair", "unfair"]
    reason: str
    """Their words, "" where they gave none: foreign text."""
    at: str


T = TypeVar("T")


def to_json(noun: Any) -> dict[str, Any]:
    """A noun as a JSON-ready dict; tuples become lists, nested nouns become dicts."""
    return dataclasses.asdict(noun)


def from_json(noun: type[T], row: Mapping[str, Any]) -> T:
    """The noun that ``to_json`` gave ``row`` for; unknown keys are ignored.

    Ignoring them lets an older version read a newer one's files.
    Raises TypeError naming the first missing field, or a list field that is none.
    """
    assert dataclasses.is_dataclass(noun)
    known = {f.name for f in dataclasses.fields(noun)}
    values = {key: _tuples(value) for key, value in row.items() if key in known}
    nested = _NESTED.get(noun, {})
    for key, inner in nested.items():
        if key in values:
            values[key] = tuple(from_json(inner, item) for item in row[key])
    try:
        return noun(**values)
    except TypeError:
        missing = next(f.name for f in dataclasses.fields(noun) if f.name not in values and not _has_default(f))
        raise TypeError(f"field {missing!r} is missing") from None


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_NESTED: dict[type, dict[str, type]] = {Pull: {"files": ChangedFile, "links": Link}}
