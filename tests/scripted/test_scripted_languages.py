"""Ruby, PHP, C#, Kotlin and shell: each kind of edit leaves a file that its grammar still reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.generate.functions import functions_of
from pipeline.generate.functions.files import grammar_for
from pipeline.generate.functions.syntax import parse
from pipeline.rollout.scripted.code import Code, read_function
from pipeline.rollout.scripted.edits import KINDS
from pipeline.rollout.scripted.languages import defines
from pipeline.rollout.scripted.parameters import split
from tests.scripted.player import diff, play, repository

SHELF = {
    "shelf.rb": """\
module Store
  class Shelf
    def put(book, where = nil, *rest, label:)
      raise ArgumentError, 'no room for it' unless label
      text = <<~TEXT
        if not for real
      TEXT
      @books.each do |other|
        return other if other == book
      end
      book
    end

    def full?
      @books.size > 9
    end
    def short = 1
  end
end
""",
    "shelf.php": """\
<?php
namespace Store;

class Shelf
{
    #[Pure]
    public function put(?Book $book, string $label, int $where = 0): bool
    {
        # here's an apostrophe {
        if ($where > 9) {
            throw new \\InvalidArgumentException('no room for it');
        }
        foreach ($this->books as $other) {
            $this->move($other);
        }
        return true;
    }
}
""",
    "Shelf.cs": """\
namespace Store
{
    public class Shelf
    {
        [Obsolete]
        public bool Put<T>(Book book, string label, Guid id, int where = 0) where T : IBook
        {
            if (label.Length > 9)
            {
                throw new ArgumentException("no room for it");
            }
            foreach (var other in books)
            {
                Move(other);
            }
            return true;
        }

        public int Size() => books.Count;
    }
}
""",
    "shelf.kt": """\
package store

class Shelf {
    fun put(book: Book?, label: String, where: Int = 0): Boolean {
        if (label.length > 9) {
            throw IllegalArgumentException("no room for it")
        }
        val free =
            if (where > 0) where else 1
        for (other in books) {
            move(other, free)
        }
        return true
    }

    fun size() = books.size
}
""",
    "shelf.sh": """\
#!/bin/sh
put() {
  local book="$1"
  label=${2:-none}
  for other in $books; do
    move "$other"
  done
  case "$label" in
    a) return 1 ;;
  esac
}

