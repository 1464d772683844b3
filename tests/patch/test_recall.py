"""Laws of both metrics, and the edits that must or must not score alike."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.patch.diff import PatchError, parse
from pipeline.patch.recall import own, sera, sera_counts
from pipeline.patch.render import render
from tests.patch.edits import git_diff, one_file, trees

Tree = dict[str, bytes]
texts = st.lists(
    st.sampled_from(["+a", "-a", "+b", " a", "+++i;", "--- sql", "+ ", "@@ -1 +1 @@", "+x\x0c+y", "-b\r", "+a ", ""]),
    max_size=25,
).map("\n".join)  # fmt: skip


def diff(before: Tree, after: Tree, *options: str) -> bytes:
    return git_diff(before, after, Path(_scratch().name), "--text", *options)


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    """One repository for all: most of the time of a diff would be its making."""
    return tempfile.TemporaryDirectory()


def slow_sera(target: str, produced: str) -> float | None:
    """The algorithm as its description reads, one list walked for every line."""

    def countable(patch: str) -> list[str]:
        kept = []
        for line in patch.splitlines():
            if line.startswith(("diff", "---", "+++", "@@")):
                continue
            if line[:1] in ("+", "-") and line[1:].strip() != "":
                kept.append(line)
        return kept

    wanted, left = countable(target), countable(produced)
    if not wanted:
        return None
    found = 0
    for line in wanted:
        if line in left:
            left.remove(line)
            found += 1
    return found / len(wanted)


@given(gold=texts, candidate=texts)
def test_sera_is_the_described_algorithm(gold: str, candidate: str) -> None:
    assert sera(gold, candidate) == slow_sera(gold, candidate)


@pytest.mark.parametrize(
    ("gold", "candidate", "recall"),
    [
        ("+a\n+a", "+a", 0.5),
        ("+a", "-a", 0.0),
        ("+a", "+ a", 0.0),
        ("+a", "+a ", 0.0),
        ("+a\r\n", "+a\n", 1.0),
        ("+a", "+a\n" + "+more\n" * 100, 1.0),
        ("+++i;", "+++i;", None),
        ("--- sql", "", None),
        ("+ \n-\t", "+ ", None),
        ("", "+a", None),
        ("+a\x0c+b", "+b", 0.5),
        ("--- a/x\n+++ b/x\n+same", "--- a/y\n+++ b/y\n+same", 1.0),
        (" a", " a", None),
    ],
)
def test_quirks_of_the_reference(gold: str, candidate: str, recall: float | None) -> None:
    assert sera(gold, candidate) == recall
    counts = sera_counts(gold, candidate)
    assert (counts.recall_all_files, counts.file_recall) == (recall, None)


@settings(max_examples=15, deadline=None)
@given(base=trees, wanted=trees, given_=trees)
def test_laws_of_our_metric(base: Tree, wanted: Tree, given_: Tree) -> None:
    gold, candidate = diff(base, wanted), diff(base, given_)
    for tree in (None, base):
        self_recall = own(gold, gold, tree)
        assert self_recall.recall in (None, 1.0)
        score = own(gold, candidate, tree)
        for ratio in (score.recall, score.recall_all_files, score.precision, score.f1, score.file_recall):
            assert ratio is None or 0 <= ratio <= 1
        assert (score.recall is None) == (score.gold_lines == 0)
        assert score.gold_lines == self_recall.gold_lines
        backwards = render(reversed(parse(candidate)))
        assert own(gold, backwards, tree) == score
        assert score.matched_lines <= min(score.gold_lines, score.candidate_lines)
        wider = None if tree is None else {**tree, "extra.py": b""}
        assert own(gold, candidate + one_file("extra.py", "+extra"), wider).recall == score.recall
        empty = own(gold, b"", tree)
        assert empty.recall == (None if score.recall is None else 0.0) and empty.precision is None


@settings(max_examples=15, deadline=None)
@given(base=trees, wanted=trees, algorithm=st.sampled_from(["patience", "histogram", "minimal"]))
def test_with_the_base_every_text_of_one_edit_scores_alike(base: Tree, wanted: Tree, algorithm: str) -> None:
    one = diff(base, wanted, "--no-renames")
    others = [
        diff(base, wanted, "-M", "-C", "--find-copies-harder"),
        diff(base, wanted, f"--diff-algorithm={algorithm}", "-U0"),
    ]
    for other in others:
        assert own(one, other, base).recall in (None, 1.0)
        assert own(other, one, base).precision in (None, 1.0)


@settings(max_examples=15, deadline=None)
@given(base=trees, wanted=trees, given_=trees)
def test_line_ends_and_trailing_blanks_carry_no_meaning(base: Tree, wanted: Tree, given_: Tree) -> None:
    def untidy(tree: Tree) -> Tree:
        return {path: content.replace(b"\n", b" \t\r\n\n") for path, content in tree.items()}

    gold = diff(base, wanted)
    assert own(gold, diff(base, untidy(given_)), base) == own(gold, diff(base, given_), base)


SWAP_BASE = {"a.py": b"import a\nimport b\nx = 1\n"}
UP = b"--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n+import b\n import a\n-import b\n"
DOWN = b"--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n-import a\n import b\n+import a\n"


def test_a_swap_of_imports_scores_alike_only_with_the_base() -> None:
    assert own(UP, DOWN, SWAP_BASE).recall == 1.0
    assert own(UP, DOWN).recall == 0.0


CODE = b"".join(b"def f%d():\n    return %d\n\n" % (i, i) for i in range(12))


def test_a_rename_may_be_written_as_delete_and_add_or_be_missed() -> None:
    base = {"src/old.py": CODE, "src/x.py": b"x\n"}
    edited = CODE.replace(b"return 7", b"return 70")
    renamed = diff(base, {"src/new.py": edited, "src/x.py": b"x\n"}, "-M")
    rewritten = diff(base, {"src/new.py": edited, "src/x.py": b"x\n"}, "--no-renames")
    elsewhere = diff(base, {"src/other.py": edited, "src/x.py": b"x\n"}, "-M")
    missed = diff(base, {"src/old.py": edited, "src/x.py": b"x\n"})
    for candidate in (rewritten, elsewhere, missed):
        score = own(renamed, candidate, base)
        assert (score.recall, score.precision, score.gold_lines) == (1.0, 1.0, 2)
    assert own(renamed, missed).recall == 1.0


def test_many_alike_files_that_move_are_no_changes() -> None:
    base = {f"old/p{i}/mod.py": b"# one\n# two\n" for i in range(40)}
    moved = {path.replace("old", "new"): content for path, content in base.items()}
    assert own(diff(base, moved, "--no-renames"), b"", base).recall is None


def test_a_copy_counts_as_the_lines_it_adds() -> None:
    base = {"a.py": CODE}
    copied = diff(base, {"a.py": CODE, "b.py": CODE}, "-C", "--find-copies-harder")
    written = diff(base, {"a.py": CODE, "b.py": CODE}, "--no-renames")
    score = own(copied, written, base)
    assert (score.recall, score.gold_lines) == (1.0, 24)


def test_a_line_in_the_wrong_file_is_no_match() -> None:
    assert own(one_file("a.py", "+x"), one_file("b.py", "+x")).recall == 0.0
    assert own(one_file("a.py", "+x"), one_file("b.py", "+x")).file_recall == 0.0


def test_indentation_sign_and_case_count() -> None:
    gold = one_file("a.py", "+x")
    for line in ("+ x", "-x", "+X"):
        assert own(gold, one_file("a.py", line)).recall == 0.0


def test_content_that_looks_like_headers_counts() -> None:
    gold = one_file("a.c", "+++i;", "--- old")
    assert (own(gold, gold).recall, own(gold, gold).gold_lines) == (1.0, 2)


def test_the_headline_is_over_source_files_on_both_sides() -> None:
    code, test = one_file("src/a.py", "+x"), one_file("tests/test_a.py", "+t1", "+t2", "+t3")
    score = own(code + test, code + one_file("README.md", "+prose"))
    assert (score.recall, score.precision, score.file_recall, score.recall_all_files) == (1.0, 1.0, 1.0, 0.25)


def test_without_source_in_the_gold_the_headline_is_over_all_text() -> None:
    gold = one_file("README.md", "+a", "+b")
    score = own(gold, one_file("README.md", "+a") + one_file("src/a.py", "+x"))
    assert (score.recall, score.precision, score.candidate_lines) == (0.5, 0.5, 2)


def test_a_generated_file_is_known_by_its_content_in_the_base() -> None:
    base = {"gen.go": b"// Code generated by x. DO NOT EDIT.\n", "a.go": b""}
    gold = diff(base, {"gen.go": base["gen.go"] + b"a\nb\n", "a.go": b"real\n"})
    assert own(gold, gold, base).gold_lines == 1


def test_over_editing_costs_precision_not_recall() -> None:
    gold = one_file("a.py", "+x")
    score = own(gold, one_file("a.py", "+x", "+y", "+z", "+w"))
    assert (score.recall, score.precision, score.f1) == (1.0, 0.25, 0.4)


@pytest.mark.parametrize(
    "gold",
    [
        b"",
        b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n",
        b"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n",
        b"diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n",
        b"diff --git a/m b/m\nindex 1..2 160000\n--- a/m\n+++ b/m\n@@ -1 +1 @@\n-Subproject 1\n+Subproject 2\n",
        one_file("x", "-a", "-", "+a \r", "+ "),
    ],
    ids=["empty", "mode", "rename", "binary", "submodule", "line ends"],
)
def test_nothing_countable_is_undefined(gold: bytes) -> None:
    for base in (None, {"x": b"a\n\n"}):
        score = own(gold, one_file("x", "-a", "+b"), base)
        assert (score.recall, score.recall_all_files, score.precision, score.f1, score.file_recall) == (None,) * 5


def test_a_file_that_becomes_binary_has_no_lines() -> None:
    base = {"a.py": b"x\n"}
    assert own(diff(base, {"a.py": b"\0\n"}), b"", base).recall is None


def test_an_error_names_the_patch() -> None:
    good, bad = one_file("a.py", "-x", "+y"), one_file("a.py", "-z", "+y")
    with pytest.raises(PatchError, match=r"^candidate: a\.py: hunk 1 "):
        own(good, bad, {"a.py": b"x\n"})
    with pytest.raises(PatchError, match=r"^gold: patch line 1: "):
        own(b"garbage", good)
