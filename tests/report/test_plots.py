"""The plots: inside their frames, true to the numbers, and in no colour but the page's own."""

import dataclasses
import itertools
import re
import subprocess
import sys
from importlib import resources
from xml.etree import ElementTree

import pytest

from pipeline.decide import judge, trace
from pipeline.report.ahead import Ahead, ahead
from pipeline.report.months import Month, months
from pipeline.report.parts import by_kind, by_language
from pipeline.report.plots import difference as differences
from pipeline.report.plots import plots
from pipeline.report.plots.cost import NARROW, WIDE, cost
from pipeline.report.plots.course import renewal, runs, span
from pipeline.report.plots.difference import difference
from pipeline.report.plots.failures import failures
from pipeline.report.plots.ink import INK, variable
from pipeline.report.plots.monthly import monthly
from pipeline.report.plots.payback import payback
from pipeline.report.plots.sheet import Paper
from pipeline.report.view import pull_views, role_views
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation
from tests.decide.rows import duel, duels
from tests.report.stories import story

SVG = "{http://www.w3.org/2000/svg}"
PAPERS = [differences.WIDE, differences.NARROW]


def all_of(rows: list[Evaluation]) -> dict[str, list[str]]:
    verdict, lines = judge(rows), list(trace(rows))
    return plots(
        verdict,
        lines,
        forecast=ahead(verdict, lines, rows),
        roles=role_views(pull_views(rows)),
        kinds=by_kind(rows, DecideConfig(), None),
        languages=by_language(rows, DecideConfig(), None),
        months=months(rows, lines),
    )


@pytest.fixture(scope="module")
def sixty() -> dict[str, list[str]]:
    return all_of(story(60))


def paths(svg: str, ink: str, part: str = "stroke") -> list[list[tuple[float, float]]]:
    """The points of every path in that ink."""
    found = []
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        if f"{part}:var(--{ink})" in path.attrib["style"].split(";"):
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.attrib["d"])]
            found.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return found


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", block))


def test_every_ink_is_a_colour_of_the_page_in_light_and_in_dark() -> None:
    css = resources.files("pipeline.report").joinpath("templates/page.css").read_text("utf-8")
    light, dark = (colours(block) for block in re.findall(r":root \{(.*?)\}", css, re.S))
    assert {name: light[name] for name in INK} == INK
    assert INK.keys() <= dark.keys() and all(dark[name] != light[name] for name in INK)


def test_every_colour_in_the_svg_is_one_of_ours(sixty: dict[str, list[str]]) -> None:
    drawn = [svg for svgs in sixty.values() for svg in svgs]
    assert len(drawn) == 7
    for svg in drawn:
        used = re.findall(r"(?:fill|stroke|color):([^;\"]+)", svg)
        assert used and {colour.removeprefix("var(--").removesuffix(")") for colour in used} <= INK.keys()
        tags = "".join(re.findall(r"<[^>]+>", svg)).replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"#[0-9a-fA-F]{3}|rgb|<style|font-family|://|xlink", tags)


def test_another_colour_is_refused() -> None:
    assert variable((0x1F / 255, 0x5F / 255, 0xBF / 255, 1.0)) == "var(--own)"
    with pytest.raises(KeyError):
        variable((1.0, 0.0, 0.0, 1.0))


def test_text_is_text_and_every_figure_says_what_it_shows(sixty: dict[str, list[str]]) -> None:
    ids: list[str] = []
    for svg in (svg for svgs in sixty.values() for svg in svgs):
        root = ElementTree.fromstring(svg)
        assert len(texts(svg)) > 5 and root.attrib["role"] == "img"
        assert [bool((child.text or "").strip()) for child in root[:2]] == [True, True]
        assert root.attrib["aria-labelledby"].split() == [child.attrib["id"] for child in root[:2]]
        ids += [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids)), "several figures stand in one page"


def test_the_same_input_gives_the_same_bytes(sixty: dict[str, list[str]]) -> None:
    assert all_of(story(60)) == sixty


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("pulls", [1, 6, 60])
def test_what_leaves_the_frame_is_cut_at_it(pulls: int, paper: Paper) -> None:
    svg = difference(runs(list(trace(story(pulls)))), None, paper, "d")
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.attrib["d"])]
        inside = all(paper.left - 9 <= x <= paper.width - paper.right + 9 for x in numbers[::2])
        inside &= all(paper.top - 9 <= y <= paper.height - paper.bottom + 9 for y in numbers[1::2])
        assert inside or path.attrib.get("clip-path") == "url(#d-c0)"


def test_each_epoch_is_its_own_line() -> None:
    course = runs(list(trace(story(60))))
    assert [run.start for run in course] == [1, 21] and span(course) == 60
    svg = difference(course, None, differences.WIDE, "d")
    means = [points for points in paths(svg, "own") if len(points) > 5]
    assert [len(points) for points in means] == [20, 40]
    assert "new: 5be07712" in texts(svg)
    assert len(paths(svg, "band", "fill")) == 2


