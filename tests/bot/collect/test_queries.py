"""Each query by GitHub's own schema, and what it costs by GitHub's own rule."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, FragmentSpreadNode, OperationDefinitionNode, parse
from graphql.language.ast import IntValueNode, SelectionSetNode, VariableNode

from bot.collect.queries import names, query
from tests.github.stand_in.graph import checked

MOST_POINTS = {"page": 3, "numbers": 1, "start": 1, "pull": 1, "closing": 1, "issue": 1}
"""Of an hour's 5,000, with pages of 100."""


@pytest.mark.parametrize("name", names())
def test_github_would_take_it(name: str) -> None:
    document, wrong = checked(query(name))
    assert wrong == []
    assert document
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    assert len(operations) == 1
    assert operations[0].operation.value == "query"  # a client repeats it without looking
    assert {"rateLimit", "repository"} == {field_name(field) for field in operations[0].selection_set.selections}


@pytest.mark.parametrize("name", names())
def test_it_costs_little(name: str) -> None:
    assert points(parse(query(name))) <= MOST_POINTS[name]


def test_every_file_is_used() -> None:
    assert set(names()) == set(MOST_POINTS)


def points(document: DocumentNode, size: int = 100) -> int:
    """GitHub's rule: one request for each connection of each node above it, by hundreds, at least one."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return max(1, round(_requests(operation.selection_set, 1, fragments, size) / 100))


def _requests(chosen: SelectionSetNode, above: int, fragments: dict[str, FragmentDefinitionNode], size: int) -> int:
    total = 0
    for field in chosen.selections:
        if isinstance(field, FragmentSpreadNode):
            total += _requests(fragments[field.name.value].selection_set, above, fragments, size)
        elif isinstance(field, FieldNode) and field.selection_set:
            first = _first(field, size)
            connection = first is not None or any(_is(each, "totalCount") for each in field.selection_set.selections)
            total += above if connection else 0
            total += _requests(field.selection_set, above * (first or 1), fragments, size)
    return total


def _first(field: FieldNode, size: int) -> int | None:
    for argument in field.arguments or ():
        if argument.name.value == "first":
            value = argument.value
            assert isinstance(value, (IntValueNode, VariableNode))
            return int(value.value) if isinstance(value, IntValueNode) else size
    return None


def field_name(field: Any) -> str:
    return str(field.name.value)


def _is(field: Any, name: str) -> bool:
    return isinstance(field, FieldNode) and field.name.value == name


def test_the_rule_on_githubs_own_example() -> None:
    example = """
        query { viewer { repositories(first: 100) { edges { node {
          issues(first: 50) { edges { node { labels(first: 60) { edges { node { name } } } } } } } } } } }
    """
    assert points(parse(example)) == 51
