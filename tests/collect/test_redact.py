"""Secrets and addresses leave a text; everything else stays. The secrets are put together here, none is real."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.collect import collect_clone
from pipeline.collect.redact import redact
from pipeline.config import CollectConfig
from pipeline.store import Store
from tests.collect.secret_texts import INNOCENT, Planted, planted
from tests.history import Builder

PLANTED = planted()

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

HOSTILE = (
    "a", " ", "-", "=", "/", "@", "+", ".", "'", "\n", "0", "1.", "a-", "a@a.", "://", "://a:", "eyJ", "eyJaaaaaaaaaa.",
    "ghp_", "sk-", "SG.", "token", "token=", "password='", 'password=`"', "secret:", "pwd: ", "--token ", "bearer ",
    "Authorization: Basic ", "cookie: a=bbbbbbbb;", "curl -u ", "login a password ", "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ", "Private-Lines: 1\n", "4111 ", "4111111111111111 ", "AA11 ", "2a00:", "93.184.216.", "+49 30 ",
    "tel: 1", "$6$", "1234567890:A", "SK0", "ibm key                    ", "softlayer_key:", ".atlasv1.", "[redacted:",
    "ada@x.org ",
)  # fmt: skip


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
        ("ssh ada@93.184.216.34, then 10.0.0.1", "ssh ada@[redacted:ip], then 10.0.0.1"),
        ("IBAN DE89 3704 0044 0532 0130 00 ADA", "IBAN [redacted:iban] ADA"),
        ("(password: hunter22), see #12", "(password: [redacted:password]), see #12"),
        ("İ secret='hunter22' İ", "İ secret='[redacted:password]' İ"),
    ],
)
def test_secrets_in_their_places(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.what)
def test_what_was_planted_goes_and_the_rest_stays(case: Planted) -> None:
    left = redact(case.text)
    assert case.secret not in left
    assert f"[redacted:{case.kind}]" in left
    assert not case.is_all or left == case.text.replace(case.secret, f"[redacted:{case.kind}]")


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_no_secret_stays(text: str) -> None:
    counts: Counter[str] = Counter()
    assert redact(text, counts) == text
    assert not counts


def test_one_text_with_everything_keeps_its_innocent_lines() -> None:
    lines = [text for pair in zip([case.text for case in PLANTED], INNOCENT * 2, strict=False) for text in pair]
    left = redact("\n\n".join(lines))
    assert not [case.what for case in PLANTED if case.secret in left and len(case.secret) > 5]
    assert not [text for text in INNOCENT if f"\n\n{text}\n\n" not in left]


def test_what_is_found_in_the_text_that_is_left_is_found_at_once() -> None:
    """A telephone number hides behind a token that it touches until the token is gone."""
    token = "ghp_" + "a1B2" * 9
    assert redact(f"{token}+1 202-555-0143") == "[redacted:token][redacted:phone]"


@given(st.lists(st.sampled_from(list(SECRETS)) | st.text(max_size=20), max_size=6).map(" ".join))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(
    st.lists(st.sampled_from([case.text for case in PLANTED]) | st.text(max_size=9), max_size=5),
    st.sampled_from(["", " ", "="]),
)
def test_redacting_twice_changes_nothing_more_however_close_they_stand(texts: list[str], between: str) -> None:
    once = redact(between.join(texts))
    assert redact(once) == once


@given(st.text(max_size=40), st.sampled_from(list(SECRETS)), st.text(max_size=40))
def test_no_secret_survives_between_other_words(before: str, secret: str, after: str) -> None:
    assert secret not in redact(f"{before} {secret} {after}")


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_line_is_read_to_its_end(piece: str) -> None:
    """Longer than a forge takes; a pattern that looks at all of it from each place would take hours."""
    text = (piece * (300_000 // len(piece) + 1))[:300_000]
    assert len(redact(text)) <= 6 * len(text)


@pytest.mark.parametrize("piece", ["token=", "ghp_", "-----BEGIN PRIVATE KEY-----\n", "ibm_key" + " " * 5000])
def test_a_megabyte_too(piece: str) -> None:
    assert redact((piece * (1_000_000 // len(piece)))[:1_000_000])


def test_the_library_and_the_tables_of_numbers_are_loaded_when_they_are_needed() -> None:
    code = (
        "import sys; from pipeline.collect.redact import redact; redact('password: hunter22, 1.2.3.4, +1 to this');"
        "print({'detect_secrets', 'phonenumbers', 'requests'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_long_commit_text_is_not_cut_through_a_secret(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    b = Builder(tmp_path / "lib")
    b.commit({"a.py": "a = 1\n"}, "Begin")
    b.commit({"a.py": "a = 2\n"}, "Say a lot (#1)\n\n" + "word " * 3995 + f"{token} and more words")
    with Store.open(tmp_path / "so.db") as store:
        collect_clone(b.finish(), store, config=CollectConfig())
        (pull,) = store.pulls()
    assert len(pull.commit_text) > 19_900
    assert token[:8] not in pull.commit_text
