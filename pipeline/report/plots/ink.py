"""The colours of the plots: the page's own, by name.

A plot is drawn in the light values and written as ``var(--name)``, so one SVG is light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence

INK: dict[str, str] = {
    "ink": "#16202c",
    "soft": "#566373",
    "line": "#dde2e8",
    "card": "#ffffff",
    "own": "#1f5fbf",
    "frontier": "#a24b00",
    "base": "#64707d",
    "band": "#1f5fbf2b",
    "margin": "#e0a40033",
    "margin-line": "#9a6f00",
    "good": "#0b6b3a",
    "bad": "#a3241b",
}
"""Names as in ``page.css``; the values are those of its light part (a test holds them together)."""

_NAMES = {colour: name for name, colour in INK.items()}


def variable(rgba: Sequence[float]) -> str:
    """The CSS value for a colour that matplotlib was given. Raises KeyError for one that is not ours."""
    colour = "#" + "".join(f"{round(255 * part):02x}" for part in rgba)
    return f"var(--{_NAMES[colour.removesuffix('ff') if len(colour) == 9 else colour]})"
