"""Our length filters beside the reference's own code, on random trajectories.

Left out on purpose, as there they are defects (their numbers are those of the design page, section 5,
or they follow from its section 1): content lines such as ``++i`` or ``-- sql`` do not count there as
changed lines; form feeds and their like cut lines in two; ``user_length`` never ran as shipped (4);
``tokens`` of scale.py never ran as shipped (2); ``<think>`` in tool output drops a trajectory (6).
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.generate.select import FIRST, Case, Recipe, facts_of, reason
from pipeline.generate.select.facts import patch_lines
from pipeline.generate.select.tokens import CHARACTERS_PER_TOKEN, FRAME
from pipeline.types import Message
from tests import sera_reference as reference
from tests.generate.making import rollout, said, user

LINES = st.lists(st.sampled_from(["+a", "-b", " c", "+", "-", "+ d", "- e", "+diff", "+@@"]), min_size=1, max_size=60)
LENGTHS = st.lists(st.integers(0, 9000), min_size=1, max_size=40)


def patch(lines: list[str]) -> str:
    old, new = (sum(line[:1] in (" ", sign) for line in lines) for sign in "-+")
    head = "diff --git a/x.py b/x.py\nindex 1111111..2222222 100644\n--- a/x.py\n+++ b/x.py\n"
    return f"{head}@@ -1,{old} +1,{new} @@ def f():\n" + "".join(f"{line}\n" for line in lines)


@settings(max_examples=50)
@given(LINES)
@example(["+a"] * 40)
@example(["+a"] * 41)
def test_patch_length(lines: list[str]) -> None:
    added, deleted = reference.analyze_diff(patch(lines))
    assert patch_lines(patch(lines)) == added + deleted
    known = replace(facts_of(rollout()), patch_lines=patch_lines(patch(lines)))
    why = reason(Case(rollout(patch=patch(lines)), known, verdict="yes"), Recipe(), FIRST)
    assert (why is not None and why[0] == "long_patch") == reference.is_long_edit(patch(lines))


def test_patch_length_where_the_reference_is_wrong() -> None:
    odd = patch(["+++i;", "--- sql", "+a\x0c+b"])
    assert (patch_lines(odd), sum(reference.analyze_diff(odd))) == (3, 2)


def trajectory(lengths: list[int]) -> list[Message]:
    """System, task, then turns and results; the contents are as long as given."""
    messages: list[Message] = [{"role": "system", "content": "s" * 700}]
    for number, length in enumerate(lengths):
        messages.append(user("u" * length) if number % 2 == 0 else said("a" * length))
    return messages


def tokens(text: str) -> float:
    """A tokenizer to agree on: ours is an estimate, the reference's is the trained model's."""
    return len(text) / CHARACTERS_PER_TOKEN


def tokens_in_frame(text: str) -> float:
    """ChatML's marks, role and newlines are tokens of their own."""
    role, _, rest = text.removeprefix("<|im_start|>").partition("\n")
    assert role in ("system", "user", "assistant")
    return FRAME + tokens(rest.removesuffix("<|im_end|>\n"))


@settings(max_examples=50)
@given(LENGTHS)
def test_tool_output(lengths: list[int]) -> None:
    messages = trajectory(lengths)
    expected = reference.user_length(messages, tokens)
    known = facts_of(replace(rollout(), messages=tuple(messages), tools=()))
    assert abs(known.tool_output_tokens - expected) <= 0.0005  # facts keep three places
    is_long = reason(Case(rollout(), replace(known, kept_share=1.0), verdict="yes"), Recipe(), FIRST) is not None
    assert is_long == (expected > reference.TOOL_CALL_TOKEN_MAX)


@settings(max_examples=50)
@given(LENGTHS, st.integers(100, 20000))
def test_truncation_ratio(lengths: list[int], limit: int) -> None:
    messages = trajectory(lengths)
    expected = reference.truncation_ratio(messages, tokens_in_frame, limit)
    known = facts_of(replace(rollout(), messages=tuple(messages), tools=()), limit)
    assert known.kept_share == (expected or 0.0)


@settings(max_examples=20)
@given(st.lists(LENGTHS, min_size=1, max_size=8))
def test_order_and_cut_by_the_ratio(many: list[list[int]]) -> None:
    """Ties stay in the order of the plan, where the reference shuffles them."""
    limit, recipe = 9000, Recipe(context_tokens=9000)
    ratios, ours = [], []
    for number, lengths in enumerate(many):
        messages = trajectory(lengths)
        ratio = reference.truncation_ratio(messages, tokens_in_frame, limit)
        ratios += [(ratio, number)] if ratio is not None else []
        known = facts_of(replace(rollout(), messages=tuple(messages), tools=()), limit)
        why = reason(Case(rollout(), replace(known, tool_output_tokens=0), verdict="yes"), recipe, FIRST)
        ours += [(known.kept_share, number)] if why is None else []
    in_order = [number for _, number in sorted(ours, key=lambda one: -one[0])]
    assert in_order == reference.scale_tokens(ratios, recipe.min_kept_share)
