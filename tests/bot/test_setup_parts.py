"""The parts of the setup that need no server: the form's rules, states, keys, GitHub's answer."""

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Rejected
from bot.install import pem
from bot.install.convert import registration
from bot.install.form import FormError, Wish, parse
from bot.install.lines import lines
from bot.install.states import LIFETIME_S, MOST, States
from tests.github.recordings import openapi
from tests.github.stand_in.identity import private_key

OK = {"public_url": "https://bot.acme.dev"}
KEY = private_key()


def recorded() -> dict[str, Any]:
    """The official example of an answer to a code."""
    answer = openapi()["paths"]["/app-manifests/{code}/conversions"]["post"]["responses"]["201"]
    value: dict[str, Any] = answer["content"]["application/json"]["examples"]["default"]["value"]
    return value


def test_a_form_with_the_least() -> None:
    assert parse(OK) == Wish(
        "full", "", "https://github.com", "https://api.github.com", "https://bot.acme.dev", "Switchover", "file"
    )
    assert parse(OK).new_app_url == "https://github.com/settings/apps/new"


def test_a_form_with_all() -> None:
    wish = parse({
        "profile": "observe", "organization": "acme-inc", "github": "https://ghe.acme.dev/", "name": "Ours",
        "public_url": "https://bot.acme.dev/so/webhook/", "keep": "environment",
    })  # fmt: skip
    assert wish.new_app_url == "https://ghe.acme.dev/organizations/acme-inc/settings/apps/new"
    assert wish.api_url == "https://ghe.acme.dev/api/v3"
    assert wish.webhook_url == "https://bot.acme.dev/so/webhook"
    assert (wish.profile, wish.name, wish.keep) == ("observe", "Ours", "environment")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profile", "admin"),
        ("keep", "nowhere"),
        ("organization", "a--b"),
        ("organization", "-a"),
        ("organization", "a/../settings"),
        ("organization", "x" * 40),
        ("name", "x" * 35),
        ("name", "a\nb"),
        ("github", "http://ghe.acme.dev"),
        ("github", "https://ghe.acme.dev/api/v3"),
        ("github", "javascript:alert(1)"),
        ("github", "https://evil.dev; script-src *"),
        ("github", "https://evil.dev;script-src"),
        ("github", "https://evil.dev'"),
        ("public_url", ""),
        ("public_url", "http://bot.acme.dev"),
        ("public_url", "https://127.0.0.1:99999"),
        ("public_url", "http://127.0.0.1:8000"),
        ("public_url", "https://me:pw@bot.acme.dev"),
        ("public_url", "https://bot.acme.dev?x"),
        ("public_url", "https://bot acme"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: str) -> None:
    with pytest.raises(FormError) as caught:
        parse({**OK, field: value})
    assert list(caught.value.fields) == [field]
    assert caught.value.fields[field].endswith(".")


@given(st.dictionaries(st.sampled_from(["profile", "organization", "github", "public_url", "name", "keep"]), st.text()))
def test_no_text_crashes_the_form_or_leaves_the_policy(values: dict[str, str]) -> None:
    try:
        wish = parse({**OK, **values})
    except FormError:
        return
    assert wish.web.startswith(("https://", "http://")) and not set(wish.web) & set("; '\"\n<>")


def test_a_state_is_good_once_for_its_browser_and_for_an_hour() -> None:
    time = [0.0]
    states = States(lambda: time[0])
    first, second, third = (states.begin(parse(OK)) for _ in range(3))
    assert len({first, second, third}) == 3 and min(map(len, (first, second))) == 43
    assert states.take(first, "") is None and states.take(first, second) is None and states.take("", "") is None
    assert states.take("é\ud800", "é") is None
    pending = states.take(first, first)
    assert pending and pending.wish == parse(OK)
    assert states.take(first, first) is None
    states.put_back(first, pending)
    assert states.take(first, first) == pending
    time[0] = LIFETIME_S - 1
    assert states.take(second, second)
    time[0] = LIFETIME_S
    assert states.take(third, third) is None


def test_states_do_not_pile_up() -> None:
    states = States()
    begun = [states.begin(parse(OK)) for _ in range(MOST + 1)]
    assert states.take(begun[0], begun[0]) is None and states.take(begun[1], begun[1])


