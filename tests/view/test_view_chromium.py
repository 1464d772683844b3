"""The page in a real browser: browsed, filtered, searched, narrow and wide, light and dark, hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.view.write import write_page
from tests.scripted.player import repository
from tests.view import browser as chromium
from tests.view.browser import Browser, Tab, browser
from tests.view.making import NASTY, evaluated, generated, nasty

pytestmark = chromium.marks
CODE = {
    "lib/table.py": (
        "def insert(rows, table):\n    out = []\n    for row in rows:\n        out.append((table, row))\n"
        "    return out\n\n\n"
        "def check(size, unit):\n    if size < 0:\n        raise ValueError(size)\n    scaled = size * 12\n"
        "    return scaled, unit\n\n\n"
        'def reset():\n    """Reset."""\n    global state, total\n    state = ""\n    total = 0\n'  # nothing to mend
    ),
    "lib/cart.go": (
        "package cart\n\nfunc Add(cart *Cart, item *Item) {\n"
        "\tcart.items = append(cart.items, item)\n\tcart.count++\n\tcart.sum += item.price\n}\n"
    ),
}


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page([generated(tmp_path_factory.mktemp("made"))]).page


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page([nasty(tmp_path_factory.mktemp("nasty"))]).page


@pytest.fixture
def tab(wire: Browser) -> Iterator[Tab]:
    one = Tab(wire, 1600, 1000)
    yield one
    assert one.complaints() == []
    assert {url.split("#")[0] for url in one.requests()} <= {one.run("location.href.split('#')[0]"), "about:blank"}


def names(tab: Tab) -> list[str]:
    return tab.texts(".row .name")


def shown(tab: Tab, key: str) -> None:
    """Wait until a rollout is unpacked."""
    tab.until(f"document.querySelector('#detail .messages, #detail .notice') && "
              f"document.querySelector('#detail dl').textContent.includes({json.dumps(key)})")  # fmt: skip


def test_a_real_run_is_browsed_by_clicks(tab: Tab, tmp_path: Path) -> None:
    repo, out = repository(tmp_path / "shop", CODE), tmp_path / "out"
    line = f"generate --repo {repo} --out {out} --samples 4 --teacher-model scripted --prompt compact"
    assert run(line.split()) == 0
    rows = [json.loads(text) for text in (out / "rollouts.jsonl").read_text().splitlines()]
    tab.open(write_page([out]).page)
    assert tab.text("#count") == f"{len(rows)} rollouts"
    assert set(names(tab)) == {"insert", "check", "reset", "Add"}
    assert set(counts(tab)) > {"go", "python"} and sum(int(counts(tab)[name]) for name in ("go", "python")) == len(rows)
    tab.click("#filters input[id='which:2']")
    seconds = [row for row in rows if row["rollout"] == 2]
    assert tab.text("#count") == f"{len(seconds)} of {len(rows)} rollouts"
    tab.click("#filters input[id='outcome:kept']")
    tab.click(".row")
    key = tab.run("decodeURIComponent(location.hash.slice(1).split('&')[0])")
    shown(tab, key)
    (row,) = (row for row in rows if row["id"] == key)
    assert len(tab.texts(".message")) == len(row["messages"])
    assert len(tab.texts(".side")) == 2 and tab.texts(".line.matched")
    assert any("COMPLETE_TASK_AND_SUBMIT" in text for text in tab.texts(".call"))
    assert tab.text(".description")
    tab.click("#filters button.link[type=button]:not([id])")
    assert tab.text("#count") == f"{len(rows)} rollouts"


def counts(tab: Tab) -> dict[str, str]:
    """The numbers beside the filters."""
    return dict(zip(tab.texts("#filters label .name"), tab.texts("#filters label .amount"), strict=True))


def test_counts_beside_the_filters_follow_the_other_filters(tab: Tab, made: Path) -> None:
    tab.open(made)
    before = counts(tab)
    assert (before["kept"], before["not submitted"], before["step limit"], before["network"]) == ("2", "1", "1", "1")
    tab.click("#filters input[id='which:2']")
    after = counts(tab)
    assert (after["kept"], after["no patch"], after["1: the change"]) == ("1", "0", "3")
    tab.click("#filters input[id='outcome:kept']")
    assert tab.text("#count") == "1 of 5 rollouts"
    assert tab.run("location.hash") == "#which=2&outcome=kept"


def test_ranges_search_and_order(tab: Tab, made: Path) -> None:
    tab.open(made, "#recall=0.4..&sort=-recall")
    assert tab.text("#count") == "2 of 5 rollouts"
    tab.open(made, "#q=LIB/B")
    assert names(tab) == ["g", "g"]
    tab.open(made, "#sort=-name")
    assert names(tab) == ["g", "g", "f", "f", "f"]
    tab.open(made, "#q=nothing+of+the+kind")
    assert tab.text(".empty") == "No rollout passes these filters."


def test_the_messages_are_searched_and_what_was_found_is_unfolded(tab: Tab, made: Path) -> None:
    tab.open(made, "#q=line+137&in=messages")
    tab.until("document.getElementById('count').textContent === '1 of 5 rollouts'")
    tab.click(".row")
    shown(tab, "t.2.0")
    assert "line 137" in tab.text(".role-tool .content")
    assert tab.run("CSS.highlights.get('hit').size") == 1


def test_the_keyboard_alone_is_enough(tab: Tab, made: Path) -> None:
    tab.open(made)
    for key in "jj":
        tab.key(key)
    shown(tab, "t.1.1")
    tab.key("k")
    shown(tab, "t.1.0")
    tab.key("Enter")
    assert tab.run("document.activeElement.id") == "detail"
    tab.key("Escape")
    assert tab.run("[document.activeElement.id, location.hash]") == ["list", ""]
    tab.key("ArrowDown")
    shown(tab, "t.1.0")
    assert tab.run("document.querySelector('[aria-selected=true]').id") == tab.run(
        "document.getElementById('list').getAttribute('aria-activedescendant')"
    )
    tab.key("/")
    tab.type("b.go")
    assert names(tab) == ["g", "g"]
    tab.key("Enter")
    shown(tab, "u.1.0")


def test_a_link_opens_a_rollout_with_all_that_is_known_of_it(tab: Tab, made: Path) -> None:
    tab.open(made, "#t.2.0")
    shown(tab, "t.2.0")
    assert tab.texts(".story button") == ["Rollout 1 no patch", "Rollout 1, try 2 kept", "Rollout 2 kept recall 0.50"]
    assert tab.texts(".story .between") == ["self-check: yes"]
    assert tab.text(".legend").startswith("= in both: 1 of the 2 lines of rollout 1 that count")
    assert tab.texts(".message.malformed h4") == ["Step 1"] and tab.text(".thought") == "They want a call."
    assert tab.text(".unfold") == "Show all: 200 lines, 1,690 characters"
    tab.click(".unfold")
    assert "line 199" in tab.text(".role-tool pre")
    tab.click(".story button")
    shown(tab, "t.1.0")
    tab.run("location.hash = '#u.2.0'")
    shown(tab, "u.2.0")
    assert tab.texts("#detail .message .tag.bad") == ["network"] and tab.text(".why") == "step_limit"
    tab.run("location.hash = '#nobody'")
    tab.until("document.querySelector('#detail .empty')")
    assert tab.text("#detail") == "No rollout nobody in this page."


def test_own_base_and_frontier_stand_side_by_side(tab: Tab, tmp_path: Path) -> None:
    tab.open(write_page([evaluated(tmp_path)]).page, "#base")
    shown(tab, "base")
    assert tab.texts(".side h4") == ["own: 1.00", "base: 0.00 (this one)", "frontier: 0.50"]
    tops = tab.run("[...document.querySelectorAll('.side')].map((side) => side.getBoundingClientRect().top)")
    assert len(set(tops)) == 1


def test_hostile_text_is_shown_and_does_nothing(tab: Tab, hostile: Path) -> None:
    tab.open(hostile)
    for at, text in enumerate(NASTY):
        key = f"{at}.1.0{text[:20]}".encode("utf-8", "replace").decode()
        tab.run(f"location.hash = '#' + encodeURIComponent({json.dumps(key)})")
        tab.until(f"document.querySelectorAll('.message').length === 6 && "
                  f"document.querySelector('#rows [aria-selected=true]')?.id === 'row-{at}'")  # fmt: skip
        for button in range(6):
            tab.run(f"document.querySelectorAll('.message .raw')[{button}].click()")
    assert tab.run("document.title").startswith("Rollouts: ")
    assert tab.run("document.querySelectorAll('img, iframe, a, #detail script, #list script').length") == 0


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        (NASTY[7], ["\\x00", "\\x07", "\\x1b", "\\x1b", "\\x9b"]),
        (NASTY[8], ["\\u202e", "\\u2066", "\\u200b", "\\u200f", "\\ufeff"]),
        (NASTY[9], ["\\ud83d", "\\xff"]),
        (NASTY[10], ["\\u{e0041}", "\\u{e007f}"]),
    ],
)
def test_hidden_characters_are_made_visible(tab: Tab, hostile: Path, text: str, marks: list[str]) -> None:
    key = f"{NASTY.index(text)}.1.0{text[:20]}".encode("utf-8", "replace").decode()
    tab.open(hostile)
    tab.run(f"location.hash = '#' + encodeURIComponent({json.dumps(key)})")
    tab.until("document.querySelectorAll('.message').length === 6")
    for place in (".thought .prose", ".said .prose", ".role-user .prose"):
        assert tab.texts(f"{place} .hidden-character") == marks, place


CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${e.className || e.tagName}: ${e.textContent.slice(0, 20)}`);
  }
  return poor;
})()
"""


