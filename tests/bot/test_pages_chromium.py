"""The pages in a real browser: they fit a phone, follow the colour scheme, load nothing, and take the key."""

import os
from collections.abc import Iterator

import pytest

from bot.pages import links
from bot.pages.key import page_key
from tests.bot import filled
from tests.bot.browser import CHROMIUM, Tab, browser
from tests.bot.pages_served import Pages, pages_served

pytestmark = [pytest.mark.chromium, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]

LIGHT, DARK = "rgb(246, 247, 249)", "rgb(16, 21, 27)"
DESK, PHONE = 1280, 390

EVIL = f"evil/{filled.EVIL}"
TROUBLED = ("/", "/repositories", "/repositories/acme/monolith", "/deliveries", f"/deliveries/{filled.guid(1000)}")
HOSTILE = ("/", links.repository(EVIL), "/deliveries", links.delivery("a/b?c=d#e" + filled.EVIL))


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SWITCHOVER_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with pages_served(filled.troubled(tmp_path_factory.mktemp("troubled") / "so.db")) as server:
        yield server


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with pages_served(filled.hostile(tmp_path_factory.mktemp("hostile") / "so.db")) as server:
        yield server


def fits(tab: Tab, url: str, width: int, dark: bool) -> None:
    seen = tab.look(url, width, dark)
    assert seen.scroll_width == width, "it scrolls sideways"
    assert seen.background == (DARK if dark else LIGHT), "the style sheet is not applied"
    assert seen.complaints == ()
    assert len(seen.text) > 100 and len(seen.png) > 10_000


@pytest.mark.parametrize("path", TROUBLED)
def test_it_fits_a_desk_and_a_phone_in_light_and_dark(tab: Tab, troubled: Pages, path: str) -> None:
    fits(tab, troubled.url + path, DESK, dark=False)
    fits(tab, troubled.url + path, PHONE, dark=True)


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_text_breaks_no_layout(tab: Tab, hostile: Pages, path: str) -> None:
    fits(tab, hostile.url + path, PHONE, dark=False)


def test_a_bar_is_as_long_as_it_says(tab: Tab, troubled: Pages) -> None:
    tab.look(f"{troubled.url}/repositories/acme/monolith", DESK)
    assert tab.value("document.querySelector('progress').position") == pytest.approx(0.42)
    assert tab.value("document.querySelector('progress').getBoundingClientRect().width") > 500


def test_the_key_is_given_once_in_the_browser(tab: Tab, troubled: Pages) -> None:
    away = f"http://pages.test:{troubled.port}"
    tab.open(f"{away}/deliveries?state=dead")
    assert "These pages need a key" in tab.value("document.body.innerText")
    tab.value(f"document.querySelector('#key').value = '{page_key(troubled.db)}'")
    tab.forget_events()
    tab.value("document.querySelector('main button').click()")
    tab.wait()
    while tab.value("document.querySelector('h1')?.innerText") != "Deliveries":
        tab.forget_events()
        tab.wait()
    assert tab.value("location.href") == f"{away}/deliveries"
    assert tab.value("document.cookie") == "", "scripts cannot read it"


def test_the_wrong_key_says_so(tab: Tab, hostile: Pages) -> None:
    tab.open(f"http://elsewhere.test:{hostile.port}/?key=wrong")
    assert "That is not the key" in tab.value("document.body.innerText")


@pytest.mark.parametrize("path", ["/", "/deliveries"])
def test_everything_is_reached_by_keyboard_and_named(tab: Tab, troubled: Pages, path: str) -> None:
    tab.open(troubled.url + path)
    nameless = "[...document.querySelectorAll('a, button')].filter(e => !e.innerText.trim()).length"
    unlabelled = "[...document.querySelectorAll('input, select')].filter(e => !e.labels.length).length"
    assert (tab.value(nameless), tab.value(unlabelled)) == (0, 0)
    assert tab.value("document.documentElement.lang") == "en"
    assert tab.value("document.querySelectorAll('h1').length") == 1
