"""What tells who a person is, or how to reach them: addresses and numbers. Pure.

Not covered: names, postal addresses, dates of birth, login names, MAC addresses.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from pipeline.collect.redact.rules import Rule, rule, whole

_EMAIL = (
    # git@host:owner/name is a place, not a person; x@2.0.1-rc.one is a version; icon@2x.png a picture.
    r"(?u:\w(?<![\w.+%-]\w)(?<!/\w)(?!(?:it|g|vn)@)[\w.+%-]{0,63}@(?!\d+\.\d+\.)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w]))"
)
_NO_DOMAIN = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|ico|css|js|json|html|service|socket|timer|mount|target|slice)$", re.I
)

_PHONE = r"(?<![\w+./-])\+\d(?:[ ()./-]{0,2}\d){6,14}(?!\w)"
_PHONE_LABELS = ("tel", "phone", "mobile", "cell", "fax", "whatsapp")
_LABELLED_PHONE = (
    r"(?<![a-z])(?:tele|cell)?(?:tel|phone|mobile|cell|fax|whatsapp)(?:[_ -]?(?:number|no|nr|num)\.?)?[\"']?"
    r"\s{0,3}[:=#]\s{0,3}[\"']?(?P<secret>[\d(+](?:[ ()./-]{0,2}\d){6,14})(?!\w)"
)
_CARD = (
    r"[2-6](?<![\w.+/-]\d)(?:\d{3}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{4}"
    r"|[47]\d\d(?P<space>[ -])\d{6}(?P=space)\d{5}|[47]\d{13}|\d{15})(?![\w-]|\.\d)"
)
_CARD_PREFIX = re.compile(r"4|5[1-5]|2(?:2[2-9]|[3-6]|7[01]|720)|3[47]|35(?:2[89]|[3-8])|6(?:011|4[4-9]|5|2)")
_IBAN = r"[A-Z](?<![\w-][A-Z])[A-Z]\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])"
_IBAN_COUNTRIES = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 "
    "SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTHS = {word[:2]: int(word[2:]) for word in _IBAN_COUNTRIES.split()}
"""Characters of an account number, by country."""
_SSN = r"(?:ssn|social security(?: (?:number|no\.?))?)[\"']?\W{0,4}(?P<secret>\d{3}-\d\d-\d{4})(?!\w)"
_IPV4 = r"\d(?<![\w.]\d)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}(?![\w-]|\.\d)"
_IPV6 = r"[23](?<![\w:.][23])[0-9a-fA-F]{3}:(?:[0-9a-fA-F]{0,4}:){2,6}[0-9a-fA-F]{0,4}(?![\w:])"
_VERSION_BEFORE = re.compile(
    r"(?:\bv|version|release|upgraded?|[=~<>^]=|[\w-]-|\w/|\bto)[\s\"'`:]{0,3}$", re.IGNORECASE
)
_ADDRESS_BEFORE = re.compile(
    r"(?:\bip|addr|address|host|peer|client|remote|forwarded|server|gateway|nameserver|dns|ping|ssh|connect\w*|//)\W{0,3}"
    r"(?:to |from |is |at |of )?\W{0,2}$",
    re.IGNORECASE,
)
_RESOLVERS = frozenset(("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "1.2.3.4", "4.3.2.1"))

_CONTEXT = 40
"""Characters before a number that tell whether it is an address or a version."""


def people_rules() -> Iterator[Rule]:
    """All of them."""
    yield rule("email", _EMAIL, measure=_email, needs=r"@(?<=\w@)\w")
    yield rule("phone", _PHONE, ("+",), _phone)
    yield rule("phone", _LABELLED_PHONE, _PHONE_LABELS, _labelled_phone, any_case=True)
    yield rule("card", _CARD, measure=_card)
    yield rule("iban", _IBAN, measure=_iban)
    yield rule("ssn", _SSN, ("ssn", "social security"), any_case=True)
    yield rule("ip", _IPV4, measure=_ipv4)
    yield rule("ip", _IPV6, measure=_ipv6, needs="::|:[0-9a-fA-F]{1,4}:")


def _email(found: re.Match[str]) -> int:
    address = found["secret"]
    return 0 if _NO_DOMAIN.search(address) or ".git@" in address else len(address)


def _phone(found: re.Match[str]) -> int:
    import phonenumbers  # its tables take 30 ms to load, and most texts have no number

    try:
        number = phonenumbers.parse(found["secret"], None)
    except phonenumbers.NumberParseException:
        return 0
    return len(found["secret"]) if phonenumbers.is_valid_number(number) else 0


def _labelled_phone(found: re.Match[str]) -> int:
    is_date = re.match(r"\d{4}([./-])\d\d\1\d\d", found["secret"])
    return 0 if is_date else whole(found)


def _card(found: re.Match[str]) -> int:
    digits = re.sub(r"\D", "", found["secret"])
    return len(found["secret"]) if _CARD_PREFIX.match(digits) and len(set(digits)) > 1 and _luhn(digits) else 0


def _luhn(digits: str) -> bool:
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(twice - 9 * (twice > 9) for twice in doubled)) % 10 == 0


def _iban(found: re.Match[str]) -> int:
    """A word may follow in the same style: the country says how long the number is."""
    wanted = _IBAN_LENGTHS.get(found["secret"][:2], 0)
    places = [place for place, letter in enumerate(found["secret"]) if letter != " "]
    if not wanted or len(places) < wanted:
        return 0
    end = places[wanted - 1] + 1
    number = found["secret"][:end].replace(" ", "")
    ends_here = not found["secret"][end : end + 1].isalnum()
    return end if ends_here and int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1 else 0


def _ipv4(found: re.Match[str]) -> int:
    """Public addresses. Four small numbers are an address only where the words before say so."""
    if found["secret"] in _RESOLVERS or not _is_public(found["secret"]) or _is_network(found):
        return 0
    before = found.string[max(0, found.start() - _CONTEXT) : found.start()]
    if not _ADDRESS_BEFORE.search(before):
        large = sum(int(part) >= 32 for part in found["secret"].split("."))
        if large < 2 or _VERSION_BEFORE.search(before):
            return 0
    return whole(found)


def _is_network(found: re.Match[str]) -> bool:
    return bool(re.match(r"/(?:[0-9]|[12]\d)\b", found.string[found.end() : found.end() + 3]))


def _ipv6(found: re.Match[str]) -> int:
    return len(found["secret"]) if _is_public(found["secret"]) else 0


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