def test_a_higher_mean_is_drawn_higher() -> None:
    svg = difference(runs(list(trace(duels([0.2, 0.2, 0.2, -0.9, -0.9])))), None, differences.WIDE, "d")
    heights = [y for _, y in max(paths(svg, "own"), key=len)]
    assert heights[0] == heights[2] < heights[3] < heights[4]


def test_the_place_of_the_proof() -> None:
    lines = list(trace(duels([0.0] * 130)))
    n = lines[-1]["latched"]["noninferior"]["n"]
    svg = difference(runs(lines), None, differences.WIDE, "d")
    assert f"shown after {n} PRs" in texts(svg) and len(paths(svg, "good")) == 1
    across = differences.WIDE.width - differences.WIDE.left - differences.WIDE.right
    assert paths(svg, "good")[0][0][0] == pytest.approx(differences.WIDE.left + across * (n - 0.5) / 130, abs=0.1)
    before = difference(runs(lines[:50]), None, differences.WIDE, "d")
    assert not paths(before, "good")
    behind = difference(runs(list(trace(duels([-0.6] * 40)))), None, differences.WIDE, "d")
    assert any(text.startswith("shown to be behind after") for text in texts(behind)) and len(paths(behind, "bad")) == 1


@pytest.mark.parametrize(("latest", "arrow"), [(60, False), (None, True)])
def test_the_forecast_is_dashed_ends_at_the_margin_and_says_what_it_is(latest: int | None, arrow: bool) -> None:
    course = runs(list(trace(duels([0.4, -0.4] * 30))))
    forecast = Ahead(40, 25, latest, "2027-01-02", None, None)
    svg = difference(course, forecast, differences.WIDE, "d")
    assert "forecast, not a promise: about 40 more PRs, 2027-01-02" in texts(svg)
    assert "Forecast, not a promise: about 40 more" in svg.split("</desc>")[0]
    ahead_of = [p for p in paths(svg, "own") if len(p) > 30 and p[0][0] > 400]
    margin = paths(svg, "margin-line")[0][0][1]
    met = min(ahead_of[-1], key=lambda point: abs(point[1] - margin))
    solid = next(path for path in paths(svg, "own") if len(path) == 2 and path[0][1] == path[1][1] == margin)
    assert solid[0][0] < met[0] < solid[1][0], "the edge meets the margin inside the range"
    assert (len(paths(svg, "own", "fill")) == 1) is arrow, "a range that does not end here ends in an arrow"


def test_nothing_to_draw() -> None:
    nothing = all_of([])
    assert set(nothing) == {"difference", "cost", "failures", "kinds", "languages", "months", "payback"}
    assert not any(nothing.values())
    void = all_of(duel(1, 1.0, 0.0, own_exit="error"))
    assert not void["difference"] and not void["cost"] and len(void["failures"]) == 1


def test_without_costs_there_is_no_cost_line_and_no_saving() -> None:
    drawn = all_of(duels([0.1] * 5, cost_usd=None))
    assert drawn["difference"] and not drawn["cost"] and not drawn["months"]


def test_a_long_history_is_thinned_but_keeps_its_end() -> None:
    course = runs(list(trace(duels([0.1, -0.1] * 900))))
    svg = difference(course, None, differences.WIDE, "d")
    mean = max(paths(svg, "own"), key=len)
    assert len(mean) < 800 and mean[-1][0] == pytest.approx(differences.WIDE.width - differences.WIDE.right, abs=1)
    assert "circle" not in svg and len(svg) < 40_000


def test_a_point_tells_its_pull_request_where_one_can_point() -> None:
    course = runs(list(trace(duels([0.2, -0.1]))))
    wide, narrow = (difference(course, None, paper, "d") for paper in PAPERS)
    assert "PR #1: own 0.20, frontier 0.00; mean so far +20 (" in wide and wide.count("<circle") == 2
    assert "<circle" not in narrow


def test_the_costs_stand_at_their_lines() -> None:
    course = runs(list(trace([*duel(1, 0.5, 1.0), *duel(2, 0.5, 1.0)])))
    wide, narrow = (cost(course, paper, "c") or "" for paper in (WIDE, NARROW))
    assert {"own $0.40", "frontier $2.00"} <= set(texts(wide)) and {"own", "frontier"} <= set(texts(narrow))
    own, frontier = (paths(wide, role)[0][-1][1] for role in ("own", "frontier"))
    assert own > frontier, "dearer is higher"
    assert "stroke-dasharray" in wide.split("var(--frontier)")[1].split("/>")[0]


def test_equal_costs_have_labels_apart() -> None:
    svg = cost(runs(list(trace(duel(1, 0.5, 0.5, cost_usd=1.0)))), WIDE, "c") or ""
    places = {t.text: float(t.attrib["y"]) for t in ElementTree.fromstring(svg).iter(f"{SVG}text")}
    assert abs(places["own $2.00"] - places["frontier $2.00"]) >= 16


