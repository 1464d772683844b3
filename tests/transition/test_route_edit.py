"""``serve.route`` in the text of a config: only the route changes, whatever else a person has written."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import parse
from pipeline.errors import InputError
from pipeline.route import checked, edited

ROUTES = st.sampled_from(["own", "frontier", "canary=0.1", "canary=.25"])
COMMENT = st.text("abc #:{}[]'\"-é", max_size=12).map(lambda words: f" # {words}")
PLAIN = st.sampled_from(
    [
        "decide: {margin: 0.1}",
        "decide:\n  margin: 0.1\n  error_chance: 0.05",
        "collect:\n  skip_paths:\n  - 'vendor/**'\n  - \"*.lock\"",
        "train: {base: 'a # b'}",
        "evaluate:\n  test_command: |\n    make x\n    # no comment\n    serve:\n      route: frontier",
        "evaluate:\n  test_command: >-\n    make\n    route",
        "report: {comment: weekly}",
    ]
)
SERVE = st.sampled_from(["serve: {route: frontier}", "serve:\n  route: own", "serve:\n      'route': \"canary=0.5\"",
                         "serve: {engine: vllm}", "serve:\n  engine: vllm", "serve:\n  engine: vllm\n  route:   own",
                         "serve: {}", "serve: { engine: vllm,\n         route: frontier, }", "? serve\n: route: own",
                         "'serve': {\"route\": frontier}"])  # fmt: skip


@st.composite
def configs(draw: st.DrawFn) -> str:
    """Valid texts: sections in any order with comments between and behind them, in either kind of line."""
    sections = draw(st.lists(PLAIN, max_size=3, unique_by=lambda text: text.split(":")[0]))
    serve = draw(st.none() | SERVE)
    blocks = draw(st.permutations([*sections, *([serve] if serve else [])]))
    lines: list[str] = draw(st.sampled_from([[], ["---"], ["# mine", ""]]))
    for block in blocks:
        lines = [*lines, *draw(st.sampled_from([[], [""], ["# said before"], ["  # indented"]])), block]
        is_scalar = ": |" in block or ": >" in block
        lines[-1] += "" if is_scalar else draw(st.just("") | COMMENT)
    ends = ["", "\n", "\n\n", "\n# the end\n", *(["\n...\n"] if "---" in lines else [])]
    text = "\n".join(lines) + draw(st.sampled_from(ends))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(configs(), ROUTES)
def test_only_the_route_changes(text: str, route: str) -> None:
    before, now = yaml.safe_load(text) or {}, edited(text, route)
    after = yaml.safe_load(now) or {}
    if now == text:
        assert parse(text).serve.route == route
    else:
        assert after == {**before, "serve": {**before.get("serve", {}), "route": route}}
        assert_one_place(text, now)
        assert edited(now, route) == now
        assert parse(edited(now, parse(text).serve.route)) == parse(text)


def assert_one_place(text: str, now: str) -> None:
    """All but one short piece without a comment is as it was."""
    start = next((i for i, (a, b) in enumerate(zip(text, now, strict=False)) if a != b), min(len(text), len(now)))
    end = 0
    while end < min(len(text), len(now)) - start and text[-1 - end] == now[-1 - end]:
        end += 1
    taken, put = text[start : len(text) - end], now[start : len(now) - end]
    assert len(taken) <= len('"canary=0.5"') and "\n" not in taken and "#" not in taken
    assert len(put) <= len("\r\n\r\nserve:\r\n  route: canary=0.1\r\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "serve:\n  route: own\n"),
        ("---\n...\n", "---\nserve: {route: own}\n...\n"),
        ("serve:\n  route: frontier # who serves\n", "serve:\n  route: own # who serves\n"),
        ("serve: {engine: vllm}\n", "serve: {route: own, engine: vllm}\n"),
        ("decide: {margin: 0.1}", "decide: {margin: 0.1}\n\nserve:\n  route: own\n"),
        ("{decide: {margin: 0.1}}\n", "{serve: {route: own}, decide: {margin: 0.1}}\n"),
        ("evaluate:\n  test_command: |+\n    x\n", "serve: {route: own}\nevaluate:\n  test_command: |+\n    x\n"),
        ("\ufeffserve: {route: frontier}\n", "\ufeffserve: {route: own}\n"),
        ("# route: frontier\nserve: {route: frontier}\n", "# route: frontier\nserve: {route: own}\n"),
        ("serve: &s\n  <<: {route: frontier}\n", "serve: &s\n  route: own\n  <<: {route: frontier}\n"),
    ],
)
def test_it_is_put_where_a_person_would(before: str, after: str) -> None:
    assert edited(before, "own") == after


def test_frontier_is_the_default_and_needs_no_word() -> None:
    assert edited("decide: {margin: 0.1}\n", "frontier") == "decide: {margin: 0.1}\n"


@pytest.mark.parametrize("text", ["generate: {teacher: {model: &m frontier}}\nserve: {route: *m}\n",
                                  "serve: {route: &m frontier}\ngenerate: {teacher: {model: *m}}\n"])  # fmt: skip
def test_where_no_edit_is_safe_it_says_so(text: str) -> None:
    with pytest.raises(InputError, match=r"x\.yml: serve\.route cannot be changed .* 'serve: \{route: own\}' into it"):
        edited(text, "own", "x.yml")


@pytest.mark.parametrize("route", ["", "Own", "canary", "canary=1", "own}\nserve: {", "canary=0.1\n", "é"])
def test_what_is_no_route_is_refused(route: str) -> None:
    with pytest.raises(InputError, match="is no route; give own, frontier or canary=SHARE"):
        checked(route)


@pytest.mark.parametrize("text", ["serve: [", "serve: own", "serv: {route: own}", "serve: {route: 1}"])
def test_a_bad_config_stays_as_it_is(text: str) -> None:
    with pytest.raises(InputError, match=r"^x\.yml: "):
        edited(text, "own", "x.yml")
