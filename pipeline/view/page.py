"""The page around the data: markup, style and script from the templates, and a policy that allows no others. Pure."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline import __version__
from pipeline.report.inert import script_json, visible

SCRIPTS = ("text", "data", "state", "filters", "list", "search", "patches", "messages", "detail", "main")
"""Parts of the one script, in order."""

Block = tuple[str, str]
"""Id of an element, and its text in base64."""


def page(title: str, index: dict[str, Any], blocks: Iterable[Block]) -> Iterator[str]:
    """The page in pieces; ``blocks`` is walked while they are taken, so that no more than one is held."""
    style, script = _template("page.css"), _script()
    return (
        _environment()
        .get_template("page.html.jinja")
        .generate(
            title=visible(title),
            version=__version__,
            policy=policy(style, script),
            style=Markup(style),  # noqa: S704
            script=Markup(script),  # noqa: S704
            index=Markup(script_json(index)),  # noqa: S704
            blocks=blocks,
        )
    )


def policy(style: str, script: str) -> str:
    """Nothing is loaded, sent or framed; this one style and this one script are used."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@functools.cache
def _script() -> str:
    parts = "\n".join(_template(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}\n}})();'


@functools.cache
def _template(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text("utf-8")


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.view"), autoescape=True, undefined=jinja2.StrictUndefined
    )
