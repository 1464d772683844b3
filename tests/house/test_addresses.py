"""Where a GitHub answers: each of its two addresses from the other, and what is refused as an address."""

import pytest

from pipeline.addresses import GITHUB_API, api_base, api_of, web_of
from pipeline.errors import InputError

PAIRS = [
    ("https://github.com", "https://api.github.com"),
    ("https://ghe.acme.dev", "https://ghe.acme.dev/api/v3"),
    ("https://ghe.acme.dev:8443", "https://ghe.acme.dev:8443/api/v3"),
    ("https://acme.ghe.com", "https://api.acme.ghe.com"),
    ("http://127.0.0.1:4010", "http://127.0.0.1:4010/api/v3"),
]


@pytest.mark.parametrize(("web", "api"), PAIRS)
def test_each_address_gives_the_other(web: str, api: str) -> None:
    assert api_of(web, "GitHub") == api
    assert web_of(api) == web
    assert api_base(api, "URL") == api


def test_an_enterprise_host_named_api_is_its_own_web_address() -> None:
    assert web_of("https://api.acme.dev/api/v3") == "https://api.acme.dev"


def test_a_mock_on_this_machine_needs_no_path() -> None:
    assert api_base("http://127.0.0.1:4010/", "URL") == "http://127.0.0.1:4010"
    assert web_of("http://[::1]:4010") == "http://[::1]:4010"


@pytest.mark.parametrize("more", ["/", "///", " "])
def test_ends_are_trimmed(more: str) -> None:
    assert api_base(GITHUB_API + more, "URL") == GITHUB_API
    assert api_of("https://GitHub.com" + more, "GitHub") == GITHUB_API


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://github.com", "the API of github.com is https://api.github.com"),
        ("https://ghe.acme.dev/", "for GitHub Enterprise Server give https://ghe.acme.dev/api/v3"),
        ("http://ghe.acme.dev/api/v3", "not encrypted; use https"),
        ("http://127.0.0.1.evil.dev", "not encrypted"),
        ("ghe.acme.dev", "is no address"),
        ("ftp://ghe.acme.dev", "is no address"),
        ("https://ghe.acme.dev:port/api/v3", "is no address"),
        ("https://a b/api/v3", "is no address"),
        ("https://[::1/api", "is no address"),
        ("https://ghe.acme.dev/api/v3?x=1", "holds a user, a query or a fragment"),
    ],
)
def test_what_is_no_api_base_is_refused(url: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        api_base(url, "SWITCHOVER_GITHUB_URL")
    assert str(caught.value).startswith("SWITCHOVER_GITHUB_URL: ") and says in str(caught.value)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(InputError) as caught:
        api_base("https://me:hunter2@ghe.acme.dev/api/v3", "URL")
    assert "hunter2" not in str(caught.value)


def test_a_web_address_has_no_path() -> None:
    with pytest.raises(InputError, match="has a path"):
        api_of("https://ghe.acme.dev/api/v3", "GitHub")
