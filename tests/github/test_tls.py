"""An API behind a certificate of the organisation's own, as Enterprise Servers have."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from bot.errors import Unavailable
from bot.github import Forge, Timing
from tests.github.clock import Clock
from tests.github.stand_in import StandIn
from tests.github.stand_in.identity import private_key


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1, signed by itself; its key beside it in the same file."""
    key = serialization.load_pem_private_key(private_key().encode(), password=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[arg-type]
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    path = tmp_path / "own.pem"
    path.write_text(made.public_bytes(serialization.Encoding.PEM).decode() + private_key(), encoding="ascii")
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def test_its_authority_is_named_by_the_environment(
    certificate: Path, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with StandIn("/api/v3", tls=context) as github, Forge.connect(github.credentials()) as forge:
        github.add("acme/widgets", pulls=1)
        client = forge.installation(forge.installation_of("acme/widgets"))
        assert github.url.startswith("https://")
        assert client.query("{ viewer { login } }", {}) == {"viewer": {"login": "switchover[bot]"}}
        assert client.write("POST", "/repos/acme/widgets/issues/1/comments", {"body": "x"}).status == 201
        github.rename(github.repositories[0], "acme/gadgets")
        assert client.get("/repos/acme/widgets").data["full_name"] == "acme/gadgets"


def test_one_that_is_not_known_is_not_believed(context: ssl.SSLContext) -> None:
    clock = Clock()
    with StandIn(tls=context) as github:
        forge = Forge.connect(github.credentials(), timing=Timing(clock.now, clock.sleep))
        with pytest.raises(Unavailable, match=r"CERTIFICATE_VERIFY_FAILED.*REQUESTS_CA_BUNDLE"):
            forge.app().get("/app")
        assert github.requests == []
