"""The setup page over HTTP: the form, the button, the way back, and everything that can go wrong on it."""

import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fastapi import FastAPI

from bot.handle import state
from bot.install.setup import setup_router
from pipeline import credentials
from tests.bot.github_web import API
from tests.bot.served import Answer, get, served
from tests.github.stand_in import StandIn, faults
from tests.github.stand_in.wire import Response


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SWITCHOVER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn(prefix=API) as github:
        yield github


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    app = FastAPI()
    app.include_router(setup_router(tmp_path / "so.db"))
    with served(app) as port:
        yield port


def web(github: StandIn) -> str:
    """GitHub's web address."""
    return github.url.removesuffix(API)


def fields(web: str, **changes: str) -> str:
    return urlencode({"github": web, "public_url": "https://bot.acme.dev", "organization": "acme", **changes})


def begin(port: int, web: str, **changes: str) -> tuple[Answer, str]:
    """The page with the button, and its state."""
    page = get(port, f"/setup?{fields(web, **changes)}")
    assert page.status == 200, page.text
    action = html.unescape(re.findall(r'<form method="post" action="([^"]+)"', page.text)[0])
    return page, parse_qs(urlsplit(action).query)["state"][0]


def come_back(port: int, github: StandIn, code: str = "good", **changes: str) -> Answer:
    """Through the form, and back from GitHub with ``code``; ``good`` is one that GitHub has given."""
    github.codes.add("good")
    page, state = begin(port, web(github), **changes)
    return get(port, f"/setup/callback?code={code}&state={state}", cookie=page.cookie)


def test_the_form_lists_every_permission_with_its_reason(port: int) -> None:
    page = get(port, "/setup")
    assert page.status == 200
    for said in ("Pull requests", "nothing is ever pushed", "observe", "https://github.com"):
        assert said in page.text
    assert "<script" not in page.text and "cookie" not in page.headers
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_button_sends_the_manifest_to_github_and_nowhere_else(port: int, github: StandIn) -> None:
    page, state = begin(port, web(github))
    base = web(github)
    assert f'action="{base}/organizations/acme/settings/apps/new?state={state}"' in page.text
    assert f"form-action 'self' {base};" in page.headers["content-security-policy"]
    manifest = json.loads(html.unescape(re.findall(r'name="manifest" value="([^"]+)"', page.text)[0]))
    assert manifest["redirect_url"] == f"http://127.0.0.1:{port}/setup/callback"
    assert manifest["hook_attributes"]["url"] == "https://bot.acme.dev/webhook"
    assert manifest["default_permissions"]["checks"] == "write"
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/setup" in cookie and "max-age=3600" in cookie


def test_a_personal_account_has_githubs_other_page(port: int, github: StandIn) -> None:
    page, state = begin(port, web(github), organization="", profile="observe")
    assert f"/settings/apps/new?state={state}" in page.text and "/organizations/" not in page.text
    assert "write" not in re.findall(r'name="manifest" value="([^"]+)"', page.text)[0]


def test_another_site_can_fill_in_the_form_and_no_more(port: int) -> None:
    filled = urlencode({"github": "https://evil.example", "public_url": "https://evil.example"})
    page = get(port, f"/setup?{filled}", sec_fetch_site="cross-site")
    assert page.status == 200 and "set-cookie" not in page.headers and 'method="post"' not in page.text
    assert 'method="post"' in get(port, f"/setup?{filled}", sec_fetch_site="same-origin").text


def test_a_wrong_field_is_shown_beside_it_with_what_was_typed(port: int) -> None:
    typed = '"><script>alert(1)</script>'
    page = get(port, f"/setup?{urlencode({'organization': typed, 'public_url': 'http://x.dev'})}")
    assert page.status == 400 and "set-cookie" not in page.headers
    assert "2 fields cannot be used" in page.text and "Give an https address" in page.text
    assert typed in page.said and "<script" not in page.text


def test_one_may_go_back_to_the_form_with_what_was_chosen(port: int, github: StandIn) -> None:
    page, _ = begin(port, web(github), name="Ours")
    back = html.unescape(re.findall(r'href="(/setup\?[^"]+)"', page.text)[0])
    form = get(port, back)
    assert form.status == 200 and 'value="Ours"' in form.text and 'value="acme"' in form.text


