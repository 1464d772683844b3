"""The page in a real browser: it renders, fits its window, can be read, and asks for nothing."""

import json
import re
import shutil
import struct
import subprocess
import zlib
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from pipeline.decide import Options
from pipeline.report import write_report
from pipeline.types import Evaluation
from tests.decide.rows import duels
from tests.report.stories import story
from tests.report.test_page import contrast

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]

pytestmark = [pytest.mark.chromium, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]


def screenshot(page: Path, width: int, height: int, *more: str) -> tuple[int, int, bytes]:
    """Width, height and RGB or RGBA bytes of the rendered page."""
    assert CHROMIUM is not None
    image = page.with_suffix(f".{width}{len(more)}.png")
    profile = image.with_suffix(".profile")  # one each: a profile stays locked while its last browser shuts down
    size = f"--window-size={width},{height}"
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", size, f"--screenshot={image}", *more, page.as_uri()]
    # Not to a pipe: helpers of the browser may outlive it and would hold the pipe open.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    return decoded(image.read_bytes())


def decoded(png: bytes) -> tuple[int, int, bytes]:
    """A PNG of eight bits per channel without interlacing, unfiltered."""
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", png[16:29])
    assert depth == 8 and colour in (2, 6)
    channels, at, data = {2: 3, 6: 4}[colour], 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return width, height, unfiltered(zlib.decompress(data), width * channels, channels)


def unfiltered(data: bytes, stride: int, step: int) -> bytes:
    rows, above = bytearray(), bytearray(stride)
    for at in range(0, len(data), stride + 1):
        line = bytearray(data[at + 1 : at + 1 + stride])
        for i in range(stride):
            left = line[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            line[i] = (line[i] + guess(data[at], left, above[i], corner)) & 255
        rows += line
        above = line
    return bytes(rows)


def guess(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        return min((left, up, corner), key=lambda value: abs(left + up - corner - value))
    return (0, left, up, (left + up) // 2)[kind]


@pytest.mark.parametrize(("pulls", "width"), [(6, 500), (60, 700)])
def test_it_renders_light_and_dark(tmp_path: Path, pulls: int, width: int) -> None:
    write_report(tmp_path, story(pulls, scripted=pulls == 6), title="acme/gateway")
    means = {}
    for name, flags in {"light": (), "dark": ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")}.items():
        across, down, pixels = screenshot(tmp_path / "report.html", width, 500, *flags)
        assert (across, down) == (width, 500)
        assert len({pixels[i : i + 3] for i in range(0, len(pixels), 3001)}) > 5, "the page is blank"
        means[name] = sum(pixels[::97]) / len(pixels[::97])
    assert means["dark"] < 110 < 180 < means["light"]


WIDTHS = (360, 1280, 1600)
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
RULER = """<body><pre></pre><script>
const widths = %s, seen = {};
const hex = c => "#" + c.match(/[\\d.]+/g).slice(0, 3).map(n => (+n).toString(16).padStart(2, "0")).join("");
const shown = e => e.getClientRects().length > 0;
function measure(frame, width) {
  const page = frame.contentDocument, see = frame.contentWindow.getComputedStyle.bind(frame.contentWindow);
  const card = hex(see(page.querySelector(".card")).backgroundColor);
  const plots = [...page.querySelectorAll("svg")].filter(shown).map(svg => {
    const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
    const texts = [...svg.querySelectorAll("text")].map(t => {
      const r = t.getBoundingClientRect();
      return {text: t.textContent, ink: hex(see(t).fill), size: t.getAttribute("font-size") * scale,
              box: [r.left - box.left, r.top - box.top, r.right - box.left, r.bottom - box.top]};
    });
    return {id: svg.querySelector("title").id, width: box.width, height: box.height, texts};
  });
  seen[width] = {scroll: page.documentElement.scrollWidth, height: page.documentElement.scrollHeight, card, plots,
    asked: frame.contentWindow.performance.getEntriesByType("resource").map(e => e.name)};
  if (Object.keys(seen).length === widths.length) document.querySelector("pre").textContent = JSON.stringify(seen);
}
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 900;
  frame.onload = () => measure(frame, width);
  frame.src = "report.html";
  document.body.append(frame);
}
</script></body>"""


def measured(folder: Path, *more: str) -> dict[str, Any]:
    """What a browser makes of the page at each width: its size, requests, and the texts of its plots."""
    assert CHROMIUM is not None
    ruler = folder / "ruler.html"
    ruler.write_text(RULER % list(WIDTHS))
    with (folder / "dom").open("wb") as dom:
        flags = ["--allow-file-access-from-files", "--virtual-time-budget=5000", "--dump-dom", *more]
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'ruler.profile'}", *flags, ruler.as_uri()]
        subprocess.run(command, check=True, stdout=dom, stderr=subprocess.DEVNULL, timeout=120)
    found = re.search(r"<pre>(.+?)</pre>", (folder / "dom").read_text(), re.S)
    assert found, "the ruler did not finish"
    result: dict[str, Any] = json.loads(unescape(found[1]))
    return result


def many_versions() -> list[Evaluation]:
    """Long names, twelve versions, languages, kinds, merge times, and no verdict yet."""
    rows = []
    for v in range(12):
        facts = {"title": f"{('fix', 'feat', 'docs')[v % 3]}: it", "language": ("Go", "TypeScript")[v % 2]}
        rows += duels(
            [0.6, -0.6, 0.2, -0.18] * (3 if v < 11 else 10),
            1 + 12 * v,
            merged_at=f"2026-{1 + v:02d}-03T00:00:00Z",
            own_adapter=f"{v:012d}",
            own_exit="submitted" if v else "context_limit",
            frontier_model=f"a-very-large-model-of-2026-{v // 4}",
            **facts,
        )
    return rows


@pytest.mark.parametrize("flags", [(), DARK])
def test_it_fits_every_width_and_can_be_read_in_both_schemes(tmp_path: Path, flags: tuple[str, ...]) -> None:
    write_report(tmp_path, many_versions(), title="acme/gateway", options=Options(fixed_usd=900.0))
    for width, page in measured(tmp_path, *flags).items():
        assert page["scroll"] <= int(width), f"{width}: scrolls sideways"
        assert page["asked"] == [], "asks for something"
        assert len(page["plots"]) == 7 and (page["card"] < "#7") is bool(flags)
        for plot in page["plots"]:
            for text in plot["texts"]:
                left, top, right, bottom = text["box"]
                where = f"{width} {plot['id']} {text['text']}"
                assert contrast(text["ink"], page["card"]) >= 4.5, where
                assert text["size"] >= 9.5, f"{where}: {text['size']} pixels"
                assert left >= -1 and top >= -1, where
                assert right <= plot["width"] + 1 and bottom <= plot["height"] + 1, where


def test_no_text_of_a_plot_covers_another(tmp_path: Path) -> None:
    write_report(tmp_path, many_versions(), title="acme/gateway", options=Options(fixed_usd=900.0))
    for width, page in measured(tmp_path).items():
        for plot in page["plots"]:
            boxes = [(text["text"], text["box"]) for text in plot["texts"]]
            for i, (one, a) in enumerate(boxes):
                for other, b in boxes[i + 1 :]:
                    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
                    assert across <= 1 or down <= 4, f"{width} {plot['id']}: {one!r} and {other!r}"