def other_key(kind: str) -> str:
    plain, pkcs1, pkcs8 = NoEncryption(), PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8
    strong = rsa.generate_private_key(65537, 2048)
    made = {
        "elliptic": lambda: ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, pkcs8, plain),
        "short": lambda: rsa.generate_private_key(65537, 1024).private_bytes(Encoding.PEM, pkcs1, plain),
        "encrypted": lambda: strong.private_bytes(Encoding.PEM, pkcs8, BestAvailableEncryption(b"x")),
        "encrypted old": lambda: strong.private_bytes(Encoding.PEM, pkcs1, BestAvailableEncryption(b"x")),
        "ssh": lambda: strong.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, plain),
    }[kind]
    return made().decode()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "is empty"),
        (" \n", "is empty"),
        ("/etc/so/key.pem", "is the path of a file; give it in SWITCHOVER_PRIVATE_KEY_FILE"),
        ("LS0tLS1CRUdJTiBSU0E=", "is base64 without its '-----BEGIN' line"),
        ("hello", "is no PEM"),
        (KEY.replace("RSA PRIVATE", "PUBLIC"), "is a public key"),
        ("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----", "is a certificate"),
        (KEY[:800], "is cut off: the line '-----END RSA PRIVATE KEY-----' is missing"),
        (KEY.strip().replace("\n", ""), "is on one line"),
        (KEY[:200] + KEY[300:], "is damaged"),
        (other_key("elliptic"), "is no RSA key"),
        (other_key("short"), "has 1024 bits"),
        (other_key("encrypted"), "is encrypted with a passphrase"),
        (other_key("encrypted old"), "is encrypted with a passphrase"),
        (other_key("ssh"), "is an SSH key"),
    ],
)
def test_what_is_wrong_with_a_key_is_said_without_showing_it(text: str | None, says: str) -> None:
    found = pem.problem(text)
    assert found is not None and says in found
    assert "; " in found or "copy the whole" in found, "says what to do"
    assert KEY[100:130] not in found


def test_keys_as_github_makes_them_are_good() -> None:
    assert pem.problem(KEY) is None
    assert pem.problem(recorded()["pem"]) is None
    assert pem.problem(KEY.replace("\n", "\r\n")) is None


def test_the_official_example_of_an_answer_is_understood() -> None:
    made = registration(json.dumps(recorded()).encode(), "https://api.github.com", datetime(2026, 1, 1, tzinfo=UTC))
    assert (made.app_id, made.slug, made.html_url) == (1, "octoapp", "https://github.com/apps/octoapp")
    assert made.private_key == recorded()["pem"] and made.made_at == "2026-01-01T00:00:00Z"
    assert recorded()["webhook_secret"] not in repr(made)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "1"}, {"id": True}, {"id": 0}, {"id": None}, {"slug": "a/b"}, {"slug": None}, {"pem": "hello"},
        {"pem": None}, {"webhook_secret": None}, {"webhook_secret": ""}, {"webhook_secret": "a,b"}, {"name": 3},
        {"html_url": "javascript:alert(1)"}, {"client_id": None},
    ],
)  # fmt: skip
def test_an_answer_with_something_odd_is_refused_by_its_name(changed: dict[str, Any]) -> None:
    body = json.dumps({**recorded(), **changed}).encode()
    with pytest.raises(Rejected, match=f"no usable {next(iter(changed))}$"):
        registration(body, "https://api.github.com", datetime.now(UTC))


@given(st.binary(max_size=60) | st.sampled_from([b"[]", b"null", b"{}", b"1" * 5000, b"[" * 5000]))
def test_no_answer_crashes(body: bytes) -> None:
    with pytest.raises(Rejected):
        registration(body, "https://api.github.com", datetime.now(UTC))


def test_the_receiver_loads_neither_pygithub_nor_cryptography_for_the_page() -> None:
    code = "import sys, bot.install.setup; print(sorted({'github', 'cryptography'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_lines_are_read_by_a_shell_as_they_were_meant() -> None:
    made = registration(json.dumps({**recorded(), "pem": KEY}).encode(), "https://api.github.com", datetime.now(UTC))
    words = dict(word.split("=", 1) for word in shlex.split(lines(made)))
    assert words["SWITCHOVER_PRIVATE_KEY"].replace("\\n", "\n") == KEY.strip()
    assert words["SWITCHOVER_WEBHOOK_SECRET"] == recorded()["webhook_secret"]
    assert words["SWITCHOVER_APP_ID"] == "1" and lines(made).count("\n") == 4
