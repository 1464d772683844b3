"""What a repository's own ``.github/switchover.yml`` says, or why it cannot be used. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline import config
from pipeline.config import DEFAULT_PATH, Config
from pipeline.errors import InputError


@dataclass(frozen=True)
class Settings:
    """The config of the default branch."""

    config: Config = field(default_factory=Config)
    """Defaults where there is no file, and where it cannot be used."""
    present: bool = False
    error: str | None = None
    """Why it cannot be used; None when it can, or when there is none."""

    def columns(self) -> dict[str, Any]:
        """Of the repository's row."""
        return {"configured": int(self.present and self.error is None), "config_error": self.error}


def settings_of(text: str | None) -> Settings:
    """From the file's text; None: there is no such file."""
    if text is None:
        return Settings()
    try:
        return Settings(config.parse(text, str(DEFAULT_PATH)), True)
    except InputError as error:
        return Settings(Config(), True, str(error))
