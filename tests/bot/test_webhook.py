"""Deliveries: what is believed, what is refused, and that nothing hostile gets past as a crash."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.receive import webhook

BODY = json.dumps({"action": "closed", "pull_request": {"merged": True}}).encode()
HEADERS = {"x-github-delivery": "g-1", "x-github-event": "pull_request"}


def signed(body: bytes = BODY, secret: str = "s3cret", **changed: str) -> dict[str, str]:
    return {**HEADERS, "x-hub-signature-256": webhook.sign(body, secret).decode(), **changed}


def test_a_signed_delivery_is_an_event() -> None:
    event = webhook.parse(BODY, signed(), ["s3cret"])
    assert (event.guid, event.name, event.action) == ("g-1", "pull_request", "closed")
    assert event.payload["pull_request"]["merged"] is True


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


@given(signature=st.none() | st.text())
def test_no_signature_text_crashes_or_passes(signature: str | None) -> None:
    with pytest.raises(webhook.BadSignature):
        webhook.verify(BODY, signature, ["s3cret"])


@given(body=st.binary(max_size=60))
def test_a_signed_body_is_an_event_or_a_bad_delivery(body: bytes) -> None:
    try:
        event = webhook.parse(body, signed(body), ["s3cret"])
    except webhook.BadDelivery:
        return
    assert isinstance(json.loads(body), dict) and event.guid == "g-1"


@pytest.mark.parametrize("missing", ["x-github-delivery", "x-github-event"])
def test_a_missing_header_is_named(missing: str) -> None:
    with pytest.raises(webhook.BadDelivery, match="missing"):
        webhook.parse(BODY, signed(**{missing: ""}), ["s3cret"])


def test_one_changed_byte_is_noticed() -> None:
    with pytest.raises(webhook.BadSignature):
        webhook.parse(BODY.replace(b"closed", b"opened"), signed(), ["s3cret"])
