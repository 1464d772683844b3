"""The page as a file: one script, one style, a policy for both, and nothing that others wrote outside of its data."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.view.index import COLUMNS
from pipeline.view.page import Block, page
from pipeline.view.unpack import texts
from pipeline.view.write import write_page
from tests.view.making import NASTY, generated, lines, nasty, rollout

INDEX = {"columns": COLUMNS, "rows": [], "sources": [], "repos": [], "found": 0}


class Parsed(HTMLParser):
    """The elements of a page, in order, with their attributes and the text right in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], str]] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), ""))
        self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            tag, attributes, text = self.elements[-1]
            self.elements[-1] = tag, attributes, text + data

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, text) for name, attributes, text in self.elements if name == tag]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page([nasty(tmp_path_factory.mktemp("nasty"))]).page


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(hostile: Path) -> None:
    parsed = Parsed(hostile.read_text())
    (policy,) = [a["content"] for a, _ in parsed.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    ((_, style),) = parsed.all("style")
    (script,) = [text for attributes, text in parsed.all("script") if "type" not in attributes]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_no_attribute_runs_styles_or_loads_anything(hostile: Path) -> None:
    for tag, attributes, _ in Parsed(hostile.read_text()).elements:
        assert tag not in ("img", "iframe", "link", "object", "base", "form", "a"), tag
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "href", "style", "srcdoc")]


def test_the_data_has_no_character_that_could_end_it(hostile: Path) -> None:
    data = [text for attributes, text in Parsed(hostile.read_text()).all("script") if attributes.get("id") == "index"]
    assert not set("<>&\u2028") & set(data[0])
    assert {row[COLUMNS.index("key")] for row in json.loads(data[0])["rows"]} == {
        f"{at}.1.0{text[:20]}".encode("utf-8", "replace").decode() for at, text in enumerate(NASTY)
    }


def test_blocks_are_base64_and_what_they_hold_is_nowhere_else(hostile: Path) -> None:
    blocks = {a["id"]: text for a, text in Parsed(hostile.read_text()).all("script") if a.get("type") == "text/plain"}
    rollouts = len(NASTY)
    names = ["head", *(f"{kind}{n}" for n in range(rollouts) for kind in "tr"), "end"]
    assert list(blocks) == names
    assert all(re.fullmatch(r"(\d+ )?[A-Za-z0-9+/=]*\s*", text) for text in blocks.values())


def test_a_hostile_name_of_a_folder_stays_a_name(tmp_path: Path) -> None:
    folder = generated(tmp_path / "<script>x\x1b\u202e&")
    text = write_page([folder]).page.read_text()
    assert "<title>Rollouts: o/n · &lt;script&gt;x\ufffd\ufffd&amp;</title>" in text


def test_blocks_are_taken_one_at_a_time() -> None:
    taken: list[int] = []

    def blocks() -> Iterator[Block]:
        for number in range(1000):
            taken.append(number)
            yield f"r{number}", "AAAA"

    pieces = page("t", INDEX, blocks())
    assert 'id="r0"' not in next(pieces) and not taken
    for piece in pieces:
        if piece == "r2":
            break
    assert len(taken) < 5


@pytest.mark.parametrize(("given", "made"), [("out", "out/view.html"), ("out/rollouts.jsonl", "out/rollouts.html")])
def test_the_page_lies_beside_what_it_shows(tmp_path: Path, given: str, made: str) -> None:
    generated(tmp_path / "out")
    written = write_page([tmp_path / given])
    assert written.page == tmp_path / made
    assert written.bytes == written.page.stat().st_size and (written.rollouts, written.found) == (5, 5)
    assert not list(tmp_path.rglob("*.part"))


def test_the_same_input_makes_the_same_page(tmp_path: Path) -> None:
    folder = generated(tmp_path / "out")
    pages = [write_page([folder], tmp_path / name).page.read_bytes() for name in ("a.html", "b.html")]
    assert pages[0] == pages[1]


def test_a_file_without_rollouts_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no rollout yet"):
        write_page([lines(tmp_path / "rollouts.jsonl", [])])


def test_an_old_page_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    path = lines(tmp_path / "r.jsonl", [rollout()])
    out = write_page([path]).page
    before = out.read_bytes()
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(InputError):
        write_page([path])
    assert out.read_bytes() == before


def test_a_limit_is_told(tmp_path: Path) -> None:
    written = write_page([generated(tmp_path)], limit=2)
    assert (written.rollouts, written.found) == (2, 5)
    assert '"found":5' in written.page.read_text()


def test_what_the_blocks_hold_can_be_found_again(tmp_path: Path) -> None:
    found = list(texts(write_page([generated(tmp_path)]).page.read_bytes()))
    assert len(found) == 1 + 2 + 5
    assert any(b"curl https://example.org/fix" in text for text in found[1:])
    assert list(texts(b'<script type="text/plain" id="r0">AAAA</script>')) == []
