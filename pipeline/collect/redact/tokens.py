"""Keys and tokens that are known by their shape alone. Pure.

The shapes are public: vendors give their tokens a prefix so that scanners find them. Those of
gitleaks (MIT) and of detect-secrets (Apache-2.0) were read for what is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.collect.redact.rules import Rule, rule

_BEFORE = r"(?<![A-Za-z0-9+])"
_NO_EXAMPLE = r"(?!(.)\2{5})"
"""ghp_xxxxxx is somebody explaining what a token looks like."""
_DIGIT = r"(?=\S{0,60}?\d)"

_BY_PREFIX: dict[str, str] = {
    # What follows, and the prefixes that it follows. Lengths are lower bounds: vendors lengthen their tokens.
    r"[\w-]{16,}(?:\.[\w-]{6,})*": (
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- glft- glsoat- glrt- glcbt- glptt- glagent- gloas- glimt- "
        "glffct- GR1348941"
    ),
    _DIGIT + r"[\w-]{10,}": "xoxa- xoxb- xoxe- xoxp- xoxr- xoxs- xoxe.xoxb- xoxe.xoxp- xapp-",
    _DIGIT + r"[\w.-]{20,}(?<!\.)": (
        "hvs. hvb. hvr. ya29. pscale_tkn_ pscale_oauth_ pscale_pw_ tfp_ dp.pt. dp.st. dp.ct. dp.sa. nvapi- lsv2_pt_ "
        "lsv2_sk_"
    ),
    _DIGIT + r"[\w-]{20,}": (
        "sk-ant- sk-proj- sk-svcacct- sk-admin- sk-or- sk-lf- GOCSPX- dckr_pat_ dckr_oat_ figd_ figo_ figu_ NRAK- "
        "NRII- NRJS- sq0csp- sq0atp- sq0idp- pypi-AgE duffel_live_ duffel_test_ PMAK- HRKU- fo1_ tk-us- fio-u- dnkey- "
        "FLWSECK_TEST- FLWPUBK_TEST- sgp_ tgp_v1_ bedrock-api-key-"
    ),
    r"[A-Za-z0-9]{32,}(?!\w)": "npm_ hf_ api_org_ gsk_ r8_ xai- pplx- p8e- ntn_ _gitlab_session=",
    _DIGIT + r"[A-Za-z0-9]{16,}(?!\w)": (
        "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ sm_aat_ sm_pat_ sm_sat_ lin_api_ lin_oauth_ ico- pnu_ "
        "CLOJARS_ EZAK EZTK AKCp cmVmd LTAI rdme_ rubygems_"
    ),
    r"[a-fA-F0-9]{32,}": (
        "dapi shpat_ shpca_ shppa_ shpss_ pul- key- pubkey- sntryu_ shippo_live_ shippo_test_ dop_v1_ doo_v1_ dor_v1_"
    ),
    _DIGIT + r"[\w+/=-]{30,}": (
        "glsa_ glc_ sntrys_ whsec_ ATATT3 ATCTT3 ATBB ABSK fm1r_ fm1a_ fm2_ ops_eyJ sha256~ eyJrIjoi AIza"
    ),
}

_BY_START: dict[str, str] = {
    # The shape, and how it may start.
    r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])": "A3T ABIA ACCA AKIA ASIA",
    r"sk-(?=[A-Za-z]{0,60}\d)[A-Za-z0-9]{32,}": "sk-",
    r"eyJ[\w-]{10,}+\.(?:eyJ[\w-]{8,}+|[\w-]{10,}+(?=\.))(?:\.[\w-]*+){0,3}": "eyJ",
    r"SG\.[\w-]{16,}+\.[\w-]{16,}": "SG.",
    r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}": "xkeysib-",
    r"xoxo-\d[\w-]{9,}": "xoxo-",
    r"(?:AC|SK)(?:[a-f0-9]{32}|[A-F0-9]{32})(?!\w)": "AC SK",
    r"s\.(?=[A-Za-z]{0,23}\d)[A-Za-z0-9]{24}(?!\w)": "s.",
    r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}": "pat",
    r"(?:pat|sat)\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}": "pat. sat.",
    r"dt0[a-z]\d\d\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}": "dt0",
    r"AGE-SECRET-KEY-1[0-9A-Z]{58}": "AGE-SECRET-KEY-1",
    r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}": "A3-",
    r"API-[A-Z0-9]{26}(?!\w)": "API-",
    r"EAA[ACM][\w-]{50,}": "EAAA EAAC EAAM",
    r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}": "v1.0-",
    r"cio[A-Za-z0-9]{32}(?!\w)": "cio",
    r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w+/-]{20,}": "hooks.slack.com/",
    r"discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}": "discord.com/ discordapp.com/",
}

_ANYWHERE: dict[str, str] = {
    # Shapes without a start of their own, and what a text must hold to be searched for them. First a character, then
    # that nothing stands before it: so re need not look behind at every place.
    r"[MNO](?<![A-Za-z0-9+]\w)[DTjz][\w-]{22,24}\.[\w-]{6}\.[\w-]{27,38}(?!\w)": ".",
    r"\d(?<!\w\d)\d{7,9}:A[\w-]{34}(?!\w)": ":A",
    r"\d(?<!\w\d)\d{14,15}\|[\w-]{27,40}(?!\w)": "|",
    r"[a-f0-9](?<!\w\w)[a-f0-9]{31}-us\d{1,2}(?!\w)": "-us",
    r"[\w~.](?<![\w~.]{2})[\w~.]{2}\dQ~[\w~.-]{31,34}": "Q~",
    r"[A-Za-z0-9](?<!\w\w)[A-Za-z0-9]{13}\.atlasv1\.[\w=-]{60,}": ".atlasv1.",
    r"[A-Za-z0-9](?<!\w\w)[A-Za-z0-9]{5}_[A-Za-z0-9]{29}_mmk(?!\w)": "_mmk",
    r"[a-z0-9](?<!\w\w)[a-z0-9]{0,62}\.webhook\.office\.com/webhookb2/[\w@/-]{20,}": ".webhook.office.com/",
}


def token_rules() -> Iterator[Rule]:
    """All of them."""
    for follows, prefixes in _BY_PREFIX.items():
        starts = "|".join(map(re.escape, prefixes.split()))
        yield rule("token", f"{_BEFORE}(?P<secret>(?:{starts}){_NO_EXAMPLE}{follows})", prefixes.split(), is_word=True)
    for shape, starts in _BY_START.items():
        yield rule("token", f"{_BEFORE}(?P<secret>{shape})", starts.split(), is_word=True)
    for shape, needed in _ANYWHERE.items():
        yield rule("token", shape, needs=re.escape(needed))
