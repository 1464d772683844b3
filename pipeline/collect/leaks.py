"""Take the answer out of a task's text. Pure.

Removed: diffs, code lines that the human patch adds, links to commits and pull requests, shas,
sections that describe the solution, closing keywords and commit trailers, HTML comments and
template check lists. What remains is what a person would have known before the change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

LEAST_CODE = 12
"""Characters, white space aside, from which a line of code is taken for the answer: shorter ones are everywhere."""

_LEADING = " \t\r\f\v>+-"
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(?:>\s?)*(?P<mark>`{3,}|~{3,})\s*(?P<language>[\w.+-]*)")
_DIFF_LANGUAGES = frozenset({"diff", "patch", "suggestion"})
_DIFF_START = re.compile(
    r"^\s*(?:diff --git |Index: \S|--- (?:a/|/dev/null)|\+\+\+ (?:b/|/dev/null)|@@ -\d+(?:,\d+)? \+\d)"
)
_DIFF_LINE = re.compile(
    r"^\s*(?:[+\-]|@@ |diff --git |index [0-9a-f]{7}|(?:new|deleted) file mode|old mode|new mode|similarity index"
    r"|rename (?:from|to)|Binary files |\\ No newline|={20,}$)|^ \S?|^$"
)
_SOLUTION = (
    r"(?:the |my |our |proposed |possible |suggested |potential )*"
    r"(?:fix(?:es)?|solutions?|changes?|implementation|patch|resolution|workaround)"
    r"(?: (?:proposed|made|summary|details|description))?"
    r"|what(?:'s| is| has| was)? (?:changed|new|done|fixed)|what (?:this|the) (?:pr|pull request|change|patch) does"
    r"|(?:how (?:was|is|did|does) (?:this|it)|how to|test(?:ing|s)?) ?(?:been )?(?:fix(?:ed)?|test(?:ed|ing)?|solved?)?"
    r"|test(?:ing)? (?:plan|done|strategy|instructions)|check ?list|review(?:er)? (?:notes|check ?list)"
    r"|root cause(?: and fix)?|summary of changes|description of changes|approach|changelog|release notes?"
)
_HEADING = re.compile(r"^\s{0,3}(?P<level>#{1,6})\s+(?P<text>.*?)\s*#*\s*$")
_LABEL = re.compile(r"^\s{0,3}(?:\*\*|__)(?P<bold>[^*_]{1,60}?):?(?:\*\*|__):?\s*$|^(?P<plain>[A-Z][\w' ]{1,40}):\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(?:={3,}|-{3,})\s*$")
_IS_SOLUTION = re.compile(rf"^[\W_]*(?:{_SOLUTION})[\W_]*$", re.IGNORECASE)

_REFERENCE = (
    r"(?:(?:[\w.-]+/[\w.-]+)?#\d+|GH-\d+|https?://\S+/(?:issues|pull|pulls|merge_requests|pull-requests)/\d+[^\s),.]*)"
)
_CLOSING = r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|address(?:es)?|implement(?:s|ed)?|part of|refs?|see(?: also)?)"
_CLOSING_LINE = re.compile(
    rf"^[\s*\->]*{_CLOSING}:?\s+(?:(?:issue|bug|pr)s?:?\s+)?{_REFERENCE}(?:\s*(?:,|and|&)?\s*(?:{_CLOSING}\s+)?"
    rf"{_REFERENCE})*[\s.!]*$",
    re.IGNORECASE,
)
_CLOSING_INLINE = re.compile(
    rf"\s*\(?\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:issue\s+)?{_REFERENCE}\)?", re.IGNORECASE
)
_TRAILER = re.compile(
    r"^\s*(?:(?:co-authored|signed-off|reviewed|acked|tested|reported|approved|suggested|helped|merged)-by"
    r"|change-id|git-svn-id|differential revision|pull request resolved|piperorigin-revid|pr-url|pr-close"
    r"|see merge request|cherry[ -]picked from|backport of|reviewers?|auto-submit)\b\s*:?.*$"
    r"|^\s*\(cherry picked from commit [0-9a-f]+\)\s*$"
    r"|^\s*Merge (?:pull request|branch|remote-tracking|branches)\b.*$|^\s*Merged in \S+ \(pull request.*$"
    r"|^\s*Conflicts:\s*$",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"^\W*(?:(?:proposed|suggested|possible|potential) (?:fix|solution|change|patch)|(?:the |my )?solution)"
    r"\s*(?:is)?:\s",
    re.IGNORECASE,
)
_TICK = re.compile(r"^\s*[-*]\s*\[[ xX]\]\s")
_URL = re.compile(
    r"\[(?P<label>[^\]\n]*)\]\((?P<in>https?://[^\s)]+)\)|<?(?P<bare>https?://[^\s<>)\]]+)>?",
)
_ANSWER_URL = re.compile(
    r"/(?:commits?|pull|pulls|compare|merge_requests|pull-requests|blob/[0-9a-f]{7,40}|patch-diff)(?:/|\b)|\.(?:diff|patch)$"
)
_SHA = re.compile(
    r"\b(?:[\w.-]+/[\w.-]+@)?(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{40}\b|(?<=commit )[0-9a-f]{7,40}\b"
)
_OWN_NUMBER = re.compile(r"\s*\((?:pull request )?#\d+\)\s*$", re.MULTILINE)
_INLINE_CODE = re.compile(r"`([^`\n]+)`")
_BLANKS = re.compile(r"\n{3,}")


def answer_of(added: Iterable[str], removed: Iterable[str]) -> frozenset[str]:
    """What a text must not say: the lines that a patch's source part adds, as ``without_answer`` compares them.

    A line that the patch also removes only moved, and was there before. Short lines and single
    words are everywhere and give nothing away.
    """
    return _normal_lines(added) - _normal_lines(removed)


def without_answer(text: str, answer: frozenset[str] = frozenset()) -> str:
    """``text`` without what gives the solution away, stripped. Cleaning twice changes nothing more."""
    before = None
    while text != before:  # to a fixed point: what closes up may make a new line that must go
        before, text = text, _pass(text, answer)
    return text


def _pass(text: str, answer: frozenset[str]) -> str:
    text = _COMMENT.sub("", text.replace("\r\n", "\n"))
    lines = text.split("\n")
    for step in (_without_diffs, _without_solutions):
        lines = list(step(lines))
    kept = [line for line in lines if not _is_noise(line) and _normal(line) not in answer]
    text = "\n".join(_inline(line, answer) for line in _without_empty_fences(kept))
    return _BLANKS.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def _normal(line: str) -> str:
    """A line of code as far as it can be compared: no quote marks, diff signs or white space."""
    return "".join(line.lstrip(_LEADING).split())


def _normal_lines(lines: Iterable[str]) -> frozenset[str]:
    normal = (_normal(line) for line in lines if len(line) >= LEAST_CODE)
    return frozenset(line for line in normal if len(line) >= LEAST_CODE and not line.isalnum())


def _without_diffs(lines: list[str]) -> Iterator[str]:
    for block, fenced in _blocks(lines):
        if not fenced:
            yield from _without_bare_diffs(block)
        elif not _is_diff(block):
            yield from block


def _blocks(lines: list[str]) -> Iterator[tuple[list[str], bool]]:
    """Runs of lines with whether they are a fenced block, its fences included."""
    block: list[str] = []
    mark = ""
    for line in lines:
        fence = _FENCE.match(line)
        if not mark and fence:
            yield block, False
            block, mark = [line], fence["mark"]
        elif mark and fence and fence["mark"].startswith(mark) and not fence["language"]:
            yield [*block, line], True
            block, mark = [], ""
        else:
            block.append(line)
    yield block, bool(mark)


def _is_diff(block: list[str]) -> bool:
    fence = _FENCE.match(block[0])
    if fence and fence["language"].lower() in _DIFF_LANGUAGES:
        return True
    inside = [line for line in block[1:] if line.strip() and not _FENCE.match(line)]
    if any(_DIFF_START.match(line) for line in inside):
        return True
    signed = [line for line in inside if re.match(r"[+-](?![+-])", line)]
    return len(signed) >= 2 and any(s[0] == "+" for s in signed) and any(s[0] == "-" for s in signed)


def _without_bare_diffs(lines: list[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        inside = bool(_DIFF_START.match(line)) or (inside and bool(_DIFF_LINE.match(line)))
        if not inside:
            yield line


def _without_solutions(lines: list[str]) -> Iterator[str]:
    """Drop sections whose heading announces the solution, up to the next heading of their rank."""
    dropping = 0
    fenced = False
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        rank, title = (0, "") if fenced else _heading(line, following)
        fenced ^= bool(_FENCE.match(line))
        if rank and (not dropping or rank <= dropping):
            dropping = rank if _IS_SOLUTION.match(title) else 0
        if not dropping:
            yield line


def _heading(line: str, following: str) -> tuple[int, str]:
    """Rank (1 to 6 by Markdown; 7 for a bold or plain label on its own line) and text; (0, "") otherwise."""
    found = _HEADING.match(line)
    if found:
        return len(found["level"]), found["text"]
    if _UNDERLINE.match(following) and line.strip() and len(line) <= 60:
        return (1 if "=" in following else 2), line
    label = _LABEL.match(line)
    return (7, label["bold"] or label["plain"]) if label else (0, "")


def _is_noise(line: str) -> bool:
    return bool(_CLOSING_LINE.match(line) or _TRAILER.match(line) or _TOLD.match(line) or _TICK.match(line))


def _without_empty_fences(lines: list[str]) -> Iterator[str]:
    for block, fenced in _blocks(lines):
        if not fenced or any(line.strip() and not _FENCE.match(line) for line in block):
            yield from block


def _inline(line: str, answer: frozenset[str]) -> str:
    line = _URL.sub(_visible, line)
    line = _CLOSING_INLINE.sub("", line)
    line = _SHA.sub("", line)
    line = _OWN_NUMBER.sub("", line)
    return _INLINE_CODE.sub(_hide(answer), line)


def _visible(found: re.Match[str]) -> str:
    url = found["in"] or found["bare"]
    if _ANSWER_URL.search(re.sub(r"^https?://[^/]+", "", url)):
        return found["label"] if found["label"] and "://" not in found["label"] else ""
    return found[0]


def _hide(answer: frozenset[str]) -> Callable[[re.Match[str]], str]:
    """Inline code that is an added line, or most of one, goes: "use `x.strip() or None`" is the fix itself."""

    def hide(found: re.Match[str]) -> str:
        code = _normal(found[1])
        if len(code) < LEAST_CODE or re.fullmatch(r"[\w.:/-]+(?:\(\))?", code):
            return found[0]  # a name, a path: an agent may know it
        return "" if any(code in line for line in answer) else found[0]

    return hide
