"""Change types: 51 for functions, sets that fit each other kind, and the team's own."""

from __future__ import annotations

import re

import pytest

from pipeline.errors import InputError
from pipeline.generate.functions import KINDS, LANGUAGES
from pipeline.generate.plan import TRIES
from pipeline.generate.texts import ChangeType, change_types, digest, own_change_types, render
from pipeline.settings import ChangeTypeConfig

EVERY = [change for kind in KINDS for change in change_types(kind)]


def test_there_are_51_for_functions_and_enough_for_each_other_kind_and_language() -> None:
    assert len(change_types()) == 51
    assert change_types("method") == change_types("function") == change_types()
    for kind in ("section", "block", "module"):
        assert len(change_types(kind)) >= 5 * TRIES
    for language in ("sql", "hcl", "yaml", "shell"):
        assert len(change_types("block", language=language)) >= 5 * TRIES


def test_ids_are_snake_case_and_nothing_is_said_twice() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", change.id) for change in EVERY)
    for said in ("id", "topic", "signs"):
        assert len({getattr(change, said) for change in EVERY}) == len(EVERY)


def test_texts_fit_their_sentences() -> None:
    for change in EVERY:
        assert not change.signs.endswith(".") and not change.topic.endswith(".")
        assert change.topic[0].islower()
        assert set(change.languages) <= set(LANGUAGES)


def test_an_index_is_asked_of_sql_alone() -> None:
    assert "sql_index" in {change.id for change in change_types("block", language="sql")}
    assert "sql_index" not in {change.id for change in change_types("block", language="hcl")}
    assert "plain_secret" in {change.id for change in change_types("block", language="hcl")}


@pytest.mark.parametrize("kind", ["method", *KINDS])
def test_each_kind_is_asked_in_its_own_words(kind: str) -> None:
    asked = render("change", kind=kind, topic="TOPIC", signs="SIGNS", function="A > B", path="a/b.md")
    assert "`A > B` in `a/b.md`" in asked and "ABSTAIN" in asked
    assert "TOPIC" in asked and "What we see: SIGNS." in asked
    assert ("the function itself" in asked) == (kind in ("method", "function"))


def test_a_prompt_without_another_form_is_the_same_for_all() -> None:
    assert render("self_check", kind="section") == render("self_check")
    with pytest.raises(KeyError):
        render("change", kind="section", topic="x")


OWN = ChangeTypeConfig("audit_trail", "the audit trail ", "a payment leaves no entry.", "function")
TEXT = ChangeTypeConfig("house_style", "our house style", "the passive voice", "section")


def test_the_teams_own_come_last_and_to_their_kind_only() -> None:
    own = own_change_types([OWN, TEXT])
    assert own[0] == ChangeType("audit_trail", "the audit trail", "a payment leaves no entry", "function")
    assert change_types("function", own) == (*change_types(), own[0])
    assert change_types("section", own, language="rst")[-1] == own[1]
    assert change_types("module", own) == change_types("module")


def test_the_teams_own_make_another_data_set() -> None:
    one, both = own_change_types([OWN]), own_change_types([OWN, TEXT])
    assert len({digest(), digest(one), digest(both)}) == 3
    assert digest(own_change_types([OWN])) == digest(one)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([ChangeTypeConfig("AuditTrail", "t", "s")], "entry 1: id 'AuditTrail' is not snake_case"),
        ([OWN, ChangeTypeConfig("a__b", "t", "s")], "entry 2: id 'a__b' is not snake_case"),
        ([ChangeTypeConfig("naming", "t", "s")], "'naming' is taken .comes with Switchover, for functions"),
        ([ChangeTypeConfig("sql_index", "t", "s")], "'sql_index' is taken .comes with Switchover, for blocks"),
        ([OWN, TEXT, OWN], "entry 3: id 'audit_trail' is taken .entry 1"),
        ([ChangeTypeConfig("x", " ", "s")], "'x' needs a topic"),
    ],
)
def test_mistakes_are_named(rows: list[ChangeTypeConfig], says: str) -> None:
    with pytest.raises(InputError, match=says):
        own_change_types(rows)
