"""The App's credentials: where they come from, what is refused, and that no secret is ever shown."""

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from pipeline import config, credentials
from pipeline.credentials import Credentials, Registration, load, path_for, save
from pipeline.errors import InputError, RunError

PEM = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"
MADE = Registration(
    app_id=7, slug="so", name="So", html_url="https://github.com/apps/so", api_url="https://api.github.com",
    client_id="Iv1.1", private_key=PEM, webhook_secret="from-the-file", made_at="2026-01-01T00:00:00Z",
)  # fmt: skip


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SWITCHOVER_", "GITHUB_TOKEN", "GH_TOKEN")):
            monkeypatch.delenv(name)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "so.db"


def test_without_anything_all_is_absent(db: Path) -> None:
    assert load(db) == load(None) == Credentials(None, None, (), "https://api.github.com")
    assert not load(db).complete


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHOVER_APP_ID", " 42 ")
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY", PEM)
    monkeypatch.setenv("SWITCHOVER_WEBHOOK_SECRET", "new, old,")
    monkeypatch.setenv("SWITCHOVER_GITHUB_URL", "https://ghe.acme.dev/api/v3/")
    found = load(None)
    assert (found.app_id, found.private_key, found.webhook_secrets) == (42, PEM, ("new", "old"))
    assert found.api_url == "https://ghe.acme.dev/api/v3" and found.complete
    assert found.source == credentials.ENVIRONMENT


@pytest.mark.parametrize("written", [PEM.replace("\n", "\\n"), f"'{PEM}'", '"' + PEM.replace("\n", "\\n") + '"'])
def test_a_key_on_one_line_or_in_quotes_is_mended(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY", written)
    assert load(None).private_key == PEM


def test_each_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in (("APP_ID", "42\n"), ("PRIVATE_KEY", PEM + "\n"), ("WEBHOOK_SECRET", "hush\n")):
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(f"SWITCHOVER_{name}_FILE", str(tmp_path / name))
    found = load(None)
    assert (found.app_id, found.private_key, found.webhook_secrets) == (42, PEM, ("hush",))


def test_a_named_file_that_is_absent_or_binary_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY_FILE", str(tmp_path / "key.pem"))
    with pytest.raises(InputError, match=r"SWITCHOVER_PRIVATE_KEY_FILE: .*key\.pem: cannot be read \(No such file"):
        load(None)
    (tmp_path / "key.pem").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        load(None)


def test_set_in_both_ways_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY", PEM)
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY_FILE", str(tmp_path / "key.pem"))
    with pytest.raises(InputError, match="are both set; unset one"):
        load(None)


@pytest.mark.parametrize("value", ["Iv1.8a61f9b3a7aba766", "-1", "4.2", "٤٢", "9" * 19])
def test_an_id_that_is_no_number_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SWITCHOVER_APP_ID", value)
    with pytest.raises(InputError, match="SWITCHOVER_APP_ID: not a number") as caught:
        load(None)
    assert value not in str(caught.value)


def test_what_is_saved_is_loaded_and_only_the_owner_may_read_it(db: Path) -> None:
    save(path_for(db), MADE)
    assert path_for(db).stat().st_mode & 0o777 == 0o600
    found = load(db)
    assert found == Credentials(
        7, PEM, ("from-the-file",), "https://api.github.com", "so", MADE.html_url, str(path_for(db))
    )
    assert list(db.parent.iterdir()) == [path_for(db)], "something was left beside it"


def test_a_wide_umask_does_not_open_it(db: Path) -> None:
    before = os.umask(0)
    try:
        save(path_for(db), MADE)
    finally:
        os.umask(before)
    assert path_for(db).stat().st_mode & 0o777 == 0o600


def test_one_is_never_replaced(db: Path) -> None:
    save(path_for(db), MADE)
    with pytest.raises(InputError, match="registered already; delete this file first"):
        save(path_for(db), MADE)
    with pytest.raises(InputError, match="registered already"):
        credentials.check_writable(path_for(db))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    for attempt in (lambda path: save(path, MADE), credentials.check_writable):
        with pytest.raises(RunError, match="cannot be written"):
            attempt(path_for(tmp_path / "gone" / "so.db"))


def test_trying_leaves_nothing_behind(db: Path) -> None:
    credentials.check_writable(path_for(db))
    assert not list(db.parent.iterdir())


def test_a_failed_write_leaves_nothing_behind(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="No space left"):
        save(path_for(db), MADE)
    assert not list(db.parent.iterdir())


def test_an_identity_of_the_environment_never_mixes_with_the_files(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(path_for(db), MADE)
    monkeypatch.setenv("SWITCHOVER_APP_ID", "42")
    found = load(db)
    assert (found.app_id, found.private_key, found.slug) == (42, None, "")
    assert not found.complete


def test_secrets_of_the_environment_win_over_the_files(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(path_for(db), MADE)
    monkeypatch.setenv("SWITCHOVER_WEBHOOK_SECRET", "newer,from-the-file")
    found = load(db)
    assert (found.app_id, found.webhook_secrets) == (7, ("newer", "from-the-file"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ('{"app_id": 7', "not JSON"),
        ("[]", "missing or of a wrong kind"),
        (json.dumps({**asdict(MADE), "app_id": "7"}), "app_id missing or of a wrong kind"),
        (json.dumps({**asdict(MADE), "private_key": None}), "private_key missing"),
    ],
)
def test_a_broken_file_is_named_and_not_shown(db: Path, text: str, says: str) -> None:
    path_for(db).write_text(text)
    with pytest.raises(InputError) as caught:
        load(db)
    said = str(caught.value)
    assert str(path_for(db)) in said and says in said and "\n" not in said
    assert "c2VjcmV0" not in said and "from-the-file" not in said


def test_a_file_of_another_kind_is_refused(db: Path) -> None:
    path_for(db).mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        load(db)


def test_a_file_that_others_may_read_is_used_and_told_of(db: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(path_for(db), MADE)
    path_for(db).chmod(0o640)
    with caplog.at_level(logging.WARNING):
        assert load(db).app_id == 7
    assert "mode 0640" in caplog.text and f"chmod 600 {path_for(db)}" in caplog.text


def test_no_secret_is_shown(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY", PEM)
    monkeypatch.setenv("SWITCHOVER_WEBHOOK_SECRET", "hush")
    shown = repr(load(db)) + repr(config.app_environment()) + repr(MADE)
    assert not any(secret in shown for secret in ("BEGIN", "c2VjcmV0", "hush", "from-the-file"))


def test_a_token_of_the_forge(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.forge_token() is None
    monkeypatch.setenv("GH_TOKEN", "second")
    assert config.forge_token() == "second"
    monkeypatch.setenv("GITHUB_TOKEN", "first")
    assert config.forge_token() == "first"


def test_the_way_out_is_the_usual_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    assert config.way_out("https://api.github.com") == (None, None)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "acme.dev")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ca.pem")
    assert config.way_out("https://api.github.com") == ("http://proxy:3128", "/etc/ca.pem")
    assert config.way_out("https://ghe.acme.dev/api/v3") == (None, "/etc/ca.pem")
