"""Addresses on the forge and between our own pages; every part that comes from outside is quoted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from pipeline.app_state import Installation


@dataclass(frozen=True)
class Links:
    """Where things are seen on the forge."""

    web: str
    """The forge's web address, without a trailing slash."""

    def repository(self, name: str) -> str:
        return f"{self.web}/{quote(name)}"

    def pull(self, name: str, number: int | str) -> str:
        return f"{self.repository(name)}/pull/{quote(str(number), safe='')}"

    def issue(self, name: str, number: int | str) -> str:
        return f"{self.repository(name)}/issues/{quote(str(number), safe='')}"

    def run(self, name: str, id: int) -> str:
        return f"{self.repository(name)}/actions/runs/{id}"

    def installation(self, there: Installation) -> str:
        """Where an owner of the account configures, accepts permissions, suspends and un-suspends."""
        of = f"/organizations/{quote(there.account, safe='')}" if there.account_type == "Organization" else ""
        return f"{self.web}{of}/settings/installations/{there.id}"


def repository(name: str) -> str:
    """Our page of ``owner/name``."""
    return f"/repositories/{quote(name)}"


def delivery(guid: str) -> str:
    """Our page of a delivery."""
    return f"/deliveries/{quote(guid, safe='')}"


def query(path: str, **values: object) -> str:
    """``path`` with those of ``values`` that are not None or empty."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path
