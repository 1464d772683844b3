"""The parser: what git and diff really write, and what nobody should write."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from pipeline.patch.apply import apply
from pipeline.patch.diff import FilePatch, Hunk, PatchError, parse, split
from pipeline.patch.render import render
from tests.patch.edits import applied, contents, git_diff, one_file, trees

MODES = b"old mode 100644\nnew mode 100755\n"


@settings(max_examples=25, deadline=None)
@given(before=trees, after=trees)
def test_a_diff_by_git_parses_applies_and_renders_again(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        patch = git_diff(before, after, Path(folder), "-M", "-C", "--find-copies-harder", "--text")
    files = parse(patch)
    assert applied(before, apply(files, before)) == after
    assert parse(render(files)) == files
    assert b"".join(file.raw for file in files) == patch
    assert parse(split(patch, lambda path: True)) == files


@settings(max_examples=30, deadline=None)
@given(before=contents, after=contents)
def test_a_plain_diff_applies(before: bytes, after: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("x.py.orig", before), ("x.py", after)):
            (Path(folder) / name).write_bytes(content)
        ran = subprocess.run(["diff", "-ua", "x.py.orig", "x.py"], cwd=folder, capture_output=True, check=False)
    changed = apply(parse(ran.stdout), {"x.py": before})
    assert applied({"x.py": before}, changed) == {"x.py": after}


def test_folders_compared_by_diff_lose_their_leading_name(tmp_path: Path) -> None:
    for name, content in (("lib-1/src/a.py", "1\n"), ("lib-2/src/a.py", "2\n"), ("lib-2/src/new.py", "n\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    ran = subprocess.run(["diff", "-ruN", "lib-1", "lib-2"], cwd=tmp_path, capture_output=True, check=False)
    assert [(file.old_path, file.new_path) for file in parse(ran.stdout)] == [
        ("src/a.py", "src/a.py"),
        (None, "src/new.py"),
    ]


def test_content_that_looks_like_headers_is_content() -> None:
    patch = one_file("x.sql", "--- a/x.sql", "-- old", "+++ b/x.sql", "+@@ -1 +1 @@", "+diff --git a/y b/y")
    (file,) = parse(patch)
    assert [line[:1] for line in file.hunks[0].lines] == [b"-", b"-", b"+", b"+", b"+"]


@pytest.mark.parametrize("patch", [b"", b"\n", b" \n\t\n\r\n"])
def test_an_empty_patch_has_no_files(patch: bytes) -> None:
    assert parse(patch) == ()


@pytest.mark.parametrize(
    ("header", "old", "new"),
    [
        (b"diff --git a/x b/x\n" + MODES, "x", "x"),
        (b"diff --git a/with blank b/with blank\n" + MODES, "with blank", "with blank"),
        (b"diff --git a/b/x b/b/x\n" + MODES, "b/x", "b/x"),
        (b"diff --git b/x b/x\n" + MODES, "b/x", "b/x"),
        (b"diff --git i/x w/x\n" + MODES, "x", "x"),
        (b'diff --git "a/\\303\\274\\t\\"" "b/\\303\\274\\t\\""\n' + MODES, 'ü\t"', 'ü\t"'),
        (b"diff --git a/x b/yy\nsimilarity index 100%\nrename from x\nrename to yy\n", "x", "yy"),
        (b'diff --git a/x "b/\\316\\261"\nsimilarity index 100%\nrename from x\nrename to "\\316\\261"\n', "x", "α"),
        (b"diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n", None, "x"),
        (b"diff --git a/x b/x\ndeleted file mode 100644\nindex e69de29..0000000\n", "x", None),
    ],
)
def test_names_of_a_header_without_hunks(header: bytes, old: str | None, new: str | None) -> None:
    (file,) = parse(header)
    assert (file.old_path, file.new_path, file.hunks) == (old, new, ())


def test_a_rename_without_its_lines_is_named_by_the_file_lines() -> None:
    patch = one_file("x.py", "-a", "+b").replace(b"b/x.py", b"b/longer.py")
    (file,) = parse(patch)
    assert (file.old_path, file.new_path) == ("x.py", "x.py")


def test_a_copy_is_a_new_file_by_its_path() -> None:
    (file,) = parse(b"diff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to y\n")
    assert file.copied and file.path == "y"


@pytest.mark.parametrize(
    "body",
    [
        b"Binary files a/x.png and b/x.png differ\n",
        b"GIT binary patch\nliteral 3\nKcmYe~00961\n\nliteral 0\nHcmV?d00001\n\n",
        b"GIT binary patch\ndelta 3\nKcmYe~00961\n\ndelta 5\nHcmV?d00001\n\n",
    ],
)
def test_binary_changes_are_known_as_such(body: bytes) -> None:
    patch = b"diff --git a/x.png b/x.png\nindex 111..222 100644\n" + body + one_file("y.py", "+y")
    files = parse(patch)
    assert [(file.path, bool(file.binary)) for file in files] == [("x.png", True), ("y.py", False)]
    assert files[0].binary == body
    assert parse(render(files)) == files


def test_a_patch_turned_to_crlf_reads_as_before() -> None:
    patch = one_file("x.py", " a", "-b", "+c", " ")
    assert parse(patch.replace(b"\n", b"\r\n")) == parse(patch)


def test_crlf_content_keeps_its_returns() -> None:
    (file,) = parse(one_file("x.py", "-a\r", "+b\r"))
    assert file.hunks[0].lines == (b"-a\r\n", b"+b\r\n")


def test_an_empty_context_line_may_have_lost_its_blank() -> None:
    whole = one_file("x.py", " a", " ", "-b", "+c")
    assert parse(whole.replace(b"\n \n", b"\n\n")) == parse(whole)


def test_missing_final_newlines_on_either_side() -> None:
    patch = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    assert parse(patch)[0].hunks == (Hunk(1, 1, 1, 1, (b"-a", b"+b")),)


def test_mails_and_show_texts_around_diffs() -> None:
    one, two = one_file("x.py", "-a", "+b"), one_file("y.py", "+c")
    mail = b"From 1234 Mon\nSubject: [PATCH] x\n\n---\n x.py | 2 +-\n 1 file changed\n\n"
    show = b"commit 1234\nAuthor: A <a@b.c>\n\n    Message\n    + with a list\n\n"
    assert parse(mail + one + b"-- \n2.39.5\n\n" + mail + two + b"-- \n2.39.5\n\n") == parse(one + two)
    assert parse(show + one + b"\n" + show + two) == parse(one + two)


@pytest.mark.parametrize(
    ("patch", "line"),
    [
        (b"garbage\n", 1),
        (b"\n\nnot a diff\n", 3),
        (one_file("x.py", "-a", "+b") + b"garbage\n", 7),
        (one_file("x.py", "-a", "+b") + b"+more\n", 7),
        (one_file("x.py", "-a", "+b") + b" more\n", 7),
        (b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n", 3),
        (b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\nb\n c\n", 5),
        (b"--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n-b\n+c\n", 5),
        (b"--- a/x\n+++ b/x\n", 3),
        (b"--- a/x\n+++ b/x\n@@ nonsense @@\n", 3),
        (b"@@ -1 +1 @@\n-a\n+b\n", 1),
        (b"diff --git a/x b/x\n", 1),
        (b"diff --git a/x b/x\n--- a/x\nno\n", 3),
        (one_file("x.py", "+a").replace(b"--- a/x.py", b"--- a/y.py"), 3),
        (b"diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,1 -1,1 +1,1 @@@\n", 1),
        (b"--- /dev/null\n+++ /dev/null\n@@ -0,0 +1 @@\n+a\n", 1),
        (b'--- "a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n', 1),
        (one_file("../x.py", "+a"), 1),
        (one_file(".git/config", "+a"), 1),
        (b"--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", 1),
        (b'diff --git "a/x\\000" "b/x\\000"\n' + MODES, 1),
    ],
)
def test_a_mistake_is_named_with_its_line(patch: bytes, line: int) -> None:
    with pytest.raises(PatchError, match=rf"^patch line {line}: ") as caught:
        parse(patch)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(patch=contents)
def test_whatever_is_given_parses_or_is_named(patch: bytes) -> None:
    try:
        files = parse(patch)
    except PatchError as error:
        assert re.match(r"patch line \d+: ", str(error))
    else:
        assert all(isinstance(file, FilePatch) for file in files)


def test_split_drops_whole_files_and_nothing_else() -> None:
    one, two = one_file("src/x.py", "-a", "+b"), one_file("tests/test_x.py", "+c")
    rename = b"diff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\n"
    assert split(one + two + rename, lambda path: not path.startswith("tests/")) == one + rename
    assert split(one + two + rename, {"old"}.__contains__) == rename
