"""The checkboxes of the transition issue: what they ask for, and how they are known. Pure."""

from __future__ import annotations

from collections.abc import Mapping

SWITCH, CANARY, KEEP = "switch", "canary", "keep"
"""What a box asks for."""

BOX_MARKERS: Mapping[str, str] = {name: f"<!-- switchover:box={name} -->" for name in (SWITCH, CANARY, KEEP)}
"""At the end of each box's line: how the bot knows it, whatever its words are."""

BOX_TEXTS: Mapping[str, str] = {
    SWITCH: "Open a pull request that sets `serve.route: own`",
    CANARY: "Open a pull request that sets `serve.route: canary=0.1`: own gets a tenth of the work",
    KEEP: "Keep frontier for now, and do not remind us until the next version",
}

BOX_ROUTES: Mapping[str, str] = {SWITCH: "own", CANARY: "canary=0.1"}
"""The route that a box's pull request sets."""


def boxes() -> str:
    """The three as Markdown, none ticked."""
    return "\n".join(f"- [ ] {BOX_TEXTS[name]} {marker}" for name, marker in BOX_MARKERS.items())
