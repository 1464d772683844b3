"""Functions of the reference (github.com/allenai/SERA at 1ca8673, Apache-2.0), to hold ours against.

Copyright its authors; licensed under the Apache License, Version 2.0
(http://www.apache.org/licenses/LICENSE-2.0). Statement for statement as there
(sera/datagen/data/eval/eval.py, sera/datagen/data/filter.py, sera/datagen/train/filter_dataset_hf.py,
sera/datagen/data/scale.py), changed only in this: types and names of arguments, files are values, a
tokenizer is a function from text to a count, progress bars and messages are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Count = Callable[[str], float]

PATCH_EDIT_MAX = 40
TOOL_CALL_TOKEN_MAX = 600


def compare_patch_recall(target_patch: str, produced_patch: str, threshold: float) -> bool | None:  # noqa: C901
    target_patch_changes = []
    for line in target_patch.splitlines():
        if line.startswith(("diff", "---", "+++", "@@")):
            continue
        if line.startswith("+") or line.startswith("-"):  # noqa: PIE810
            if line[1:].strip() == "":
                continue
            target_patch_changes.append(line)
    produced_patch_changes = []
    for line in produced_patch.splitlines():
        if line.startswith(("diff", "---", "+++", "@@")):
            continue
        if line.startswith("+") or line.startswith("-"):  # noqa: PIE810
            if line[1:].strip() == "":
                continue
            produced_patch_changes.append(line)
    match_count = 0
    for line in target_patch_changes:
        if line in produced_patch_changes:
            match_count += 1
            produced_patch_changes.remove(line)
    if len(target_patch_changes) == 0:
        return None
    return (match_count / len(target_patch_changes)) >= threshold


def analyze_diff(patch_text: str) -> tuple[int, int]:
    added = 0
    deleted = 0
    for line in patch_text.splitlines():
        if line.startswith("+++") or line.startswith("---") or line.startswith("diff --git") or line.startswith("@@"):  # noqa: PIE810
            continue
        if line.startswith("+") and not line.startswith("+++"):
            added += 1
        if line.startswith("-") and not line.startswith("---"):
            deleted += 1
    return added, deleted


def is_long_edit(patch: str) -> bool:
    """``long_edit`` of main(): whether the instance is removed; an empty patch is not."""
    if not patch:
        return False
    added, deleted = analyze_diff(patch)
    return added + deleted > PATCH_EDIT_MAX


def user_length(messages: Sequence[dict[str, Any]], count_tokens: Count) -> float:
    """``user_length`` of main(): the mean that is held against TOOL_CALL_TOKEN_MAX.

    As shipped it raises TypeError: count_tokens is called without its tokenizer (defect 4).
    """
    target_prefix = "OBSERVATION:\nThank you for your work on this issue."
    cur_lengths = 0.0
    for msg in messages:
        if msg["role"] == "user":
            if target_prefix in msg["content"]:
                break
            cur_lengths += count_tokens(msg["content"])
    return cur_lengths / (len(messages) // 2)


def check_seq_length(messages: Sequence[dict[str, Any]], encode: Count, limit: int) -> bool | int:
    total_tokens = 0.0
    for i, message in enumerate(messages):
        templated = f"<|im_start|>{message['role']}\n" + message["content"] + "<|im_end|>\n"
        total_tokens += encode(templated)
        if total_tokens >= limit:
            return i
    return True


def truncate_messages(messages: Sequence[dict[str, Any]], truncate_idx: int) -> Sequence[dict[str, Any]] | None:
    last_assistant_message = -1
    for i, message in enumerate(messages):
        if truncate_idx == i:
            if last_assistant_message < 0:
                return None
            return messages[: last_assistant_message + 1]
        if message["role"] == "assistant":
            last_assistant_message = i
    return None


def truncation_ratio(messages: Sequence[dict[str, Any]], encode: Count, limit: int) -> float | None:
    """``filter_messages`` with truncate: share of messages kept; None where the sample is dropped."""
    valid_seq_length = check_seq_length(messages, encode, limit)
    if not isinstance(valid_seq_length, bool):
        kept = truncate_messages(messages, valid_seq_length)
        return len(kept) / len(messages) if kept else None
    return 1


def scale_tokens(ratios: Sequence[tuple[float, Any]], threshold: float) -> list[Any]:
    """``scale_tokens`` after its shuffle of ties: what is kept, in order."""
    sorted_token_to_tuples = sorted(ratios, key=lambda x: x[0], reverse=True)
    return [seq for ratio, seq in sorted_token_to_tuples if ratio >= threshold]
