"""Style examples come from before the base commit, and nobody's name comes with them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipeline.generate.base import open_base
from pipeline.generate.style import from_history, from_issues, from_pulls
from pipeline.types import Issue, Pull
from tests.scripted.player import repository

LONG = "a text that is long enough to show how people write here, in general"
UNTIL = "2026-03-01T00:00:00Z"


def issue(created_at: str | None, body: str = LONG) -> Issue:
    return Issue("o/r", 1, "Title", body, "someone", created_at)


def test_issues_from_after_the_cut_off_and_of_unknown_date_are_not_used() -> None:
    times = ["2026-02-28T23:59:59Z", UNTIL, "2026-03-02T00:00:00Z", None]
    assert from_issues(map(issue, times), UNTIL) == [f"Title\n\n{LONG}"]


def test_short_texts_show_no_style() -> None:
    assert from_issues([issue("2026-01-01T00:00:00Z", "short")], UNTIL) == []


def pull(merged_at: str, body: str) -> Pull:
    return Pull("o/r", 1, "Title", body, "someone", merged_at, None, "merge", "a" * 40, "b" * 40, None, None, "", ())


def test_pulls_count_by_their_merge() -> None:
    pulls = [pull("2026-02-01T00:00:00Z", LONG), pull("2026-03-01T00:00:00Z", LONG), pull("2026-02-01T00:00:00Z", "")]
    assert from_pulls(pulls, UNTIL) == [f"Title\n\n{LONG}"]


def commit(repo: Path, message: str) -> str:
    words = ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", message]
    subprocess.run(["git", "-C", str(repo), *words], check=True)
    return open_base(repo, None).sha


def test_the_history_up_to_the_base_speaks_and_what_follows_does_not(tmp_path: Path) -> None:
    repo = repository(tmp_path, {"a.py": "x = 1\n"})
    base = commit(repo, f"Merge pull request #3 from someone/branch\n\n{LONG}\n\nSigned-off-by: A B <a@b.c>")
    commit(repo, f"later: {LONG}")
    assert from_history(repo, base) == [LONG]


def test_a_base_is_found_from_a_folder_below_and_in_a_bare_or_shallow_clone(tmp_path: Path) -> None:
    repo = repository(tmp_path / "shop", {"lib/a.py": "x = 1\n"})
    sha = commit(repo, "second")
    bare, shallow = tmp_path / "bare.git", tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--bare", str(repo), str(bare)], check=True)
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{repo}", str(shallow)], check=True)
    for place in (repo, repo / "lib", bare, shallow):
        base = open_base(place, None)
        assert (base.sha, base.name, base.time[-1]) == (sha, "local/shop", "Z")