short() { echo; }
""",
}

GUARDS = {
    "shelf.rb": ['raise ArgumentError, "book is required" if book.nil?'],
    "shelf.php": ["if ($book === null) {", "throw new \\InvalidArgumentException('book is required');", "}"],
    "Shelf.cs": [
        "if (label == null)",
        "{",
        'throw new System.ArgumentNullException(nameof(label), "label is required");',
        "}",
    ],
    "shelf.kt": ['requireNotNull(book) { "book is required" }'],
    "shelf.sh": ['if [ -z "${1:-}" ]; then', 'echo "book is required" >&2', "return 1", "fi"],
}

ERRORS = {
    "shelf.rb": 'raise ArgumentError, "no room for it: #{label.inspect}" unless label',
    "shelf.php": "throw new \\InvalidArgumentException('no room for it: ' . $where);",
    "Shelf.cs": 'throw new ArgumentException("no room for it: " + label);',
    "shelf.kt": 'throw IllegalArgumentException("no room for it: $label")',
}


def read(path: str, name: str) -> Code | None:
    lines = SHELF[path].splitlines()
    row = next(i for i, line in enumerate(lines) if defines(code_language(path), name, line))
    return read_function(path, name, row + 1, lines[row - 1], lines[row:], False)


def code_language(path: str) -> str:
    grammar = grammar_for(path, b"")
    assert grammar
    return grammar.language


def has_error(path: str, text: str) -> bool:
    grammar = grammar_for(path, text.encode())
    assert grammar
    return parse(text.encode(), grammar).has_error


def put(path: str) -> str:
    return "Put" if path == "Shelf.cs" else "put"


@pytest.mark.parametrize("path", SHELF)
def test_a_function_is_read_to_its_end(path: str) -> None:
    found = read(path, put(path))
    told = next(f for f in functions_of(path, SHELF[path].encode()) if f.name.endswith(put(path)))
    assert found is not None and found.complete
    assert (found.first, found.first + len(found.lines) - 1) == (told.start_line, told.end_line)


@pytest.mark.parametrize("path", SHELF)
@pytest.mark.parametrize("variant", [0, 1, 2])
def test_every_edit_leaves_a_file_that_can_be_read(path: str, variant: int) -> None:
    code, made = read(path, put(path)), 0
    assert code is not None and not has_error(path, SHELF[path])
    lines = SHELF[path].splitlines()
    for offer in KINDS.values():
        if edit := offer(code, None, variant):
            made += 1
            assert not has_error(path, "\n".join([*lines[: edit.first - 1], *edit.lines, *lines[edit.last :], ""])), (
                edit
            )
    assert made >= 2


@pytest.mark.parametrize("path", GUARDS)
def test_guards(path: str) -> None:
    code = read(path, put(path))
    assert code is not None
    edit = KINDS["guard"](code, None, 0)
    assert edit is not None and [line.strip() for line in edit.lines] == GUARDS[path]
    assert edit.first == code.body and edit.last == code.body - 1


@pytest.mark.parametrize("path", ERRORS)
def test_error_messages(path: str) -> None:
    code = read(path, put(path))
    assert code is not None
    edit = KINDS["error_message"](code, None, 0)
    assert edit is not None and [line.strip() for line in edit.lines] == [ERRORS[path]]


@pytest.mark.parametrize("path", SHELF)
def test_comments_stand_above_statements_only(path: str) -> None:
    """Not in a here-document, nor between ``=`` and what is assigned."""
    code = read(path, put(path))
    assert code is not None
    edit = KINDS["comment"](code, "loop", 0)
    assert edit is not None and edit.target == "loop"
    test = KINDS["comment"](code, "test", 0)
    assert test is None or ("not for real" not in code.line(test.first) and "else" not in code.line(test.first))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.rb", "def f = 1"),
        ("a.rb", "def f(a) = a +\n  1"),
        ("a.rb", "def f; 1; end"),
        ("a.rb", "def f\nend"),
        ("a.rb", "def f(a,\n      b"),
        ("a.sh", "f() { echo; }"),
        ("a.sh", "f() {\n}"),
        ("a.kt", "fun f() = g {\n    1\n}"),
        ("a.cs", "int f() => 1;"),
        ("a.php", "abstract function f();"),
    ],
)
def test_what_has_no_body_of_its_own_lines_is_declined(path: str, text: str) -> None:
    assert read_function(path, "f", 1, "", text.splitlines(), False) is None


@pytest.mark.parametrize("path", SHELF)
def test_a_whole_rollout_changes_the_function_that_the_task_names(tmp_path: Path, path: str) -> None:
    folder = repository(tmp_path, {f"lib/{path}": SHELF[path]})
    play(folder, f"`{put(path)}` in `lib/{path}` accepts a missing argument; a null leads to a failure.")
    changed = (folder / "lib" / path).read_text()
    assert changed != SHELF[path] and not has_error(path, changed), diff(folder)


def test_a_name_with_a_question_mark_is_found(tmp_path: Path) -> None:
    folder = repository(tmp_path, {"lib/shelf.rb": SHELF["shelf.rb"]})
    play(folder, "Nothing says what `Store.Shelf.full?` in `lib/shelf.rb` expects from its caller.")
    assert "+    # full? does what its name says: full.\n" in diff(folder)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ruby", "a, b = [1, 2], *rest, c:, d: 1, **options, &block", [("a", ""), ("b", ""), ("c", ""), ("d", "")]),
        ("php", "private readonly ?A $a, B|null &$b, $c = [], ...$d", [("a", "?A"), ("b", "B|null"), ("c", "")]),
        (
            "csharp",
            "this IList<int> a, ref int b, string[] c",
            [("a", "this IList<int>"), ("b", "ref int"), ("c", "string[]")],
        ),
        ("kotlin", "a: Map<K, V?>, noinline b: () -> Int, vararg c: Int", [("a", "Map<K, V?>"), ("b", "() -> Int")]),
    ],
)
def test_parameters(language: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert [(p.name, p.type) for p in split(text, language)] == expected
