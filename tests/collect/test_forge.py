"""What the forge tells of pull requests, joined to real histories: all at once, and one at a time."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pipeline.collect import Fresh, collect_forge, forge, fresh
from pipeline.collect.clone import Clone, open_clone
from pipeline.config import CollectConfig
from pipeline.store import Store
from pipeline.types import ForgePull, Issue, Pull
from tests.history import BEN, GITHUB, HOUR, Answers, Builder, code, every_case, run

TIME = "2024-01-01T00:00:00Z"
EVERYBODY = CollectConfig(skip_authors=())


def told(number: int, merge_sha: str | None, head_sha: str | None = None, **more: object) -> ForgePull:
    pull = ForgePull(
        number, f"Pull {number}", "", "ada", TIME, TIME, TIME, merge_sha, head_sha, "work", "main", 1, (), ()
    )
    return dataclasses.replace(pull, **more)  # type: ignore[arg-type]


class Place:
    """A repository, its database, and what the forge tells of it."""

    def __init__(self, path: Path) -> None:
        self.builder = Builder(path / "lib")
        self.builder.commit({"a.py": code("a")}, "Begin")
        self.store = Store.open(path / "so.db")

    def clone(self) -> Clone:
        return open_clone(self.builder.finish())

    def collect(self, *pulls: ForgePull, config: CollectConfig = EVERYBODY, **how: object) -> dict[str, int]:
        clone = self.clone()
        self.store.save_forge_pulls(clone.name, pulls)
        return collect_forge(clone, "main", self.store, config=config, **how).left_out  # type: ignore[arg-type]

    def one(self, *pulls: ForgePull) -> Fresh:
        found = fresh(self.clone(), "main", pulls, config=EVERYBODY, reverts={})
        found.save(self.store)
        return found

    def pulls(self) -> dict[int, Pull]:
        return {pull.number: pull for pull in self.store.pulls()}

    def places(self) -> dict[int, tuple[str, str]]:
        return {number: (pull.kind, pull.base_sha) for number, pull in self.pulls().items()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_squash_a_merge_and_a_single_rebased_commit(place: Place) -> None:
    b = place.builder
    bases = [b.heads["main"]]
    squash = b.commit({"b.py": code("b")}, "Add b (#1)", committer=GITHUB)
    b.branch("work")
    head = b.commit({"c.py": code("c")}, "Add c", branch="work", author=BEN)
    bases.append(b.heads["main"])
    merge = b.merge("work", "Merge pull request #2 from ben/work\n\nAdd c")
    bases.append(b.heads["main"])
    rebased = b.commit({"d.py": code("d")}, "Add d", author=BEN, committer=GITHUB)
    bases.append(b.heads["main"])
    b.branch("work")
    other = b.commit({"e.py": code("e")}, "Add e", branch="work", author=BEN)
    edited = b.merge("work", "A title that somebody wrote")
    pulls = [told(1, squash, "1" * 40), told(2, merge, head), told(3, rebased, "3" * 40), told(4, edited, other)]
    assert place.collect(*pulls) == {}
    assert place.places() == dict(enumerate(zip(("squash", "merge", "rebase", "titled"), bases, strict=True), 1))
    assert {n: p.head_sha for n, p in place.pulls().items()} == {1: "1" * 40, 2: head, 3: "3" * 40, 4: other}
    assert all(pull.verified for pull in place.pulls().values())


def test_commits_that_were_rebased_together_are_one_change(place: Place) -> None:
    b = place.builder
    base = b.heads["main"]
    b.commit({"b.py": code("b")}, "Part one", author=BEN, committer=GITHUB)
    b.clock -= HOUR
    tip = b.commit({"c.py": code("c")}, "Part two", author=BEN, committer=GITHUB)
    later = b.commit({"d.py": code("d")}, "Squashed, and the number edited out", committer=GITHUB)
    assert place.collect(told(1, tip, "1" * 40, commits=2), told(2, later, "2" * 40, commits=3)) == {}
    assert place.places() == {1: ("rebase", base), 2: ("squash", tip)}
    assert [file.path for file in place.pulls()[1].files] == ["b.py", "c.py"]
    assert place.pulls()[1].commit_text == "Part two\n\nPart one"


def test_commits_that_were_pushed_as_they_are_count_by_number_not_by_time(place: Place) -> None:
    b = place.builder
    base = b.heads["main"]
    for name in "bcd":
        tip = b.commit({f"{name}.py": code(name)}, f"Add {name}", author=BEN)
    assert place.collect(told(1, tip, tip, commits=3)) == {}
    assert place.places() == {1: ("rebase", base)}


def test_a_branch_with_a_merge_of_its_own_that_was_pushed_proves_nothing(place: Place) -> None:
    b = place.builder
    b.branch("work")
    b.commit({"b.py": code("b")}, "Add b", branch="work")
    b.commit({"a.py": code("a", 5)}, "Meanwhile")
    tip = b.merge("main", "Merge branch 'main' into work", into="work")
    b.heads["main"] = b.commit({}, "Nothing", parents=[tip])
    after = b.commit({"c.py": code("c")}, "Add c")
    assert place.collect(told(1, tip, tip, commits=2), told(2, after, after, commits=5)) == {"merge_unproven": 2}


def test_what_the_default_branch_does_not_hold(place: Place) -> None:
    b = place.builder
    b.branch("stable")
    elsewhere = b.commit({"b.py": code("b")}, "Mend b on stable (#1)", branch="stable")
    first = run(b.path, "rev-list", "--max-parents=0", "main")
    pulls = [
        told(1, elsewhere, base_branch="stable"),
        told(2, "e" * 40),
        told(3, None),
        told(4, first),
    ]
    assert place.collect(*pulls) == {"other_branch": 1, "rewritten": 1, "no_merge_commit": 1, "no_base": 1}
    details = {row.id: row.detail for row in place.store.left_out()}
    assert details["1"] == f"merged into stable; main does not hold {elsewhere[:12]}"
    assert details["2"] == "the history of main does not hold eeeeeeeeeeee any more"
    for pull in pulls:  # one at a time, the same
        assert place.one(pull).left_out == tuple(row for row in place.store.left_out() if row.id == str(pull.number))


def test_one_commit_merges_one_pull_request(place: Place) -> None:
    b = place.builder
    b.branch("work")
    inner = b.commit({"b.py": code("b")}, "Add b", branch="work")
    outer = b.commit({"c.py": code("c")}, "Add c", branch="work")
    merge = b.merge("work", "Merge pull request #2 from ben/work\n\nAdd b and c")
    b.branch("work")
    head = b.commit({"d.py": code("d")}, "Add d", branch="work")
    bare = b.merge("work", "Merge the work of the week")
    odd = b.commit({"e.py": code("e")}, "Add e")
    pulls = [told(1, merge, inner), told(2, merge, outer), told(3, bare, head), told(4, bare, "4" * 40)]
    assert place.collect(*pulls, told(5, odd, "5" * 40), told(6, odd, "6" * 40)) == {
        "merged_with_another": 2,
        "merge_unproven": 2,
    }
    assert set(place.pulls()) == {2, 3}
    before = list(place.store.left_out())
    for row in (pulls[:2], pulls[2:]):
        place.one(*row)
    assert list(place.store.left_out()) == before


def test_every_link_keeps_its_source(place: Place) -> None:
    b = place.builder
    b.branch("work")
    head = b.commit({"b.py": code("b")}, "Add b\n\nFixes #7", branch="work")
    merge = b.merge("work", "Merge pull request #1 from ben/work\n\nAdd b")
    pull = told(1, merge, head, body="Resolves #8, see #9", closes=(6, 8), head_branch="issue-5")
    place.store.save_issues([Issue("local/lib", 8, "Eight", "It fails.", "eve", TIME)])
    place.collect(pull)
    links = {(link.number, link.source, link.closes) for link in place.pulls()[1].links}
    assert links == {
        (6, "forge", True),
        (8, "forge", True),
        (8, "pull_body", True),
        (7, "commit_message", True),
        (9, "pull_body", False),
        (5, "branch_name", False),
    }
    issues = place.store.issues("local/lib")
    assert {number: issue.title for number, issue in issues.items()} == {6: "", 7: "", 8: "Eight"}
    before = place.pulls()
    assert [issue.number for issue in place.one(pull).issues] == [6, 7, 8]  # known to it by number alone
    assert (place.pulls(), place.store.issues("local/lib")) == (before, issues)


def test_the_config_holds_as_for_clones(place: Place) -> None:
    b = place.builder
    shas = [b.commit({f"v/{n}.py": code("x")}, f"Add {n} (#{n})") for n in range(1, 6)]
    pulls = [told(n, sha, merged_at=f"2024-01-0{n}T00:00:00Z") for n, sha in enumerate(shas, 1)]
    pulls[1] = dataclasses.replace(pulls[1], author="renovate[bot]")
    pulls[2] = dataclasses.replace(pulls[2], labels=("No-Train",), body="write to ada@example.org")
    config = CollectConfig(since="2024-01-02")
    assert place.collect(*pulls, config=config) == {"before_since": 1, "bot": 1, "skipped_label": 1}
    assert set(place.pulls()) == {4, 5}
    wanted = {"skipped_path": 3, "bot": 1, "skipped_label": 1}
    assert place.collect(config=CollectConfig(skip_paths=("v/",))) == wanted
    assert place.pulls() == {}
    place.collect(config=CollectConfig(skip_authors=(), skip_labels=()))
    assert place.pulls()[3].body == "write to [redacted:email]"
    place.collect(config=CollectConfig(skip_authors=(), skip_labels=(), redact=False))
    assert place.pulls()[3].body == "write to ada@example.org"


def test_limit_keeps_the_newest_by_the_forges_time(place: Place) -> None:
    b = place.builder
    shas = [b.commit({f"{n}.py": code("x")}, f"Add {n} (#{n})") for n in range(1, 4)]
    times = ("2024-03-01", "2024-01-01", "2024-02-01")
    pulls = [told(n, sha, merged_at=f"{times[n - 1]}T00:00:00Z") for n, sha in enumerate(shas, 1)]
    place.collect(*pulls, limit=2)
    assert [(p.number, p.merged_at) for p in place.store.pulls()] == [
        (1, "2024-03-01T00:00:00Z"),
        (3, "2024-02-01T00:00:00Z"),
    ]
    assert place.collect(since="2024-01-15") == {"before_since": 1}


def test_a_revert_marks_what_it_takes_back(place: Place) -> None:
    b = place.builder
    bad = b.commit({"b.py": code("b")}, "Add b (#1)", committer=GITHUB)
    place.collect(told(1, bad, title="Add b"))
    away = b.commit({"b.py": None}, f'Revert "Add b" (#2)\n\nThis reverts commit {bad}.', committer=GITHUB)
    found = place.one(told(2, away, title='Revert "Add b"'))
    assert found.takes_back
    assert place.pulls()[1].reverted_by is None
    place.collect(told(2, away, title='Revert "Add b"'))
    assert place.pulls()[1].reverted_by == away
    kept = fresh(place.clone(), "main", [told(1, bad)], config=EVERYBODY, reverts={1: away})
    assert kept.pulls[0].reverted_by == away
    assert not kept.takes_back


def test_what_the_forge_does_not_list_is_no_pull_request(place: Place) -> None:
    from pipeline.collect import collect_clone

    sha = place.builder.commit({"b.py": code("b")}, "Add b (#1)")
    place.builder.commit({"c.py": code("c")}, "Take what the other project has (#99)")
    collect_clone(place.builder.finish(), place.store, config=EVERYBODY)
    assert set(place.pulls()) == {1, 99}
    place.collect(told(1, sha))
    assert set(place.pulls()) == {1}


def test_an_empty_mirror(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q", "--bare", "new.git")
    with Store.open(tmp_path / "so.db") as store:
        clone = open_clone(tmp_path / "new.git")
        store.save_forge_pulls(clone.name, [told(1, "a" * 40)])
        assert collect_forge(clone, "main", store, config=EVERYBODY).left_out == {"rewritten": 1}


def from_story(answers: Answers) -> list[ForgePull]:
    """What a forge would tell of the history with every case in it."""
    pulls = []
    for number, (kind, sha, _) in answers.pulls.items():
        head = run(answers.repo, "for-each-ref", "--format=%(objectname)", f"refs/pull/{number}/head") or None
        title = run(answers.repo, "log", "-1", "--format=%s", sha)
        pulls.append(told(number, sha, head, title=title, commits=2 if kind == "rebase" else 1))
    return pulls


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return every_case(tmp_path_factory.mktemp("story") / "lib", heads=True)


def test_one_at_a_time_gives_what_the_whole_gives(story: Answers, tmp_path: Path) -> None:
    clone = open_clone(story.repo)
    pulls = from_story(story)
    with Store.open(tmp_path / "so.db") as store:
        store.save_forge_pulls(clone.name, pulls)
        collect_forge(clone, "main", store, config=EVERYBODY)
        wanted = {pull.number: pull for pull in store.pulls()}
        assert wanted.keys() == story.pulls.keys()
        for pull in pulls:
            found = fresh(
                clone, "main", [pull], config=EVERYBODY, reverts={pull.number: wanted[pull.number].reverted_by or ""}
            )
            (got,) = found.pulls
            assert dataclasses.replace(got, reverted_by=got.reverted_by or None) == wanted[pull.number]


def test_near_reads_only_what_is_near(story: Answers) -> None:
    clone = open_clone(story.repo)
    for pull in from_story(story):
        assert len(forge.near(clone, [pull], "main").graph.commits) <= 8
    assert len(forge.whole(clone, [], "main").graph.commits) > 60


def test_the_place_agrees_with_what_a_clone_alone_tells(story: Answers) -> None:
    clone = open_clone(story.repo)
    found = forge.whole(clone, from_story(story), "main").found
    got = {row.number: (row.merge_sha, row.base_sha) for row in found if row.number != 60}
    # 60 was rebased by hand over hours, which a forge never does.
    assert got == {number: place[1:] for number, place in story.pulls.items() if number != 60}
