"""``serve.route`` in the text of a config, changed in place: every other byte stays. Pure.

A YAML parser tells where the value stands, and the new one is put there. Libraries that write YAML
back lay it out anew. Each edit is proven by parsing: nothing but the route may differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from pipeline.config_text import parse
from pipeline.errors import InputError

SECTION, KEY = "serve", "route"


def checked(route: str) -> str:
    """``route``, when it is one: own, frontier or canary=SHARE. Raises InputError."""
    return parse(f"{SECTION}: {{{KEY}: {json.dumps(route)}}}", "switch").serve.route


def edited(text: str, route: str, where: str = "config") -> str:
    """``text`` of a config with ``route`` in it. Raises InputError for a bad config, and where no edit is safe."""
    if parse(text, where).serve.route == checked(route):
        return text
    wanted = _with_route(yaml.safe_load(text), route)
    for candidate in _candidates(text, route):
        if _gives(candidate, wanted):
            return candidate
    raise InputError(
        f"{where}: {SECTION}.{KEY} cannot be changed without touching other values; "
        f"write 'serve: {{route: {route}}}' into it by hand"
    )


def _with_route(data: Any, route: str) -> Any:
    data = data or {}
    return {**data, SECTION: {**data.get(SECTION, {}), KEY: route}}


def _gives(text: str, wanted: Any) -> bool:
    try:
        return bool(yaml.safe_load(text) == wanted)
    except yaml.YAMLError:
        return False


def _candidates(text: str, route: str) -> Iterator[str]:
    """Texts with the route put in where it belongs, the most natural first."""
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    section = _child(root, SECTION)
    value = _child(section, KEY)
    if value is not None:
        yield text[: value.start_mark.index] + route + text[value.end_mark.index :]
    elif section is not None:
        yield from _first_in(text, section, f"{KEY}: {route}", newline)
    else:
        entry = f"{SECTION}:{newline}  {KEY}: {route}"
        yield _at_the_end(text, entry, newline)
        yield from _first_in(text, root, f"{SECTION}: {{{KEY}: {route}}}", newline)


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of ``key`` in a mapping; of a repeated key the last, as YAML loaders take it."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in reversed(node.value) if name.value == key), None)


def _at_the_end(text: str, entry: str, newline: str) -> str:
    end = newline if text and not text.endswith("\n") else ""
    return f"{text}{end}{newline if text else ''}{entry}{newline}"


def _first_in(text: str, node: yaml.Node | None, entry: str, newline: str) -> Iterator[str]:
    """``entry`` before all others of a mapping, in the layout that it has; or where nothing stands for one."""
    if node is None:
        return
    if not isinstance(node, yaml.MappingNode):
        yield text[: node.start_mark.index] + entry + newline + text[node.start_mark.index :]
    elif node.flow_style:
        place = text.index("{", node.start_mark.index) + 1
        yield text[:place] + entry + (", " if node.value else "") + text[place:]
    elif node.value:
        first = node.value[0][0].start_mark
        yield text[: first.index] + entry + newline + " " * first.column + text[first.index :]
