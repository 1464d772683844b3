"""Deliveries: what is believed, what is refused, and that nothing hostile gets past as a crash."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.receive import webhook

BODY = json.dumps({"action": "closed", "installation": {"id": 7}, "repository": {"id": 9}}).encode()
HEADERS = {
    b"x-github-delivery": b"g-1",
    b"x-github-event": b"pull_request",
    b"content-type": b"application/json; charset=utf-8",
}


def signed(body: bytes = BODY, secret: str = "s3cret") -> dict[bytes, bytes]:
    return {**HEADERS, b"x-hub-signature-256": webhook.sign(body, secret)}


def test_a_signed_delivery_arrives() -> None:
    arrival = webhook.parse(BODY, signed(), ["s3cret"])
    assert arrival == webhook.Arrival("g-1", "pull_request", "closed", 7, 9, BODY)


def test_the_signature_is_the_documented_one() -> None:
    # The example of "Validating webhook deliveries" in the forge's own documentation.
    assert webhook.sign(b"Hello, World!", "It's a Secret to Everybody") == (
        b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


def test_two_secrets_are_valid_while_rotating() -> None:
    assert webhook.parse(BODY, signed(secret="new"), ["old", "new"])
    assert webhook.parse(BODY, signed(secret="old"), ["old", "new"])


@pytest.mark.parametrize("secrets", [[], [""], ["other"]])
def test_without_our_secret_nothing_is_believed(secrets: list[str]) -> None:
    with pytest.raises(webhook.BadSignature):
        webhook.parse(BODY, signed(secret=""), secrets)


@given(signature=st.binary())
def test_no_signature_crashes_or_passes(signature: bytes) -> None:
    with pytest.raises(webhook.BadSignature):
        webhook.verify(BODY, signature, ["s3cret"])


@given(name=st.sampled_from(sorted(HEADERS)), value=st.binary(max_size=80))
def test_no_header_crashes(name: bytes, value: bytes) -> None:
    try:
        arrival = webhook.parse(BODY, signed() | {name: value}, ["s3cret"])
    except webhook.Refused as refused:
        assert refused.status in (400, 415) and "\n" not in str(refused)
        return
    assert arrival.body == BODY and arrival.guid.isascii() and arrival.event.isascii()


@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_a_signed_body_arrives_or_is_a_bad_delivery(body: bytes) -> None:
    try:
        arrival = webhook.parse(body, signed(body), ["s3cret"])
    except webhook.BadDelivery:
        return
    assert isinstance(json.loads(body), dict) and arrival.body == body


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("id"), inner, max_size=3),
    max_leaves=12,
)
NAMES = st.sampled_from(["action", "installation", "repository", "id", "sender"])


@given(payload=st.dictionaries(NAMES, VALUES), ascii_only=st.booleans())
def test_every_object_arrives_and_is_read_as_it_says(payload: dict[str, Any], ascii_only: bool) -> None:
    body = json.dumps(payload, ensure_ascii=ascii_only).encode("utf-8", "replace")
    arrival = webhook.read("g-1", "push", body)
    kept = json.loads(body)
    assert arrival.body == body
    assert arrival.action in (None, kept.get("action"))
    for found, name in ((arrival.installation, "installation"), (arrival.repo_id, "repository")):
        thing = kept.get(name)
        said = thing.get("id") if isinstance(thing, dict) else None
        assert found == (said if type(said) is int and 0 < said < 2**63 else None)


@pytest.mark.parametrize("missing", [b"x-github-delivery", b"x-github-event"])
def test_a_missing_header_is_named(missing: bytes) -> None:
    with pytest.raises(webhook.BadDelivery, match="missing"):
        webhook.parse(BODY, {name: value for name, value in signed().items() if name != missing}, ["s3cret"])


def test_the_signature_is_looked_at_first() -> None:
    with pytest.raises(webhook.BadSignature):
        webhook.parse(b"no json", {}, ["s3cret"])


def test_one_changed_byte_is_noticed() -> None:
    with pytest.raises(webhook.BadSignature):
        webhook.parse(BODY.replace(b"closed", b"opened"), signed(), ["s3cret"])
