"""What is wrong with a private key, found without asking anybody. Never shows any of it."""

from __future__ import annotations

import re

BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")

WRONG_KIND = {
    "PUBLIC KEY": "is a public key; give the private key, the .pem file that GitHub lets you download once",
    "RSA PUBLIC KEY": "is a public key; give the private key, the .pem file that GitHub lets you download once",
    "CERTIFICATE": "is a certificate; give the private key, the .pem file that GitHub lets you download once",
    "OPENSSH PRIVATE KEY": "is an SSH key; give the .pem file that GitHub lets you download once",
    "ENCRYPTED PRIVATE KEY": "is encrypted with a passphrase; take it off: openssl rsa -in KEY.pem -out PLAIN.pem",
}

LEAST_BITS = 2048


def problem(text: str | None) -> str | None:
    """What is wrong with the PEM ``text`` and what to do, to stand after "the key"; None when it parses."""
    text = (text or "").strip()
    if not text:
        return "is empty; give the .pem file that GitHub lets you download once"
    begin = BEGIN.search(text)
    if begin is None:
        return _no_begin(text)
    label = begin[1]
    if label in WRONG_KIND:
        return WRONG_KIND[label]
    if "Proc-Type: 4,ENCRYPTED" in text:
        return WRONG_KIND["ENCRYPTED PRIVATE KEY"]
    if f"-----END {label}-----" not in text:
        return f"is cut off: the line '-----END {label}-----' is missing; copy the whole .pem file"
    if "\n" not in text:
        return "is on one line; keep its line ends, or write each as \\n"
    return _unparsed(text)


def _no_begin(text: str) -> str:
    if text.endswith(".pem") and "\n" not in text:
        return "is the path of a file; give it in SWITCHOVER_PRIVATE_KEY_FILE"
    if text.startswith(("LS0tLS1CRUdJTi", "TUlJ", "MII")):
        return "is base64 without its '-----BEGIN' line; give the .pem file as it is"
    return "is no PEM: the line '-----BEGIN RSA PRIVATE KEY-----' is missing; give the .pem file as GitHub made it"


def _unparsed(text: str) -> str | None:
    from cryptography.exceptions import UnsupportedAlgorithm  # costs 100 ms that the receiver need not pay
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "is damaged: its lines do not decode to a key; copy the .pem file again, or make a new key on GitHub"
    if not isinstance(key, RSAPrivateKey):
        return "is no RSA key, and GitHub signs Apps in with RSA; make a key on the App's settings page"
    if key.key_size < LEAST_BITS:
        return f"has {key.key_size} bits, GitHub's have {LEAST_BITS}; make a key on the App's settings page"
    return None