def test_failures_by_cause_and_role() -> None:
    rows = [*duel(1, 0.0, 1.0, own_exit="time_limit"), *duel(2, 1.0, 1.0), *duel(3, 1.0, 0.0, frontier_exit="no_patch")]
    svg = failures(role_views(pull_views(rows)), "f") or ""
    assert "own: no patch 0.0%, time limit 33.3%; frontier: no patch 33.3%, time limit 0.0%." in svg
    assert texts(svg).count("33") == 2
    assert failures(role_views(pull_views(duels([0.1] * 3))), "f") is None


def test_each_kind_has_its_row_and_route() -> None:
    rows = [*duels([0.8] * 60, title="fix: a"), *duels([-0.2] * 20, 100, title="docs: b")]
    (svg,) = all_of(rows)["kinds"]
    assert {"fix (60)", "docs (20)"} <= set(texts(svg))
    assert texts(svg).count("own") == 1 and texts(svg).count("frontier") == 1
    assert "route own; docs" in svg and "by kind of change" in svg
    assert not all_of(duels([0.8] * 9, title="fix: a"))["kinds"], "one kind is no comparison"


def test_languages_have_rows_and_no_route() -> None:
    rows = [*duels([0.8] * 30, language="Go"), *duels([-0.2] * 20, 100, language="<b>"), *duels([0.1], 200)]
    (svg,) = all_of(rows)["languages"]
    assert {"Go (30)", "<b> (20)"} <= set(texts(svg)) and not {"own", "frontier"} & set(texts(svg))
    assert "<b" not in svg and "by language" in svg
    assert not all_of(duels([0.8] * 9, language="Go"))["languages"]


def test_months_are_bars_with_their_pull_requests() -> None:
    found = [Month("2026-11", 3, 6.0), Month("2026-12", 12, -2.0), Month("2027-01", 1, 1.0)]
    svg = monthly(found, "m") or ""
    assert {"Nov", "Dec", "Jan", "3", "12", "1", "2026 to 2027"} <= set(texts(svg))
    assert len(paths(svg, "own", "fill")) == 2 and len(paths(svg, "bad", "fill")) == 1
    assert monthly([dataclasses.replace(found[0], saving_usd=None)], "m") is None and monthly([], "m") is None


def test_many_months_keep_their_labels_apart() -> None:
    svg = monthly([Month(f"20{y}-{m:02d}", 1000, 1.0) for y in (25, 26) for m in range(1, 10)], "m") or ""
    assert sum(text == "1,000" for text in texts(svg)) == 6 and texts(svg).count("Sep") == 2


@pytest.mark.parametrize("bounds", [(None, None), (80.0, 300.0), (80.0, None)])
def test_the_break_even_is_a_crossing(bounds: tuple[float | None, float | None]) -> None:
    pulls = {"expected": 120.0, "soonest": bounds[0], "latest": bounds[1]}
    money = {"break_even_pulls": pulls, "fixed_usd": 240.0, "break_even_date": {"expected": "2027-03-04"}}
    svg = payback(money, "p") or ""
    assert {"120 PRs", "2027-03-04"} <= set(texts(svg)) and bool(paths(svg, "band", "fill")) is bool(bounds[0])
    assert payback(money | {"break_even_pulls": pulls | {"expected": None}}, "p") is None
    assert payback(money | {"break_even_pulls": None}, "p") is None


def test_only_a_page_that_is_drawn_brings_the_plotting_library() -> None:
    code = "import sys, pipeline.cli, pipeline.verbs.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_names_from_outside_are_shown_as_text() -> None:
    name = "<script>$x$ & \u202e\n"
    rows = [*duels([0.1] * 5), *duels([0.1] * 5, 10, frontier_model=name)]
    course = runs(list(trace(rows)))
    assert renewal(*course) == "<script>$x$ & \N{REPLACEMENT CHARACTER}"
    svg = difference(course, None, differences.WIDE, "d")
    assert "<script" not in svg and "new: <script>$x$ & \N{REPLACEMENT CHARACTER}" in texts(svg)


def test_twenty_versions_have_lines_and_labels_that_stay_apart() -> None:
    rows = [row for v in range(20) for row in duels([0.1, -0.1] * 5, 1 + 10 * v, own_adapter=f"{v:012d}")]
    svg = difference(runs(list(trace(rows))), None, differences.NARROW, "d")
    assert len([p for p in paths(svg, "soft") if p[0][0] == p[1][0]]) == 19
    labels = [t for t in ElementTree.fromstring(svg).iter(f"{SVG}text") if re.match(r"v\d+$", t.text or "")]
    ends = [float(t.attrib["x"]) for t in labels]
    assert len(ends) >= 5 and min(b - a for a, b in itertools.pairwise(ends)) > 18