def test_the_whole_way_to_a_file(port: int, github: StandIn, tmp_path: Path) -> None:
    back = come_back(port, github)
    assert (back.status, back.headers["location"]) == (303, "/setup")
    assert 'switchover_setup=""' in back.headers["set-cookie"], "the cookie is taken back"
    kept = credentials.path_for(tmp_path / "so.db")
    assert kept.stat().st_mode & 0o777 == 0o600
    found = credentials.load(tmp_path / "so.db")
    assert (found.app_id, found.private_key, found.api_url) == (github.app_id, github.key, github.url)
    assert [request.path for request in github.requests] == ["/app-manifests/good/conversions"]
    assert "authorization" not in github.requests[0].headers
    page = get(port, "/setup")
    assert page.status == 200 and "The App is set up" in page.text
    assert "https://github.com/apps/switchover/installations/new" in page.text and "switchover doctor --db" in page.text
    assert "an RSA key that parses" in page.text
    assert not any(secret in page.text for secret in ("BEGIN", "hush"))


def test_once_set_up_there_is_no_form_and_no_second_app(port: int, github: StandIn, tmp_path: Path) -> None:
    page, state = begin(port, web(github))
    come_back(port, github)
    before = credentials.path_for(tmp_path / "so.db").read_bytes()
    assert "<form" not in get(port, f"/setup?{fields(web(github))}").text
    github.codes.add("second")
    late = get(port, f"/setup/callback?code=second&state={state}", cookie=page.cookie)
    assert late.status == 409 and "Another App is registered here" in late.text and "Delete it there" in late.text
    assert credentials.path_for(tmp_path / "so.db").read_bytes() == before


def test_the_lines_are_shown_once_and_nothing_is_written(port: int, github: StandIn, tmp_path: Path) -> None:
    back = come_back(port, github, keep="environment")
    assert back.status == 200 and "no-store" in back.headers["cache-control"]
    text = back.said
    assert f"SWITCHOVER_APP_ID='{github.app_id}'" in text and "SWITCHOVER_WEBHOOK_SECRET='hush'" in text
    assert github.key.strip().replace("\n", "\\n") in text and f"SWITCHOVER_GITHUB_URL='{github.url}'" in text
    assert not credentials.path_for(tmp_path / "so.db").exists()
    assert "Make the App" in get(port, "/setup").text


@pytest.mark.parametrize("cookie", ["", "switchover_setup=", "switchover_setup=other", "switchover_setup=%00"])
def test_a_return_to_another_browser_is_refused(port: int, github: StandIn, tmp_path: Path, cookie: str) -> None:
    github.codes.add("good")
    _, state = begin(port, web(github))
    back = get(port, f"/setup/callback?code=good&state={state}", cookie=cookie)
    assert back.status == 400 and "Not a setup of this browser" in back.text and "Begin again" in back.text
    assert not github.requests and not credentials.path_for(tmp_path / "so.db").exists()


@pytest.mark.parametrize("query", ["", "?code=good", "?state=x", "?code=good&state=", "?code=good&state=%ED%A0%80"])
def test_a_return_that_is_none_is_refused(port: int, github: StandIn, query: str) -> None:
    page, _ = begin(port, web(github))
    assert get(port, f"/setup/callback{query}", cookie=page.cookie).status == 400
    assert not github.requests


def test_a_state_is_used_up(port: int, github: StandIn, tmp_path: Path) -> None:
    page, state = begin(port, web(github), keep="environment")
    github.codes |= {"one", "two"}
    assert get(port, f"/setup/callback?code=one&state={state}", cookie=page.cookie).status == 200
    assert get(port, f"/setup/callback?code=two&state={state}", cookie=page.cookie).status == 400
    assert github.codes == {"two"}


@pytest.mark.parametrize("code", ["expired", "../../app", "a%2Fb", "", "x" * 300])
def test_a_code_that_github_does_not_know(port: int, github: StandIn, tmp_path: Path, code: str) -> None:
    back = come_back(port, github, code)
    assert back.status == 400 and "GitHub does not take the code" in back.text
    assert "GitHub may have made the App all the same" in back.text and "settings of acme" in back.text
    assert not credentials.path_for(tmp_path / "so.db").exists()
    assert all(request.path.startswith("/app-manifests/") for request in github.requests)


