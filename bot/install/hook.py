"""What GitHub's own record says of the webhook: where deliveries go, and how the last ones were answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot.install.facts import Fact

MOST_SHOWN = 100
"""Deliveries that are looked at: one page."""


def config_fact(config: Mapping[str, Any], settings: str) -> Fact:
    """The webhook's configuration, judged; ``settings`` says where it is changed."""
    url = str(config.get("url") or "")
    for wrong, found, remedy in (
        (not url, "GitHub has no webhook address", "set it to https://YOUR-SERVER/webhook and activate it"),
        (urlsplit(url).scheme != "https", f"deliveries go unencrypted to {url}", "set an https address"),
        (not urlsplit(url).path.endswith("/webhook"), f"deliveries go to {url}", "its path must end in /webhook"),
        (config.get("content_type") != "json", "deliveries come as a form", "set the content type application/json"),
        (str(config.get("insecure_ssl")) != "0", "GitHub does not check the certificate", "enable SSL verification"),
        (not config.get("secret"), "GitHub signs nothing: it has no webhook secret", "set the same one there as here"),
    ):
        if wrong:
            return Fact("app webhook", False, found, f"{remedy}, at {settings}")
    return Fact("app webhook", True, f"signed deliveries go to {url}")


HINTS = {
    0: "GitHub did not reach the server or waited too long: is it up, its address right, its certificate valid",
    401: "the webhook secret here is not the one on GitHub",
    404: "the proxy does not forward /webhook",
    413: "the proxy limits the size of a body: allow 25 MB",
    502: "the proxy reaches no 'switchover bot': is it running",
    503: "the bot has no webhook secret, or is too busy",
    504: "the proxy gave up waiting for the bot",
}


def deliveries_fact(deliveries: Sequence[Mapping[str, Any]]) -> Fact:
    """The newest deliveries first, as GitHub lists them. Not ok while the newest one failed."""
    if not deliveries:
        return Fact("app deliveries", True, "none yet")
    failed = [one for one in deliveries if not 200 <= _code(one) < 300]
    of = f"{len(failed)} of the last {len(deliveries)} deliveries were not answered with 2xx"
    if not failed:
        return Fact("app deliveries", True, f"the last {len(deliveries)} were all answered with 2xx")
    newest = failed[0]
    said = f"{of}, the newest of those at {newest.get('delivered_at')} with {_code(newest)} {newest.get('status')}"
    remedy = f"{HINTS.get(_code(newest), 'see the log of the bot')}; missed ones are fetched once the bot runs"
    return Fact("app deliveries", newest is not deliveries[0], said, remedy)


def _code(delivery: Mapping[str, Any]) -> int:
    code = delivery.get("status_code")
    return code if isinstance(code, int) else 0
