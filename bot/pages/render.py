"""From values to an HTML response: templates that escape everything, and headers that allow next to nothing.

The style sheet is inlined and named by its hash in the Content-Security-Policy; nothing else is loaded,
no script runs, and no other site may frame the page or learn its address.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from bot.pages import words
from pipeline import __version__

CSS = resources.files(__package__).joinpath("page.css").read_text("utf-8")
CSS_HASH = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}


def page(
    package: str,
    template: str,
    *,
    here: str = "",
    status: int = 200,
    form_action: str = "'self'",
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The rendered ``templates/<template>`` of ``package``, which may extend ``base.html.jinja``.

    ``here``: the path of the navigation entry that is shown as the present one, or "" for none.
    ``form_action``: where forms may be sent, in the words of the Content-Security-Policy.
    Templates see ``values`` and ``now`` (UTC), and fail for a name that was not given.
    """
    values = {"now": datetime.now(UTC), **values}
    text = templates(package).get_template(template).render(here=here, **values)
    policy = {"content-security-policy": _policy(form_action)}
    return HTMLResponse(text, status, {**HEADERS, **policy, **(headers or {})})


@cache
def templates(package: str) -> jinja2.Environment:
    """The templates of ``package`` and, behind them, those shared by all pages."""
    own = [] if package == __package__ else [jinja2.PackageLoader(package)]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([*own, jinja2.PackageLoader("bot.pages")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= words.FILTERS
    environment.globals |= {"css": Markup(CSS), "version": __version__}  # noqa: S704
    return environment


def _policy(form_action: str) -> str:
    return (
        f"default-src 'none'; style-src 'sha256-{CSS_HASH}'; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
