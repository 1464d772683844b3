"""The page: complete, self-contained, and deaf to what models write."""

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.decide import judge
from pipeline.report import write_report
from pipeline.report.files import RECORDS
from pipeline.report.formats import duration
from pipeline.report.meaning import GLYPHS, LEFT_OUT, TONES
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation, Rollout, to_json
from tests.decide.rows import duel, duels, row
from tests.report.stories import story


class Seen(HTMLParser):
    """Every element with its attributes, and whether all were closed in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def rendered(tmp_path: Path, rows: list[Evaluation], **options: object) -> str:
    write_report(tmp_path, rows, title="acme/gateway", **options)  # type: ignore[arg-type]
    return (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> str:
    return rendered(tmp_path_factory.mktemp("sixty"), story(60))


def test_it_is_well_formed_and_has_no_script_and_no_foreign_resource(sixty: str) -> None:
    seen = Seen(sixty)
    assert seen.open == []
    tags = {tag for tag, _ in seen.elements}
    assert not tags & {"img", "link", "iframe", "object", "embed", "audio", "video", "form", "base"}
    scripts = [attributes for tag, attributes in seen.elements if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "evaluations"}]
    for _, attributes in seen.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#") or attributes[name] in RECORDS
    style = sixty.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style and "@import" not in style and "default-src 'none'" in sixty


def test_every_link_leads_somewhere_and_every_id_is_used_once(sixty: str) -> None:
    seen = Seen(sixty)
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"] for tag, attributes in seen.elements if tag == "a"} <= {
        *RECORDS,
        *(f"#{name}" for name in ids),
    }


def test_the_records_inside_are_exactly_the_evaluations(sixty: str) -> None:
    block = re.search(r'<script type="application/json" id="evaluations">(.*?)</script>', sixty, re.S)
    assert block is not None
    expected = [{k: v for k, v in to_json(r).items() if k != "patch"} for r in story(60)]
    assert json.loads(block[1]) == json.loads(json.dumps(expected))


def test_hostile_text_is_shown_and_not_obeyed(sixty: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in sixty
    assert "<script>alert" not in sixty and "<img" not in sixty and "\u202e" not in sixty and "\x1b" not in sixty


def test_it_says_what_an_engineering_leader_asks(sixty: str) -> None:
    words = " ".join(Seen(sixty).text)
    for needed in ("Cost per solved PR", "Mean score", "Promise", "Valid tool calls", "How attempts ended", "Left out"):
        assert needed in words
    assert "epoch 2" in words and "backtest" in words and "time limit" in words


def test_light_dark_and_phone_are_provided_for(sixty: str) -> None:
    assert "prefers-color-scheme: dark" in sixty and "max-width: 760px" in sixty and 'name="viewport"' in sixty


def test_the_stand_in_is_labelled_wherever_its_results_are(tmp_path: Path) -> None:
    page = rendered(tmp_path, story(6, scripted=True))
    assert "Scripted stand-in: the results of own and frontier" in page
    assert page.count('<span class="tag warn">scripted</span>') >= 12
    assert "Scripted stand-in" not in rendered(tmp_path, story(6))


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([], "training"),
        (duels([0.1]), "collecting"),
        (duels([0.0] * 40), "close"),
        (duels([0.6] * 40), "ready"),
        (duels([-0.6] * 40), "behind"),
        ([*duels([1.0] * 25), *duels([0.0], 26, frontier_model="larger")], "drifted"),
        (duels([0.1] * 5, cost_usd=None), "collecting"),
        (duel(1, 1.0, 0.0, own_exit="error"), "collecting"),
        ([row(1, "own", 1.0)], "collecting"),
        (duels([-1.0] * 3), "collecting"),
    ],
)
def test_every_state_renders(tmp_path: Path, rows: list[Evaluation], word: str) -> None:
    page = rendered(tmp_path, rows)
    assert Seen(page).open == [] and f"</span>{word}</p>" in page
    assert "None" not in page.split("<script")[0] and "nan" not in page.lower().split("<script")[0]


def test_a_value_per_solved_pull_is_shown_in_dollars(tmp_path: Path) -> None:
    page = rendered(tmp_path, duels([0.0] * 40), settings=DecideConfig(value_of_solved_pull_usd=40.0))
    assert "Net gain per PR" in page and "$40.00 per solved PR" in page


def test_long_patches_and_long_histories_are_cut_and_said(tmp_path: Path) -> None:
    rows = [dataclasses.replace(r, patch="+x\n" * 500) for r in duels([0.1] * 310)]
    page = rendered(tmp_path, rows)
    assert "300 more lines are not shown." in page and "300 of 310 evaluated pull requests" in page


def test_rollouts_lend_patches_and_steps(tmp_path: Path) -> None:
    rows = duel(1, 1.0, 0.0, own_rollout_id="r1")
    rollout = Rollout("r1", "o/n#1", "own", "m", 0, 0, (), (), "+lent\n", "submitted", 7, 1, 1, 0, 1.0, None)
    page = rendered(tmp_path, rows, rollouts=[rollout])
    assert "+lent" in page and "7 steps" in page


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    assert rendered(tmp_path / "a", story(20)) == rendered(tmp_path / "b", story(20))


def test_words_exist_for_every_state_and_reason() -> None:
    states = {"training", "collecting", "close", "behind", "ready", "switched", "drifted"}
    assert set(TONES) == set(GLYPHS) == states
    assert len(set(GLYPHS.values())) == len(states), "no state is told by colour alone"
    assert set(LEFT_OUT) == {"void", "unpaired", "other_measure"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.31, "0.3 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (252, "4 min 12 s"), (3900, "1 h 05 min")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def contrast(one: str, two: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_has_enough_contrast_in_both_schemes(sixty: str, scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", sixty, re.S)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    for ink in ("ink", "soft", "own", "frontier", "base", "good", "bad", "wait", "calm"):
        assert contrast(colours[ink], colours["card"]) >= 4.5, ink
        assert contrast(colours[ink], colours["bg"]) >= 4.5, ink
    for tone in ("good", "bad", "wait", "calm"):
        assert contrast(colours[tone], colours[f"{tone}-bg"]) >= 4.5, tone


def test_the_history_is_that_of_the_record(tmp_path: Path) -> None:
    page = rendered(tmp_path, duels([0.6] * 40))
    changes = json.loads((tmp_path / "transition.json").read_text())["changes"]
    block = page.split('<ol class="history"')[1].split("</ol>")[0]
    times = re.findall(r'datetime="([^"]*)"', block)
    assert len(changes) > 1 and times == [change["at"] for change in reversed(changes)], "newest first"
    for change in changes:
        assert f"</span> {change['state']}</span>" in block and change["reasons"][0].split(": ", 1)[1] in block


def test_versions_with_what_is_known_of_them(tmp_path: Path) -> None:
    rows = [*duels([-0.9] * 5, own_adapter="aaa"), *duels([0.1] * 5, 10, own_adapter="bbb")]
    page = rendered(tmp_path, rows, trained_until={"bbb": "2026-01-02T03:04:05Z"})
    first, second = page.split('<table class="versions">')[1].split("</table>")[0].split("<tr>")[:1:-1]
    assert "aaa" in first and "not known" in first and "2.5%" in first
    last = judge(rows)
    assert "bbb" in second and "2026-01-02" in second and last["wealth"] < 0.6
    assert f">{100 * last['alpha']:.3g}%<" in second and f">{last['wealth']:.3g}<" in second


def test_it_leads_to_the_records_beside_it(tmp_path: Path) -> None:
    page = rendered(tmp_path, duels([0.1]))
    for name in RECORDS:
        assert f'<a href="{name}">' in page and (tmp_path / name).exists()


def test_what_lies_ahead_is_said_and_never_promised(tmp_path: Path) -> None:
    early = rendered(tmp_path, duels([0.1] * 5))
    assert "ties alone would take 110 PRs" in early and "≥ 110 PRs" in early and 'class="key ahead"' not in early
    close = rendered(tmp_path, duels([0.5, -0.4] * 15))
    assert "Forecast, not a promise:</b> about" in close and "a forecast, not a promise" in close


def test_routes_by_kind(tmp_path: Path) -> None:
    rows = [*duels([0.8] * 60, title="fix: a"), *duels([-0.2] * 20, 100, title="docs: b")]
    page = rendered(tmp_path, rows)
    assert "Own is proven on fix; the others stay with frontier." in page
    assert "By kind of change" not in rendered(tmp_path, duels([0.8] * 60, title="fix: a"))
    assert "By kind of change" in page and '<span class="tag good">own</span>' in page


def test_a_flag_on_evidence_that_has_turned_says_so(tmp_path: Path) -> None:
    rows = [*duels([0.3, -0.1] * 60), *duels([-0.4] * 70, 121)]
    page = rendered(tmp_path, rows)
    assert "It has turned since: the mean over all 190 pull requests" in page
    assert "It has turned since" in (tmp_path / "report.md").read_text()
    assert "It has turned since" not in rendered(tmp_path, rows[:240])


def test_a_saving_that_is_not_shown_is_marked_beside_the_number(tmp_path: Path) -> None:
    tile = "<p>not yet shown to be above 0<br>"
    assert tile in rendered(tmp_path, duels([0.2] * 3)) and tile not in rendered(tmp_path, duels([0.2] * 60))
