"""The whole walk in a real browser: form, button, GitHub's page, the way back, the files, and a green doctor."""

import base64
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi import FastAPI

from bot.install.doctor import checks
from bot.install.setup import setup_router
from bot.pages.key import page_key
from pipeline import credentials
from tests.bot.browser import CHROMIUM, Tab, browser
from tests.bot.github_web import API, Web, web
from tests.bot.served import served
from tests.github.stand_in import StandIn

Picture = Callable[[str], None]

pytestmark = [pytest.mark.chromium, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SWITCHOVER_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture
def github() -> Iterator[Web]:
    with StandIn(prefix=API) as api, web(api) as github:
        api.add("acme/widgets")
        yield github


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "so.db"


@pytest.fixture
def setup(db: Path) -> Iterator[str]:
    app = FastAPI()
    app.include_router(setup_router(db))
    with served(app) as port:
        yield f"http://127.0.0.1:{port}/setup"


FORM, BUTTON, GITHUB, DONE = "Make the App on GitHub", "What it asks for", "Create Switchover", "The App is set up"
"""What the four pages of the walk show."""


def arrive(tab: Tab, text: str) -> None:
    """Wait until the tab shows ``text``, by however many redirects."""
    shown = f"document.readyState == 'complete' && document.body.innerText.includes({text!r})"
    for _ in range(2400):
        with suppress(AssertionError):  # on the way from one page to the next there is nothing to ask
            if tab.value(shown):
                return
        time.sleep(0.05)
    raise AssertionError(tab.value("document.body.innerText"))


def go(tab: Tab, url: str, text: str) -> None:
    tab.call("Page.navigate", url=url)
    arrive(tab, text)


def press(tab: Tab, then: str) -> None:
    """Click the page's first button, as a hand would: forms go where the page's policy lets them."""
    tab.value("document.querySelector('main button, body > form button').click()")
    arrive(tab, then)


def fill(tab: Tab, **values: str) -> None:
    for name, value in values.items():
        tab.value(f"document.querySelector('[name={name}]').value = {value!r}")


def choose(tab: Tab, name: str, value: str) -> None:
    tab.value(f"document.querySelector('[name={name}][value={value}]').click()")


@pytest.fixture(scope="module")
def picture(tab: Tab, tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """Keeps what the tab shows as a PNG, below pytest's --basetemp, to be looked at."""
    folder = tmp_path_factory.mktemp("pictures")

    def take(name: str) -> None:
        data = tab.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        (folder / f"{name}.png").write_bytes(base64.b64decode(data))

    return take


def test_from_the_form_to_a_green_doctor(tab: Tab, picture: Picture, setup: str, github: Web, db: Path) -> None:
    go(tab, setup, FORM)
    fill(tab, organization="acme", public_url="https://bot.acme.dev", github=github.url)
    picture("1-form")
    press(tab, BUTTON)
    picture("2-button")
    press(tab, GITHUB)
    press(tab, DONE)
    assert tab.value("location.href") == setup, "the code is out of the address again"
    picture("3-done")
    ((path, headers, manifest),) = github.asked
    assert path == "/organizations/acme/settings/apps/new" and manifest["name"] == "Switchover acme"
    assert headers["origin"] == setup.removesuffix("/setup"), "GitHub sees who sends the form"
    assert credentials.path_for(db).stat().st_mode & 0o777 == 0o600
    assert [check.line() for check in checks(db) if not check.ok] == []


def test_from_elsewhere_with_the_key_of_the_pages(tab: Tab, setup: str, github: Web, db: Path) -> None:
    """GitHub leads back from another site, and then the cookie of the key is held back at first."""
    outside = setup.replace("127.0.0.1", "bot.localhost")
    go(tab, outside, "These pages need a key")
    fill(tab, key=page_key(db))
    press(tab, FORM)
    fill(tab, public_url="https://bot.acme.dev", github=github.url)
    press(tab, BUTTON)
    press(tab, GITHUB)
    press(tab, DONE)
    assert tab.value("location.href") == outside and credentials.load(db).complete


def test_to_the_variables_of_an_observing_app(tab: Tab, picture: Picture, setup: str, github: Web, db: Path) -> None:
    go(tab, setup, FORM)
    fill(tab, public_url="https://bot.acme.dev", github=github.url)
    choose(tab, "profile", "observe")
    choose(tab, "keep", "environment")
    press(tab, BUTTON)
    press(tab, GITHUB)
    press(tab, "Shown this once")
    assert "SWITCHOVER_PRIVATE_KEY='-----BEGIN" in tab.value("document.body.innerText")
    picture("4-lines")
    ((path, _, manifest),) = github.asked
    assert path == "/settings/apps/new" and set(manifest["default_permissions"].values()) == {"read"}
    assert not credentials.path_for(db).exists()


@pytest.mark.parametrize(("width", "dark"), [(390, False), (390, True), (1100, False), (1100, True)])
def test_every_page_fits_and_breaks_no_rule(
    tab: Tab, picture: Picture, setup: str, github: Web, width: int, dark: bool
) -> None:
    filled = f"?organization=acme&public_url=https://bot.acme.dev/{'x' * 200}&github={github.url}"
    for name, query in {"form": "", "wrong": "?organization=a--b", "button": filled}.items():
        seen = tab.look(setup + query, width, dark)
        assert seen.scroll_width <= width, f"{name} is {seen.scroll_width} wide"
        assert [said for said in seen.complaints if "status of 400" not in said] == []
        bright = sum(int(part) for part in seen.background[4:-1].split(","))
        assert bright < 150 if dark else bright > 600
        picture(f"{name}-{width}-{'dark' if dark else 'light'}")


def test_a_return_that_is_not_ours_says_so(tab: Tab, picture: Picture, setup: str) -> None:
    go(tab, f"{setup}/callback?code=stolen&state=guessed", "Not a setup of this browser")
    picture("5-refused")
