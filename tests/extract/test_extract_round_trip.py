"""The law of extraction: base + patch = checkout, byte for byte and mode for mode, whatever the edits."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.rollout.extract import extract
from tests.extract.conftest import FILES, Case, git

NAMES = ["a.py", "new.py", "pkg", "pkg/b.py", "pkg/deep", "pkg/deep/c.py", "link", "link/in", "run.sh", "run.sh/x"]
NAMES += [
    "sp ace",
    'quo"te',
    "back\\slash",
    "ünï/cödé",
    "-dash",
    ":(top)x",
    "*glob?",
    "bytes\udcff",
    "data.bin",
    "crlf.txt",
]

contents = st.one_of(
    st.binary(max_size=30),
    st.text(alphabet="ab \n\r\t\\+-@", max_size=40).map(str.encode),
    st.just(b"no newline"),
    st.just(b""),
    st.just(b"\n" * 50 + b"far\n"),
    st.just(b"-- \n+++ b/a.py\n@@ -1 +1 @@\ndiff --git a/x b/x\n"),
)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), contents),
        st.tuples(st.just("program"), st.sampled_from(NAMES), contents),
        st.tuples(st.just("link"), st.sampled_from(NAMES), st.sampled_from([b"a.py", b"pkg", b"dangling", b"sp ace"])),
        st.tuples(st.just("delete"), st.sampled_from([*FILES, *NAMES]), st.just(b"")),
        st.tuples(
            st.just("mode"), st.sampled_from([*FILES, *NAMES]), st.sampled_from([b"755", b"644", b"700", b"600"])
        ),
    ),
    max_size=12,
)


def clear(place: Path) -> None:
    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.is_dir():
        shutil.rmtree(place)


def edit(top: Path, act: str, name: str, content: bytes) -> None:
    place = top / name
    if act == "mode":
        if place.is_file() and not place.is_symlink():
            place.chmod(int(content, 8))
        return
    for parent in reversed(place.relative_to(top).parents):
        if (top / parent).is_symlink() or (top / parent).is_file():
            (top / parent).unlink()
    clear(place)
    if act == "delete":
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if act == "link":
        place.symlink_to(os.fsdecode(content))
    else:
        place.write_bytes(content)
        place.chmod(0o755 if act == "program" else 0o644)


def tree(top: Path) -> dict[str, tuple[str, bytes]]:
    """What git would store: files, programs and links by path, without ``.git``."""
    found = {}
    for place in top.rglob("*"):
        key = str(place.relative_to(top))
        if key == ".git" or key.startswith(".git/"):
            continue
        if place.is_symlink():
            found[key] = ("link", os.fsencode(place.readlink()))
        elif place.is_file():
            found[key] = ("program" if place.stat().st_mode & 0o100 else "file", place.read_bytes())
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=edits)
def test_base_and_patch_make_the_checkout(case: Case, edits: list[tuple[str, str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        changed, clean = Path(folder, "changed"), Path(folder, "clean")
        case.applied(b"", changed)
        for act, name, content in edits:
            edit(changed, act, name, content)
        taken = extract(changed, case.trusted / ".git", case.base)
        case.applied(taken.patch, clean)
        try:
            assert tree(clean) == tree(changed)
            assert not taken.left_out
        finally:
            for place in (changed, clean):
                git(case.trusted, "worktree", "remove", "--force", str(place))


pieces = [
    ".git",
    ".GIT",
    "git",
    "gi7eba",
    "modules",
    "ignore",
    "~1",
    "~9",
    " ",
    ".",
    "\u200c",
    "\ufeff",
    ":",
    "\\",
    "x",
    "é",
]
odd_names = st.lists(st.sampled_from(pieces), min_size=1, max_size=5).map("".join)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(odd_names.filter(lambda name: name not in (".", "..")), min_size=8, max_size=24, unique=True))
def test_no_name_makes_git_refuse_the_others(case: Case, names: list[str]) -> None:
    """What we let through, git must take; else one odd name would cost the whole patch."""
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder, "changed")
        case.applied(b"", changed)
        try:
            (changed / "l").mkdir()
            for index, name in enumerate(names):
                if index % 2:
                    (changed / "l" / name).symlink_to("../a.py")
                else:
                    (changed / "d" / name).mkdir(parents=True)
                    (changed / "d" / name / "f").write_text("x\n")
            (changed / "a.py").write_text("changed\n")
            assert b"+changed\n" in extract(changed, case.trusted / ".git", case.base).patch
        finally:
            git(case.trusted, "worktree", "remove", "--force", str(changed))


def test_an_unchanged_checkout_has_no_patch(case: Case) -> None:
    taken = case.extract()
    assert (taken.patch, taken.left_out, taken.held) == (b"", (), ())


def test_the_same_checkout_gives_the_same_patch(case: Case) -> None:
    (case.checkout / "a.py").write_text("changed\n")
    (case.checkout / "new").write_text("new\n")
    assert case.extract() == case.extract()


def test_line_ends_are_kept(case: Case) -> None:
    (case.checkout / "crlf.txt").write_bytes(b"one\r\nthree\n")
    assert b" one\r\n-two\r\n+three\n" in case.extract().patch


@pytest.mark.parametrize("kind", ["bare", "worktree", "sha256"])
def test_other_kinds_of_trusted_directories(case: Case, tmp_path: Path, kind: str) -> None:
    base, git_dir, checkout = case.base, tmp_path / "other", case.checkout
    if kind == "bare":
        git(tmp_path, "clone", "-q", "--bare", str(case.trusted), str(git_dir))
    elif kind == "worktree":
        case.applied(b"", git_dir)
        git_dir = case.trusted / ".git" / "worktrees" / "other"
    else:
        git_dir.mkdir()
        git(git_dir, "init", "-q", "--object-format=sha256")
        (git_dir / "a.py").write_text("a\n")
        git(git_dir, "add", ".")
        git(git_dir, "commit", "-qm", "x")
        base = git(git_dir, "rev-parse", "HEAD").decode().strip()
        checkout = tmp_path / "plain"
        shutil.copytree(git_dir, checkout, ignore=shutil.ignore_patterns(".git"))
        git_dir = git_dir / ".git"
    (checkout / "a.py").write_text("changed\n")
    patch = extract(checkout, git_dir, base).patch
    assert b"+changed\n" in patch
    assert patch.count(b"diff --git") == 1
