"""Who we are to GitHub: keys, clocks, tokens, and that none of them is ever shown."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.errors import BadCredentials, NotFound
from bot.github import Client, Forge, Timing
from bot.wire.tokens import Tokens
from tests.github.clock import Clock
from tests.github.stand_in import Repository, StandIn, faults
from tests.github.stand_in.identity import private_key

REPO = "/repos/acme/widgets"


def elliptic() -> str:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, form, plain).decode()


def public() -> str:
    key = serialization.load_pem_private_key(private_key().encode(), password=None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def encrypted() -> str:
    key = serialization.load_pem_private_key(private_key().encode(), password=None)
    form, locked = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"hush")
    return key.private_bytes(serialization.Encoding.PEM, form, locked).decode()


@pytest.mark.parametrize(
    "key",
    [
        "not a key",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n",
        private_key()[:800],
        elliptic(),
        public(),
        encrypted(),
    ],
    ids=["text", "stub", "half", "elliptic", "public", "encrypted"],
)
def test_a_bad_key_is_named_before_anything_is_asked(github: StandIn, key: str) -> None:
    with pytest.raises(BadCredentials, match="not an RSA key in PEM form; make a new one") as raised:
        Forge.connect(github.credentials(private_key=key))
    assert key[-40:] not in str(raised.value)
    assert raised.value.__cause__ is None
    assert github.requests == []


@pytest.mark.parametrize("missing", ["app_id", "private_key"])
def test_what_is_missing_is_named(github: StandIn, missing: str) -> None:
    with pytest.raises(BadCredentials, match="set SWITCHOVER_"):
        Forge.connect(github.credentials(**{missing: None}))


def test_another_app_s_key(github: StandIn) -> None:
    forge = Forge.connect(github.credentials(private_key=private_key(1)))
    with pytest.raises(BadCredentials, match=r"could not be decoded\); check the App id and that its private key"):
        forge.app().get("/app")


def test_a_wrong_app_id(github: StandIn) -> None:
    forge = Forge.connect(github.credentials(app_id=1))
    with pytest.raises(BadCredentials, match=r"Integration not found\); check the App id"):
        forge.app().get("/app")


@pytest.mark.parametrize(("skew", "words"), [(-120, r"1\d\d s ahead of"), (1000, r"\d+ s behind")])
def test_a_clock_that_is_off(github: StandIn, widgets: Repository, skew: float, words: str) -> None:
    github.skew = skew
    with Forge.connect(github.credentials()) as forge:
        for call in (lambda: forge.app().get("/app"), lambda: forge.installation(1).get(REPO)):
            with pytest.raises(BadCredentials, match=f"the clock here is {words} GitHub's; set it right"):
                call()


@pytest.mark.parametrize("skew", [-45, 45, 200])
def test_a_clock_that_is_a_little_off_is_good_enough(github: StandIn, widgets: Repository, skew: float) -> None:
    github.skew = skew
    with Forge.connect(github.credentials()) as forge:
        assert forge.installation(1).get(REPO).data["full_name"] == "acme/widgets"


def test_many_threads_mint_one_token(github: StandIn, forge: Forge, widgets: Repository) -> None:
    github.fail(faults.slow(0.1), path="/access_tokens")
    start, found = threading.Barrier(8), []

    def run() -> None:
        start.wait()
        found.append(forge.installation(1).get(REPO).data["full_name"])

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["acme/widgets"] * 8
    assert github.tokens_minted == 1


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns a thousand times as often."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_never_get_each_other_s_answers(github: StandIn, forge: Forge) -> None:
    """PyGithub's connection keeps the request in itself until it is sent."""
    names = [github.add(f"acme/r{number}").name for number in range(8)]
    wrong: list[tuple[str, str]] = []

    def run(name: str) -> None:
        for _ in range(15):
            got = forge.installation(1).get(f"/repos/{name}").data["full_name"]
            if got != name:
                wrong.append((name, got))

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_each_installation_has_its_own_token(github: StandIn, forge: Forge, widgets: Repository) -> None:
    github.add("umbrella/parts", installation=2)
    assert forge.installation(1) is forge.installation(1)
    assert forge.installation(1).token() != forge.installation(2).token()
    with pytest.raises(NotFound):
        forge.installation(2).get(REPO)


def test_a_token_is_renewed_five_minutes_before_it_ends(github: StandIn, client: Client, clock: Clock) -> None:
    first = client.token()
    clock.sleep(3600 - 310)
    assert client.token() == first
    clock.sleep(120)
    assert client.token() != first
    assert github.tokens_minted == 2


def test_a_revoked_token_is_replaced_once(github: StandIn, client: Client) -> None:
    client.get(REPO)
    github.revoke_tokens()
    assert client.get(REPO).data["full_name"] == "acme/widgets"
    assert github.tokens_minted == 2
    github.fail(faults.status(401, "Bad credentials"), path=REPO, times=9)
    with pytest.raises(BadCredentials):
        client.get(REPO)
    assert github.tokens_minted == 3


def test_a_token_may_be_asked_for_again(github: StandIn, client: Client) -> None:
    """It is a POST, and the one that is safe to repeat."""
    github.fail(faults.status(502), path="/access_tokens")
    github.fail(faults.lost_answer(), path="/access_tokens")
    assert client.get(REPO).status == 200
    assert github.tokens_minted == 3


def test_an_app_that_was_uninstalled(github: StandIn, client: Client) -> None:
    github.installations[1].removed = True
    with pytest.raises(NotFound, match="installation 1 is gone: the App was uninstalled"):
        client.get(REPO)


def test_a_jwt_is_used_until_a_minute_before_its_end(clock: Clock) -> None:
    made: list[float] = []

    def make() -> tuple[str, float]:
        made.append(clock.now())
        return f"Bearer {len(made)}", clock.now() + 300

    tokens = Tokens(make, Timing(clock.now, clock.sleep), spare=60)
    for seconds, expected in ((0, "Bearer 1"), (230, "Bearer 1"), (11, "Bearer 2"), (0, "Bearer 2")):
        clock.sleep(seconds)
        assert tokens.get() == expected
    tokens.drop("Bearer 2")
    assert tokens.get() == "Bearer 2", "a new JWT of the same key is believed no more than the old one"


def test_nothing_secret_is_logged_or_shown(
    github: StandIn, widgets: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "github"):  # PyGithub sets its own level
        caplog.set_level(logging.DEBUG, name)
    clock = Clock()
    github.fail(faults.status(422, f"what is {'ghs_' + 'x' * 40}"), path="/issues/")
    with Forge.connect(github.credentials(), timing=Timing(clock.now, clock.sleep)) as forge:
        client = forge.installation(1)
        client.get(REPO)
        with pytest.raises(Exception, match=r"what is \(secret\)") as raised:
            client.get(f"{REPO}/issues/1/comments")
        shown = f"{raised.value} {caplog.text} {client!r} {forge!r}"
        for secret in (client.token(), forge.app().token(), github.key[40:80]):
            assert secret not in shown
    assert "ghs_" not in shown


def test_the_request_says_who_we_are(github: StandIn, client: Client) -> None:
    client.get(REPO)
    headers = github.requests[-1].headers
    assert headers["user-agent"].startswith("switchover/")
    assert headers["x-github-api-version"] == "2022-11-28"
    assert headers["accept"].startswith("application/vnd.github+json")
    assert [request.headers["authorization"] for request in github.requests] == ["Bearer", "token"]
