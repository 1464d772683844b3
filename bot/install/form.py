"""What the operator chooses on the setup page, checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from bot.install.permissions import MOST_NAME, PROFILES, Profile
from pipeline.addresses import GITHUB_WEB, api_of, is_loopback, web_of
from pipeline.errors import InputError

Keep = Literal["file", "environment"]

ORGANIZATION = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")
"""GitHub's rule: letters, digits and single hyphens inside."""

DEFAULTS = {
    "profile": "full", "organization": "", "github": GITHUB_WEB, "public_url": "", "name": "", "keep": "file",
}  # fmt: skip
"""Each field of the form, with what it holds at first."""


@dataclass(frozen=True)
class Wish:
    """A checked choice."""

    profile: Profile
    organization: str
    """Empty: the App belongs to the person who presses the button."""
    web: str
    """GitHub's web address."""
    api_url: str
    public_url: str
    """Where GitHub reaches this server, without trailing slash."""
    name: str
    keep: Keep
    """Whether the credentials are written beside the database, or shown once as variables."""

    @property
    def webhook_url(self) -> str:
        """Where GitHub delivers."""
        return f"{self.public_url}/webhook"

    @property
    def new_app_url(self) -> str:
        """GitHub's page that takes the manifest."""
        owner = f"/organizations/{self.organization}" if self.organization else ""
        return f"{self.web}{owner}/settings/apps/new"


class FormError(InputError):
    """Some fields cannot be used."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = dict(fields)
        """Field name to what is wrong with it and what to do."""


def parse(given: Mapping[str, str]) -> Wish:
    """The choice that the form's fields make; absent ones have their default. Raises FormError naming each bad one."""
    values = {name: given.get(name, default).strip() for name, default in DEFAULTS.items()}
    wrong: dict[str, str] = {}
    profile = _one_of("profile", values, PROFILES, wrong)
    keep = _one_of("keep", values, get_args(Keep), wrong)
    if values["organization"] and not ORGANIZATION.fullmatch(values["organization"]):
        wrong["organization"] = "Not a name of an organization: letters, digits and single hyphens, 39 at most."
    if len(values["name"]) > MOST_NAME or not values["name"].isprintable():
        wrong["name"] = f"At most {MOST_NAME} characters on one line."
    api_url = _api_url(values["github"], wrong)
    public_url = _public_url(values["public_url"], wrong)
    if not wrong and is_loopback(urlsplit(public_url).hostname) and not is_loopback(urlsplit(api_url).hostname):
        wrong["public_url"] = "GitHub cannot reach this machine by that name; give the address that it has outside."
    if wrong:
        raise FormError(wrong)
    name = values["name"] or f"Switchover {values['organization']}".strip()[:MOST_NAME]
    web = web_of(api_url)
    return Wish(profile, values["organization"], web, api_url, public_url, name, keep)  # type: ignore[arg-type]


def _one_of(field: str, values: Mapping[str, str], allowed: tuple[str, ...], wrong: dict[str, str]) -> str:
    if values[field] not in allowed:
        wrong[field] = f"Choose one of: {', '.join(allowed)}."
    return values[field]


def _api_url(web: str, wrong: dict[str, str]) -> str:
    try:
        return api_of(web or GITHUB_WEB, "GitHub")
    except InputError as error:
        wrong["github"] = f"{error}."
        return ""


def _public_url(text: str, wrong: dict[str, str]) -> str:
    url = text.rstrip("/").removesuffix("/webhook").rstrip("/")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and not (parts.username or parts.query or parts.fragment)
    except ValueError:
        usable = False
    if not url or not usable or parts.scheme not in ("http", "https") or not url.isprintable() or " " in url:
        wrong["public_url"] = "Give the address at which GitHub reaches this server, such as https://bot.example.com."
    elif parts.scheme == "http" and not is_loopback(parts.hostname):
        wrong["public_url"] = "Give an https address: deliveries hold your code's texts and must travel encrypted."
    return url
