"""One name for each language, everywhere."""

import pytest

from pipeline.generate.functions.grammars import ALL
from pipeline.generate.functions.units import UNITS
from pipeline.patch import tables
from pipeline.patch.languages import OTHER, language_of, main_language
from pipeline.rollout.scripted.languages import LANGUAGES


def test_the_names_are_those_of_the_grammars_and_of_the_scripted_model() -> None:
    named = {suffix: grammar.language for grammar in (*ALL, *UNITS) for suffix in grammar.suffixes}
    for suffix, language in (named | LANGUAGES).items():
        assert language_of(f"src/a{suffix}") == language, suffix


def test_nearly_every_suffix_of_source_has_a_name() -> None:
    unnamed = {suffix for suffix in tables.SOURCE_SUFFIXES if language_of(f"a.{suffix}") == OTHER}
    assert unnamed == {"tmpl", "tpl"}, "templates of any language"


@pytest.mark.parametrize(
    ("lines", "language"),
    [
        ({}, ""),
        ({"a.py": 3, "b.go": 2}, "python"),
        ({"a.py": 3, "b.go": 2, "c.GO": 2}, "go"),
        ({"b.rs": 1, "a.go": 1}, "go"),
        ({"Makefile": 1}, OTHER),
    ],
)
def test_the_language_of_most_lines_counts(lines: dict[str, int], language: str) -> None:
    assert main_language(lines) == language
