"""The page in a real browser: it renders, fits its window, and asks for nothing."""

import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from pipeline.report import write_report
from tests.report.stories import story

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
