"""Credentials as lines for the environment: what the setup page shows once when it is to write nothing. Pure."""

from __future__ import annotations

from pipeline.credentials import Registration


def lines(registration: Registration) -> str:
    """Variables in single quotes, one a line, as a shell, systemd and compose read them.

    The key's line ends are written ``\\n``, since not every reader of such files takes several lines.
    """
    values = {
        "SWITCHOVER_APP_ID": str(registration.app_id),
        "SWITCHOVER_PRIVATE_KEY": registration.private_key.strip().replace("\r", "").replace("\n", "\\n"),
        "SWITCHOVER_WEBHOOK_SECRET": registration.webhook_secret,
        "SWITCHOVER_GITHUB_URL": registration.api_url,
    }
    return "".join(f"{name}='{value}'\n" for name, value in values.items())
