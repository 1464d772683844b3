"""A labelled corpus: texts as issues hold them, with a secret or a person's data in each, and innocent ones beside.

None is real. Everything random is drawn here, so that no scanner finds a secret in this file; shapes
are the vendors' own.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass

HEX, LOWER, UPPER = "0123456789abcdef", string.ascii_lowercase + string.digits, string.ascii_uppercase + string.digits
ALL, WORD = string.ascii_letters + string.digits, string.ascii_letters + string.digits + "_-"


@dataclass(frozen=True)
class Planted:
    """A text and what must leave it."""

    what: str
    text: str
    secret: str
    kind: str = "token"
    """The mark that must stand in its place."""
    is_all: bool = True
    """False when more than ``secret`` goes with it."""


class Draw:
    """Random material, the same in every run."""

    def __init__(self, seed: int = 20261125) -> None:
        self._random = random.Random(seed)

    def of(self, letters: str, length: int) -> str:
        """With a digit and a letter in it, as any real one of that length has."""
        text = "".join(self._random.choices(letters, k=length - 2))
        return f"{self._random.choice('23456789')}{text}{self._random.choice([x for x in letters if x.isalpha()])}"

    def uuid(self) -> str:
        return "-".join(self.of(HEX, length) for length in (8, 4, 4, 4, 12))

    def jwt(self) -> str:
        head, body = (
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in ({"alg": "HS256", "typ": "JWT"}, {"sub": self.of(HEX, 12), "iat": 1700000000})
        )
        return f"{head}.{body}.{self.of(WORD, 43)}"


def shapes(draw: Draw) -> Iterator[tuple[str, str]]:
    """Tokens that are known by their shape."""
    of = draw.of
    for kind in "pousr":
        yield f"GitHub gh{kind}", f"gh{kind}_{of(ALL, 36)}"
    yield "GitHub, long installation token", f"ghs_{of(string.digits + 'a', 7)}_{draw.jwt()}"
    yield "GitHub, fine-grained", f"github_pat_{of(ALL, 22)}_{of(ALL, 59)}"
    for kind in ("glpat", "gldt", "glrt", "glft", "glsoat"):
        yield f"GitLab {kind}", f"{kind}-{of(WORD, 20)}"
    yield "GitLab trigger", f"glptt-{of(HEX, 40)}"
    yield "GitLab job", f"glcbt-64_{of(WORD, 20)}"
    yield "GitLab runner registration", f"GR1348941{of(WORD, 20)}"
    yield "AWS key id", f"AKIA{of(UPPER, 16)}"
    yield "AWS key id, temporary", f"ASIA{of(UPPER, 16)}"
    yield "Google API key", f"AIza{of(WORD, 35)}"
    yield "Google OAuth secret", f"GOCSPX-{of(WORD, 28)}"
    yield "Google access token", f"ya29.{of(WORD, 60)}"
    yield "Slack bot", f"xoxb-{of(string.digits + 'a', 12)}-{of(ALL, 24)}"
    yield "Slack app", f"xapp-1-A{of(UPPER, 10)}-{of(string.digits + 'a', 13)}-{of(HEX, 64)}"
    yield "Slack webhook", f"hooks.slack.com/services/T{of(UPPER, 9)}/B{of(UPPER, 9)}/{of(ALL, 24)}"
    yield "Discord bot", f"MTk4{of(ALL, 20)}.{of(ALL, 6)}.{of(WORD, 27)}"
    yield "Discord webhook", f"discord.com/api/webhooks/1234567890/{of(WORD, 60)}"
    yield "Telegram bot", f"1234567890:AA{of(WORD, 33)}"
    yield "Twilio", f"SK{of(HEX, 32)}"
    yield "SendGrid", f"SG.{of(WORD, 22)}.{of(WORD, 43)}"
    yield "Mailgun", f"key-{of(HEX, 32)}"
    yield "Mailchimp", f"{of(HEX, 32)}-us12"
    yield "Brevo", f"xkeysib-{of(HEX, 64)}-{of(ALL, 16)}"
    yield "Stripe", f"sk_live_{of(ALL, 24)}"
    yield "Stripe, restricted", f"rk_live_{of(ALL, 24)}"
    yield "Stripe webhook", f"whsec_{of(ALL, 32)}"
    yield "Square", f"sq0csp-{of(WORD, 43)}"
    yield "Shopify", f"shpat_{of(HEX, 32)}"
    yield "npm", f"npm_{of(ALL, 36)}"
    yield "PyPI", f"pypi-AgEIcHlwaS5vcmc{of(WORD, 80)}"
    yield "RubyGems", f"rubygems_{of(HEX, 48)}"
    yield "crates.io", f"cio{of(ALL, 32)}"
    yield "Docker Hub", f"dckr_pat_{of(WORD, 27)}"
    yield "Hugging Face", f"hf_{of(string.ascii_letters, 34)}"
    yield "OpenAI", f"sk-{of(ALL, 20)}T3BlbkFJ{of(ALL, 20)}"
    yield "OpenAI, project", f"sk-proj-{of(WORD, 74)}T3BlbkFJ{of(WORD, 74)}"
    yield "Anthropic", f"sk-ant-api03-{of(WORD, 93)}AA"
    yield "Groq", f"gsk_{of(ALL, 52)}"
    yield "Perplexity", f"pplx-{of(ALL, 48)}"
    yield "Replicate", f"r8_{of(ALL, 37)}"
    yield "Databricks", f"dapi{of(HEX, 32)}"
    yield "DigitalOcean", f"dop_v1_{of(HEX, 64)}"
    yield "Heroku", f"HRKU-AA{of(WORD, 58)}"
    yield "Linear", f"lin_api_{of(ALL, 40)}"
    yield "Notion", f"ntn_{of(string.digits + 'a', 11)}{of(ALL, 35)}"
    yield "Figma", f"figd_{of(WORD, 40)}"
    yield "Airtable", f"pat{of(ALL, 14)}.{of(HEX, 64)}"
    yield "Atlassian", f"ATATT3{of(WORD, 180)}"
    yield "Postman", f"PMAK-{of(HEX, 24)}-{of(HEX, 34)}"
    yield "New Relic", f"NRAK-{of(UPPER, 27)}"
    yield "Sentry", f"sntryu_{of(HEX, 64)}"
    yield "Grafana", f"glsa_{of(ALL, 32)}_{of(HEX, 8)}"
    yield "Vault", f"hvs.{of(WORD, 95)}"
    yield "Terraform Cloud", f"{of(ALL, 14)}.atlasv1.{of(WORD, 64)}"
    yield "Pulumi", f"pul-{of(HEX, 40)}"
    yield "Doppler", f"dp.pt.{of(ALL, 43)}"
    yield "Azure AD secret", f"{of(ALL, 3)}8Q~{of(ALL, 34)}"
    yield "age", f"AGE-SECRET-KEY-1{of(UPPER, 58)}"
    yield "JWT", draw.jwt()


def planted() -> list[Planted]:
    """All of them; each shape in another sentence."""
    draw = Draw()
    sentences = ("It fails with {} here.", "```\nexport X={}\n```", '{{"value": "{}"}}', "log: using `{}`, retrying")
    found = [
        Planted(what, sentences[number % len(sentences)].format(secret), secret)
        for number, (what, secret) in enumerate(shapes(draw))
    ]
    return found + list(_in_places(draw)) + list(_labelled(draw)) + list(_people())


def _in_places(draw: Draw) -> Iterator[Planted]:
    of, body = draw.of, "\n".join(draw.of(ALL + "+/", 64) for _ in range(4))
    for name in ("RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""):
        begin, end = (f"-----{word} {name}PRIVATE KEY-----" for word in ("BEGIN", "END"))
        yield Planted(f"{name}private key", f"my key:\n{begin}\n{body}\n{end}\nthanks", body, "private_key", False)
    begin = "-----BEGIN " + "PRIVATE KEY-----"
    yield Planted("private key cut off", f"{begin}\n{body}\n\nThat is all I have.", body, "private_key", False)
    yield Planted(
        "private key in JSON",
        json.dumps({"private_key": f"{begin}\n{body}\n"}),
        body.split("\n")[2],
        "private_key",
        False,
    )
    yield Planted("PuTTY key", f"Private-Lines: 4\n{body}\nPrivate-MAC: 00", body, "private_key", False)
    secret = of(ALL, 12)
    yield Planted("URL", f"postgres://app:{secret}@db.internal:5432/app", secret, "password", False)
    user = of(HEX, 40)
    yield Planted("URL with a token as user", f"https://{user}@example.org/x.git", user)
    yield Planted("bearer", f"Authorization: Bearer {of(WORD, 40)}", "Bearer 2", is_all=False)
    encoded = base64.b64encode(f"ada:{secret}".encode()).decode()
    yield Planted("basic", f"authorization: Basic {encoded}", encoded)
    yield Planted("cookie", f"Cookie: theme=dark-mode; sessionid={of(LOWER, 32)}", "sessionid=", is_all=False)
    yield Planted("signed URL", f"https://x.blob.core.windows.net/a?sv=2022&sig={of(ALL, 43)}%3D", "%3D", is_all=False)
    yield Planted("curl", f"curl -s -u ada:{secret} https://ci.example.org/job", secret, "password")
    yield Planted("netrc", f"machine git.example.org login ada password {secret}", secret, "password")
    yield Planted("password hash", f"root:$6$saltsalt${of(ALL, 86)}:19000:0", "$6$saltsalt$", "password", False)
    key = of(LOWER, 44)
    yield Planted("IBM Cloud, by the library", f"ibm_cloud_key: {key}", key)
    key = of(LOWER, 64)
    yield Planted("SoftLayer, by the library", f'softlayer_key = "{key}"', key)


def _labelled(draw: Draw) -> Iterator[Planted]:
    word, key = draw.of(ALL, 10), draw.of(ALL, 40)
    for form in (
        "password: {}", "DB_PASSWORD={}", "passwd = '{}'", '"password": "{}"', "pwd:={}", "the password is `{}`",
        ":password => '{}'", "<password>{}</password>", '<add key="Password" value="{}" />', "mysql_pass = '{}'",
        "Server=x;Password={};Timeout=3", "- name: DB_PASSWORD\n  value: {}", "secret: {}", "tool --password {} run",
        "api_key={}",
    ):  # fmt: skip
        yield Planted(f"labelled: {form}", form.format(word), word, "password")
    for form in (
        "token: {}", 'ACCESS_TOKEN="{}"', "X-Auth-Token: {}", "?access_token={}&x=1", "client_key = '{}'",
        "AccountKey={}==", "aws_session_token={}", '"auth": "{}"', "signature={}", "credentials: {}",
        "//registry.example.org/:_authToken={}",
    ):  # fmt: skip
        kind = (
            "password"
            if "access_token" not in form.lower() and ("auth" in form.lower() and "oken" in form)
            else "token"
        )
        yield Planted(f"labelled: {form}", form.format(key), key, kind, "==" not in form)


def _people() -> Iterator[Planted]:
    """Numbers out of the ranges that are kept free for examples where there are such."""
    for text in ("<{}>", "Co-authored-by: Ada <{}>", "mail {}, please", "mailto:{}?x=1", "email={}"):
        yield Planted(f"e-mail in {text}", text.format("ada.l+x@mail.example.org"), "ada.l+x@mail.example.org", "email")
    yield Planted("e-mail with letters of its own", "an jürgen@müller.example", "jürgen@müller.example", "email")
    for number in ("+1 202-555-0143", "+44 20 7946 0018", "+49 30 23125001", "+12025550143"):
        yield Planted(f"telephone {number}", f"Call me at {number} today", number, "phone")
    yield Planted("telephone by its label", "Phone: (030) 23125001", "(030) 23125001", "phone")
    yield Planted("telephone in a link", "tel:030-23125001", "030-23125001", "phone")
    for number in ("4111 1111 1111 1111", "5555555555554444", "3782-822463-10005", "378282246310005"):
        yield Planted(f"card {number}", f"paid with {number}.", number, "card")
    for number in ("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606"):
        yield Planted(f"account {number}", f"IBAN {number} BIC X", number, "iban")
    yield Planted("social security number", "SSN: 219-09-9999", "219-09-9999", "ssn")
    for text in (
        "{} - - [10/Oct/2025:13:55:36] GET /",
        "from host {}:22",
        "ping {}",
        "http://{}/x",
        "X-Forwarded-For: {}",
    ):
        yield Planted(f"address in {text}", text.format("93.184.216.34"), "93.184.216.34", "ip")
    yield Planted("address of small numbers", "client: 5.9.12.7, server: x", "5.9.12.7", "ip")
    yield Planted("address of version 6", "peer 2a00:1450:4001:82f::200e sent", "2a00:1450:4001:82f::200e", "ip")


_LINES = r"""
0123456789abcdef0123456789abcdef01234567 fixes it
Merge commit '9fceb02d0ae598e95dc970b74767f19372d61af8'
sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
md5 d41d8cd98f00b204e9800998ecf8427e of the empty file
integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==
uuid 123e4567-e89b-12d3-a456-426614174000
![image](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)
https://github.com/owner/name/commit/9fceb02d0ae598e95dc970b74767f19372d61af8#diff-0123456789abcdef
https://example.org/a/b?c=d&page=2#section-3
git@github.com:owner/name.git
uses: actions/checkout@v4.1.7
pip install pkg@git+https://github.com/o/n.git@v1.2.x
icon@2x.png and logo@3x.jpeg
getty@tty1.service failed
vue@3.0.0-rc.one, react@18.2.0
@pytest.fixture and user@host
thanks @octocat, cc @org/team
version 1.2.3.4 to 1.2.3.5
upgraded from 10.0.19041.1 to 121.0.0.0
Chrome/120.0.64.99 Safari/537.36
numpy==1.26.4.99 requires v2.40.50.60
listening on 127.0.0.1:8000, 0.0.0.0, 192.168.1.17, 10.1.2.3, 169.254.169.254
the documentation has 192.0.2.44 and 2001:db8::1
subnet 52.93.0.0/16
OID 1.3.6.1.4.1.311
std::cout << a::b::c; 12:34:56; ::1
MAC 3c:22:fb:9a:01:02
#12345, #1234567890
2025-01-31T12:34:56+00:00 and 2025-01-31 12:34:56 +0200
took 1700000000123456 ns, id 1234567890123456
snowflake 4000000000000001
+1234 -567 lines, +1, -1
a + 4915112345 is not a number
@@ -12,7 +12,9 @@ def main():
1_000_000_000_000_000
0x7fffdeadbeef1234 at 0000000000401136
call 555-0143, order 2025-0001-0002-0003
DE89 3704 0044 0532 0130 01 has a wrong digit
ABCD12345678901234567890
serial 123-45-6789
the password is checked in auth.py
password = getpass.getpass()
password=os.environ["PASSWORD"], token = response.json()["token"]
api_key = os.environ
api_key="YOUR_API_KEY"
"password": "password", "secret": "string"
password: ${{ secrets.PASSWORD }}
password: <your password>, password: ********
TOKEN: xxxxxxxxxxxxxxxxxxxxxxxx
password: "Enter your new password"
if password != confirm_password:
PASSWORD_RESET_TIMEOUT = 259200
password_validators = 'django.contrib.auth'
secretKeyRef: {name: db-secret, key: url}
secret_name = "projects/1/secrets/db"
def set_password(self, raw_password): ...
pwd: /home/ada/work2/project
token_type: "Bearer", expires_in: 3600
tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased-v2")
max_tokens=4096, pad_token_id=50256, num_tokens: 128000
eos_token: "<|endoftext|>"
token_endpoint=https://login.example.org/0123456789abcdef/oauth2
cache_key = f"{user}:{page}"
private_key_path = /etc/ssl/private/site1.pem
primary_key=True, foreign_key: users.id1
signature: def f(a: int, b: str) -> None
session_id is None
Bearer authentication is required
Authorization: Bearer $TOKEN
authorization: required
curl -u "$USER:$PASSWORD" https://x
docker run -u 1000:1000 image
cookie: a small text file
ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx is what one looks like
sk-learn-compatible-estimators-are-here, sk-ecdsa-sha2-nistp256@openssh
hf_hub_download, npm_config_registry, key-value-store-with-a-long-name
AC and SK, ACCESS_CONTROL, SKIP_TESTS
obj.attribute.someVeryLongMethodName(), s.compute_something_very_long()
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5bq7mZ0W5T8S0Y4l2k7gq5m3J2m0T3 key
-----BEGIN PUBLIC KEY----- and -----BEGIN CERTIFICATE-----
expected "-----BEGIN RSA PRIVATE KEY-----" at line 1, got something else; see the documentation
cost is $5$ or $6$ a month
"""

INNOCENT = tuple(_LINES.strip().splitlines())
"""One a line: what a scanner may take for a secret or a person and must not."""
