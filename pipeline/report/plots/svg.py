"""A matplotlib renderer that writes the page's SVG.

Matplotlib's own SVG carries fixed colours, a global style sheet, font names and, for each tick, a
marker definition. This one writes a path or a text for each thing drawn: colours as the page's
variables, text as text in the reader's font, one decimal. Nothing in it depends on the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from pipeline.report.plots.ink import variable

_LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
_ANCHORS = {"left": "", "center": ' text-anchor="middle"', "right": ' text-anchor="end"'}
_EM, _ASCENT, _DESCENT = 0.56, 0.93, 0.24
"""Size of a character in parts of the font size: the reader's font is not known here."""


class Renderer(RendererBase):
    """Collects what a figure draws; ``svg`` gives it. Texts are one line, unrotated."""

    def __init__(self, width: float, height: float, name: str) -> None:
        """``width`` and ``height`` in pixels; ``name`` tells its ids from those of other figures of the page."""
        super().__init__()
        self.width, self.height, self._name = width, height, name
        self._flip = Affine2D().scale(1, -1).translate(0, height)
        self._clips: dict[tuple[float, float, float, float], str] = {}
        self._drawn: list[str] = []

    def svg(self, title: str, text: str, css_class: str) -> str:
        """The whole element: ``title`` names it, ``text`` says for those who cannot see it what it shows."""
        name = quoteattr(self._name)[1:-1]
        head = (
            f'<svg class="plot {css_class}" viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-labelledby="{name}-t {name}-d" xmlns="http://www.w3.org/2000/svg">\n'
            f'<title id="{name}-t">{escape(title)}</title>\n<desc id="{name}-d">{escape(text)}</desc>'
        )
        return "\n".join([head, *self._definitions(), *self._drawn, "</svg>"])

    def _definitions(self) -> Iterator[str]:
        for (x, y, width, height), name in self._clips.items():
            box = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
            yield f'<clipPath id="{name}"><rect {box}/></clipPath>'

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        data = _data(path, transform + self._flip)
        styles = [] if rgbFace is None or _unseen(rgbFace) else [f"fill:{variable(rgbFace)}"]
        if gc.get_linewidth() and not _unseen(gc.get_rgb()):
            styles += [f"stroke:{variable(gc.get_rgb())}", *_pen(gc)]
        if data and styles:
            self._drawn.append(f'<path style="{";".join(styles)}"{self._clip(gc, path, transform)} d="{data}"/>')

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        """The text hangs on its own anchor, as its width depends on the reader's font."""
        x = mtext.get_transform().transform(mtext.get_unitless_position())[0]
        halo = ' class="halo"' if mtext.get_gid() == "halo" else ""
        bold = ' font-weight="600"' if prop.get_weight() == "bold" else ""
        self._drawn.append(
            f'<text{halo} style="fill:{variable(gc.get_rgb())}" font-size="{prop.get_size_in_points():g}"{bold}'
            f'{_ANCHORS[mtext.get_horizontalalignment()]} x="{_short(x)}" y="{_short(y)}">{escape(s)}</text>'
        )

    def draw_spot(self, x: float, y: float, text: str) -> None:
        """A place that shows ``text`` when it is pointed at; display coordinates."""
        place = f'cx="{_short(x)}" cy="{_short(self.height - y)}"'
        self._drawn.append(f'<circle class="hover" {place} r="6"><title>{escape(text)}</title></circle>')

    def _clip(self, gc: Any, path: Any, transform: Any) -> str:
        """A reference to the frame; "" where the path is inside anyway."""
        frame = gc.get_clip_rectangle()
        if frame is None:
            return ""
        x0, y0, x1, y1 = frame.extents
        extents = path.get_extents(transform)
        if extents.x0 >= x0 - 2 and extents.x1 <= x1 + 2 and extents.y0 >= y0 - 2 and extents.y1 <= y1 + 2:
            return ""
        place = (round(x0, 1), round(self.height - y1, 1), round(x1 - x0, 1), round(y1 - y0, 1))
        name = self._clips.setdefault(place, f"{self._name}-c{len(self._clips)}")
        return f' clip-path="url(#{name})"'

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        size = prop.get_size_in_points()
        return _EM * size * len(s), (_ASCENT + _DESCENT) * size, _DESCENT * size

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def flipy(self) -> bool:
        return True

    def new_gc(self) -> Any:
        return GraphicsContextBase()


def _unseen(rgba: Any) -> bool:
    return len(rgba) == 4 and rgba[3] == 0


def _pen(gc: Any) -> Iterator[str]:
    if gc.get_linewidth() != 1:
        yield f"stroke-width:{gc.get_linewidth():g}"
    dashes = gc.get_dashes()[1]
    if dashes is not None:
        yield f"stroke-dasharray:{' '.join(f'{dash:g}' for dash in dashes)}"


def _data(path: Any, transform: Any) -> str:
    """SVG path data; a letter is written where it changes."""
    parts, before = [], ""
    for vertices, code in path.iter_segments(transform, simplify=path.should_simplify):
        letter = "Z" if code == Path.CLOSEPOLY else _LETTERS[code]
        numbers = "" if letter == "Z" else " ".join(_short(value) for value in vertices)
        parts.append(f" {numbers}" if letter == before and letter != "Z" else letter + numbers)
        before = letter
    return "".join(parts)


def _short(value: float) -> str:
    """One decimal, and none where it is 0; never -0."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