@pytest.mark.parametrize("fault", [faults.status(502), faults.status(429), faults.reset(), faults.truncated()])
def test_github_is_down_and_the_page_is_loaded_again(
    port: int, github: StandIn, tmp_path: Path, fault: faults.Fault
) -> None:
    github.codes.add("good")
    page, state = begin(port, web(github))
    github.fail(fault, path="/conversions", when=lambda request: True)
    down = get(port, f"/setup/callback?code=good&state={state}", cookie=page.cookie)
    assert down.status == 502 and "GitHub did not answer" in down.text and "load this page again" in down.text
    assert not credentials.path_for(tmp_path / "so.db").exists()
    github.codes.add("good")
    assert get(port, f"/setup/callback?code=good&state={state}", cookie=page.cookie).status == 303


@pytest.mark.parametrize(
    "answer",
    [Response(201, {"id": 1}), Response(200, {}), Response(201, b"<html>"), Response(302, None, {"location": "/app"})],
)
def test_an_answer_that_is_none_of_githubs(port: int, github: StandIn, tmp_path: Path, answer: Response) -> None:
    github.fail(faults.Fault(answer), path="/conversions")
    back = come_back(port, github)
    assert back.status == 502 and "GitHub's answer cannot be used" in back.said
    assert not list(tmp_path.glob("*app.json*")) and len(github.requests) == 1


def test_a_folder_that_went_away_is_found_before_the_code_is_spent(
    port: int, github: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.codes.add("good")
    page, state = begin(port, web(github))
    away = tmp_path.rename(tmp_path.with_name("away"))
    back = get(port, f"/setup/callback?code=good&state={state}", cookie=page.cookie)
    assert back.status == 500 and "The credentials cannot be kept" in back.text and "load this page again" in back.text
    assert not github.requests
    away.rename(tmp_path)
    assert get(port, f"/setup/callback?code=good&state={state}", cookie=page.cookie).status == 303


def test_what_cannot_be_written_in_the_end_is_shown_instead_of_lost(
    port: int, github: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    back = come_back(port, github)
    assert back.status == 500 and "No space left" in back.text and "SWITCHOVER_PRIVATE_KEY=" in back.text
    assert not list(tmp_path.glob("*app.json*"))


def test_variables_that_are_set_are_shown_and_the_missing_ones_named(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHOVER_WEBHOOK_SECRET", "short")
    page = get(port, "/setup")
    assert "set up in part" in page.text and "set SWITCHOVER_APP_ID" in page.text and "only 5 characters" in page.text
    assert "unset the SWITCHOVER_ variables" in page.text and "short" not in page.text.replace("shortest", "")


def test_a_wrong_key_is_told_on_the_page(port: int, github: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHOVER_APP_ID", "42")
    monkeypatch.setenv("SWITCHOVER_PRIVATE_KEY", github.key[:500])
    page = get(port, "/setup")
    assert "is cut off" in page.text and "copy the whole .pem file" in page.text
    assert github.key[60:100] not in page.text


def test_what_github_says_of_the_app_is_on_the_page(port: int, github: StandIn, tmp_path: Path) -> None:
    come_back(port, github)
    state.write(tmp_path / "so.db", "refused", "GET /app: GitHub does not believe the App; check the App id")
    page = get(port, "/setup")
    assert "GitHub does not believe the App; check the App id" in page.said and "to mend" in page.text
    state.write(tmp_path / "so.db", "working")
    assert "has refused nothing since 20" in get(port, "/setup").text


def test_variables_that_cannot_be_read_are_named(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHOVER_APP_ID", "Iv1.abc")
    page = get(port, "/setup")
    assert page.status == 500 and "SWITCHOVER_APP_ID: not a number" in page.text


def test_another_github_than_the_environments_is_refused(
    port: int, github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHOVER_GITHUB_URL", "https://ghe.acme.dev/api/v3")
    assert 'value="https://ghe.acme.dev"' in get(port, "/setup").text
    page = get(port, f"/setup?{fields(web(github))}")
    assert page.status == 400 and "SWITCHOVER_GITHUB_URL says https://ghe.acme.dev/api/v3" in page.text


def test_from_outside_it_needs_the_key(port: int, github: StandIn) -> None:
    for target in ("/setup", f"/setup?{fields(web(github))}", "/setup/callback?code=good&state=x"):
        assert get(port, target, x_forwarded_for="203.0.113.7").status == 401
        assert get(port, target, host="evil.example").status == 401


def test_nothing_but_reading_is_served(port: int) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/setup", body=b"x=1")
    assert connection.getresponse().status == 405
    connection.close()
