"""The secrets in force follow their file, without a restart; the log says what is wrong once, not each time."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.receive import refusals, secrets
from bot.receive.refusals import Refusals
from bot.receive.secrets import Secrets
from pipeline import credentials
from pipeline.credentials import Registration


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_FILE", "WEBHOOK_SECRET", "WEBHOOK_SECRET_FILE", "GITHUB_URL"):
        monkeypatch.delenv(f"SWITCHOVER_{name}", raising=False)
    monkeypatch.setattr(secrets, "LOOK_SECONDS", -1.0)


def registration(secret: str) -> Registration:
    return Registration(1, "so", "so", "https://h/apps/so", "https://api.github.com", "id", "key", secret, "2026-01-01")


def test_they_are_there_as_soon_as_the_setup_page_has_written_them(tmp_path: Path) -> None:
    db = tmp_path / "so.db"
    known = Secrets(db)
    assert known() == ()
    credentials.save(credentials.path_for(db), registration("first"))
    assert known() == ("first",)
    credentials.path_for(db).unlink()
    credentials.save(credentials.path_for(db), registration("second, third"))
    assert known() == ("second", "third")


def test_the_environment_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHOVER_WEBHOOK_SECRET", "old, new")
    assert Secrets(tmp_path / "so.db")() == ("old", "new")


def test_a_file_that_the_environment_names_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounted").write_text("old")
    monkeypatch.setenv("SWITCHOVER_WEBHOOK_SECRET_FILE", str(tmp_path / "mounted"))
    known = Secrets(tmp_path / "so.db")
    assert known() == ("old",)
    (tmp_path / "mounted").write_text("new")
    assert known() == ("old",), "not for each delivery"
    monkeypatch.setattr(secrets, "TRUSTED_SECONDS", -1.0)
    assert known() == ("new",)


def test_a_broken_file_leaves_the_secrets_that_were_known(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    db = tmp_path / "so.db"
    credentials.save(credentials.path_for(db), registration("known"))
    known = Secrets(db)
    assert known() == ("known",)
    credentials.path_for(db).write_text("{")
    assert known() == ("known",)
    known()
    credentials.path_for(db).write_text("{")  # a new file, the same mistake
    known()
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(lines) == 1 and "not JSON" in lines[0] and "known" not in lines[0]


def test_refusals_are_logged_once_a_minute_each(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Refusals()
    for _ in range(5):
        noted.note(401, "no")
        noted.note(413, "large")
    monkeypatch.setattr(refusals, "QUIET_SECONDS", 0)
    noted.note(401, "no")
    assert [record.getMessage() for record in caplog.records] == [
        "webhook: answered 401: no",
        "webhook: answered 413: large",
        "webhook: answered 401: no (and 4 more since the last line)",
    ]
