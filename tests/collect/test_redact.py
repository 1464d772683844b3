"""Secrets and addresses leave a text; everything else stays. The secrets are put together here, none is real."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.collect.redact import redact

SECRETS = {
    "ghp_" + "a1B2" * 9: "token",
    "github_pat_" + "A1_" * 12: "token",
    "glpat-" + "x9" * 12: "token",
    "AKIA" + "ABCDEFGH12345678": "token",
    "sk-ant-" + "api03-" + "Zz9" * 10: "token",
    "xoxb-" + "123456789012-abcdef": "token",
    "hf_" + "Ab1" * 12: "token",
    "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0" + ".abcDEF123": "token",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----": "private_key",
    "ada.lovelace+x@mail.example.org": "email",
}


@pytest.mark.parametrize(("secret", "kind"), SECRETS.items())
def test_a_secret_goes_and_is_counted(secret: str, kind: str) -> None:
    counts: Counter[str] = Counter()
    assert redact(f"It says {secret} here", counts) == f"It says [redacted:{kind}] here"
    assert counts == {kind: 1}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://ada:hunter22@host/x", "https://[redacted:password]@host/x"),
        ("password = 'correct-horse-battery'", "password = '[redacted:password]'"),
        ('"api_key": "0123456789abc"', '"api_key": "[redacted:password]"'),
        ("DB_PASSWORD=swordfish99", "DB_PASSWORD=[redacted:password]"),
        ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [redacted:token]"),
        ("<ada@example.org>, ben@example.org", "<[redacted:email]>, [redacted:email]"),
    ],
)
def test_secrets_in_their_places(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:owner/name.git",
        "@pytest.fixture and user@host",
        "the password is checked in auth.py",
        "api_key = os.environ",
        "sk-learn and pypi-server",
        "0123456789abcdef0123456789abcdef01234567",
        "a.b@c",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(st.lists(st.sampled_from(list(SECRETS)) | st.text(max_size=20), max_size=6).map(" ".join))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(max_size=40), st.sampled_from(list(SECRETS)), st.text(max_size=40))
def test_no_secret_survives_between_other_words(before: str, secret: str, after: str) -> None:
    assert secret not in redact(f"{before} {secret} {after}")
