"""Application: exact, with file and hunk named when a patch does not fit."""

from __future__ import annotations

import pytest

from pipeline.patch.apply import apply
from pipeline.patch.diff import PatchError, parse
from tests.patch.edits import one_file

BASE = {"a.py": b"1\n2\n3\n4\n5\n6\n", "b.py": b"b\n"}
SWAP = b"".join(
    f"diff --git a/{old} b/{new}\nsimilarity index 100%\nrename from {old}\nrename to {new}\n".encode()
    for old, new in (("a.py", "b.py"), ("b.py", "a.py"))
)


def test_hunks_apply_in_any_order() -> None:
    first, second = "@@ -1,2 +1,1 @@\n 1\n-2\n", "@@ -6 +5 @@\n-6\n+six\n"
    for hunks in (first + second, second + first):
        patch = f"--- a/a.py\n+++ b/a.py\n{hunks}".encode()
        assert apply(parse(patch), BASE) == {"a.py": b"1\n3\n4\n5\nsix\n"}


def test_two_files_may_swap_their_names() -> None:
    assert apply(parse(SWAP), BASE) == {"a.py": BASE["b.py"], "b.py": BASE["a.py"]}


def test_a_copy_reads_the_base_even_where_its_source_is_renamed_or_edited() -> None:
    copy = b"diff --git a/b.py b/c.py\nsimilarity index 100%\ncopy from b.py\ncopy to c.py\n"
    rename = b"diff --git a/b.py b/d.py\nsimilarity index 100%\nrename from b.py\nrename to d.py\n"
    assert apply(parse(rename + copy), BASE) == {"b.py": None, "d.py": b"b\n", "c.py": b"b\n"}
    edit = one_file("b.py", "-b", "+B")
    assert apply(parse(edit + copy), BASE) == {"b.py": b"B\n", "c.py": b"b\n"}


def test_a_series_applies_one_after_another() -> None:
    rename = b"diff --git a/b.py b/c.py\nsimilarity index 100%\nrename from b.py\nrename to c.py\n"
    again = rename.replace(b"c.py", b"d.py").replace(b"b.py", b"c.py")
    edited = one_file("b.py", "-b", "+B")
    assert apply(parse(edited + rename + again), BASE) == {"b.py": None, "c.py": None, "d.py": b"B\n"}


def test_a_file_may_become_another_type() -> None:
    patch = (
        b"diff --git a/b.py b/b.py\ndeleted file mode 100644\n--- a/b.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n"
        b"diff --git a/b.py b/b.py\nnew file mode 120000\n--- /dev/null\n+++ b/b.py\n@@ -0,0 +1 @@\n+a.py\n"
        b"\\ No newline at end of file\n"
    )
    assert apply(parse(patch), BASE) == {"b.py": b"a.py"}


def test_a_plain_diff_may_add_a_file_without_saying_so() -> None:
    assert apply(parse(b"--- a/n.py\n+++ b/n.py\n@@ -0,0 +1 @@\n+n\n"), BASE) == {"n.py": b"n\n"}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (one_file("a.py", "-x", "+y"), r"a\.py: hunk 1 \(@@ -1,1 \+1,1 @@\) does not apply: at line 1 the base has '1"),
        (one_file("a.py", "-2", "+y"), r"a\.py: hunk 1 .* at line 1 the base has '1\\n' where the patch has '2\\n'"),
        (one_file("b.py", "-b", "-c", "+y"), r"b\.py: hunk 1 .* at line 2 the base has ended"),
        (one_file("none.py", "-b", "+y"), r"none\.py: not in the base"),
        (b"--- a/a.py\n+++ b/a.py\n@@ -1,2 +1 @@\n 1\n-2\n@@ -2 +1,0 @@\n-2\n", r"a\.py: hunk 2 .* overlaps"),
        (b"--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+x\n", r"a\.py: is added, but is there already"),
        (b"--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n", r"a\.py: hunk 1: deletes the file but not all"),
        (b"diff --git a/b.py b/b.py\nindex 1..2 100644\nBinary files a/b.py and b/b.py differ\n", r"b\.py: .*binary"),
    ],
)
def test_what_does_not_fit_is_named(patch: bytes, message: str) -> None:
    with pytest.raises(PatchError, match=message) as caught:
        apply(parse(patch), BASE)
    assert "\n" not in str(caught.value)