@pytest.mark.parametrize("width", [360, 1000, 1600])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_every_window_and_can_be_read_in_the_light_and_in_the_dark(
    wire: Browser, made: Path, hostile: Path, width: int, dark: bool
) -> None:
    tab = Tab(wire, width, 800, dark)
    for page, key in ((made, ""), (made, "#t.2.0"), (made, "#u.2.0"), (hostile, "")):
        tab.open(page, key)
        if key:
            shown(tab, key[1:])
        widths = tab.run("[document.documentElement.scrollWidth, ...['detail', 'list', 'filters'].map((id) => "
                         "document.getElementById(id)).map((e) => e.scrollWidth - e.clientWidth)]")  # fmt: skip
        assert widths == [width, 0, 0, 0]
        assert tab.run(CONTRAST) == []
        assert (tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 27)") == dark
    assert tab.complaints() == []


def test_on_a_phone_a_rollout_takes_the_place_of_the_list(wire: Browser, made: Path) -> None:
    tab = Tab(wire, 360, 700)
    tab.open(made)
    sees = "['#list', '#detail', '#filters'].map((s) => document.querySelector(s).checkVisibility())"
    assert tab.run(sees) == [True, False, False]
    tab.click("#filters-button")
    assert tab.run(sees)[2] is True
    tab.click("#filters .close")
    tab.click(".row")
    shown(tab, "t.1.0")
    assert tab.run(sees) == [False, True, False] and tab.run("document.activeElement.id") == "detail"
    tab.click(".back")
    assert tab.run(sees) == [True, False, False]


def test_only_rows_in_sight_are_elements(tab: Tab, tmp_path: Path) -> None:
    folders = [generated(tmp_path / str(number)) for number in range(60)]
    tab.open(write_page(folders, tmp_path / "all.html").page)
    assert tab.text("#count") == "300 rollouts"
    assert len(names(tab)) < 40
    tab.run("document.getElementById('list').scrollTop = 1e9")
    tab.until("document.getElementById('row-299')")
    assert not tab.run("!!document.getElementById('row-0')")


def test_a_page_that_was_cut_off_says_so(tab: Tab, made: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.html"
    cut.write_text(made.read_text().split('<script type="text/plain" id="r3">')[0] + '<p id="end">')
    tab.open(cut, "#u.2.0")
    tab.until("document.querySelector('#detail .notice')")
    assert tab.text("#detail .notice").startswith("This page was cut off before this rollout")
