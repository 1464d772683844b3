"""What the pages show, over real HTTP: everything that is asked for, and nothing of what is to stay hidden."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.handle import state
from bot.pages import links
from pipeline import credentials
from pipeline.credentials import Registration
from tests.bot import filled
from tests.bot.markup import Markup, markup
from tests.bot.pages_served import Pages, pages_served

REGISTERED = Registration(7, "switchover-acme", "Switchover", "https://github.com/apps/switchover-acme", "https://api.github.com", "Iv1.x", "PEM", "s3cret", filled.ago(60))  # fmt: skip  # noqa: E501


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SWITCHOVER_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    db = filled.troubled(tmp_path_factory.mktemp("troubled") / "so.db")
    with pages_served(db) as server:
        yield server


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with pages_served(filled.hostile(tmp_path_factory.mktemp("hostile") / "so.db")) as server:
        yield server


def seen(server: Pages, path: str, status: int = 200) -> Markup:
    answer = server.get(path)
    assert answer.status == status, answer.text
    return markup(answer.text)


def test_before_setup_there_is_one_button(tmp_path: Path) -> None:
    with pages_served(filled.empty(tmp_path / "so.db")) as server:
        page = seen(server, "/")
    assert "Not set up yet" in page.text
    assert [a for a in page.links if a not in ("/", "/deliveries", "/setup", "#main")] == []
    assert page.buttons == ["/setup"]


def test_after_setup_the_next_step_is_to_install(tmp_path: Path) -> None:
    db = filled.empty(tmp_path / "so.db")
    credentials.save(credentials.path_for(db), REGISTERED)
    with pages_served(db) as server:
        page = seen(server, "/")
    assert page.buttons == ["https://github.com/apps/switchover-acme/installations/new"]
    assert "Not set up" not in page.text and "s3cret" not in page.source and "PEM" not in page.source


def test_when_all_is_well_it_says_so_and_stands_still(tmp_path: Path) -> None:
    db = filled.calm(tmp_path / "so.db")
    credentials.save(credentials.path_for(db), REGISTERED)
    with pages_served(db) as server:
        page = seen(server, "/")
    assert "All is well" in page.text and "refresh" not in page.source
    assert re.search(r"Repositories 3 2 configured Merged pull requests 180", page.text)


@pytest.mark.parametrize(
    ("what", "remedy"),
    [
        ("No private key: nothing can be read", "switchover doctor"),
        ("Deliveries have waited for 15 min", "log of 'switchover bot'"),
        ("Deliveries are held up", "GitHub does not believe the App's key"),
        ("suspended-org has suspended the App", "until an owner un-suspends it"),
        ("The installation on globex cannot be used", "Resource not accessible by integration"),
        ("7 deliveries were given up", "GitHub answered 422 to GET pulls/7"),
        ("The backfill of acme/archive failed", "GitHub answered 451"),
        ("The config of acme/typo is not valid", "did you mean margin?"),
        ("1 message could not be written", "accept the permission 'issues: write'"),
        ("The graphql rate limit of octo-person is nearly used", "17 of 5,000 are left; full again in 2"),
    ],
)
def test_what_needs_attention_comes_first_with_what_to_do(troubled: Pages, what: str, remedy: str) -> None:
    text = seen(troubled, "/").text
    assert what in text and remedy in text
    assert text.index(what) < text.index("Merged pull requests")


def test_the_worst_comes_before_what_passes_by_itself(troubled: Pages) -> None:
    text = seen(troubled, "/").text
    assert text.index("could not be written") < text.index("config of acme/typo")


def test_a_backfill_shows_how_far_it_is_and_the_page_follows_it(troubled: Pages) -> None:
    page = seen(troubled, "/")
    assert '<meta http-equiv="refresh" content="5">' in page.source
    assert "running · 4,200 of 10,000 pull requests · 42 pages · about 1 min left" in page.text
    assert 'value="0.4200"' in page.source
    assert re.search(r"waiting · 0 of 1,280 pull requests · tries again in [34] min", page.text)


def test_figures_tags_reasons_and_budgets(troubled: Pages) -> None:
    text = seen(troubled, "/").text
    for expected in (
        "Repositories 9 3 configured · 1 paused 2 in backfill Merged",
        "2 waiting · 1 running · 163 done · 5",
        "acme/quiet paused done",
        "acme/by-hand not configured collected by hand",
        "until it has a .github/switchover.yml",
        "bot 282 made by a bot",
        "never_heard_of 2 see docs/reasons.md",
        "acme core in 2",
        "4,310 of 5,000",
    ):
        assert expected in text, expected
    assert "acme/left" not in text, "no longer granted"
    assert re.search(r"octo-person/notes#90 Retry uploads that time out \d+ min ago 10 s", text)


def test_links_lead_to_the_forge(troubled: Pages) -> None:
    found = seen(troubled, "/").links
    assert "https://github.com/octo-person/notes/pull/90" in found
    assert "https://github.com/organizations/acme/settings/installations/1" in found
    assert "https://github.com/settings/installations/2" in found


def test_links_follow_an_enterprise_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHOVER_GITHUB_URL", "https://git.acme.example/api/v3")
    with pages_served(filled.calm(tmp_path / "so.db")) as server:
        assert "https://git.acme.example/octo-person/notes/pull/90" in seen(server, "/").links


def test_a_repository_has_a_page_of_its_own(troubled: Pages) -> None:
    page = seen(troubled, "/repositories/acme/billing")
    assert "Merged pull requests 60 taken in" in page.text and "Left out 218" in page.text
    assert "https://github.com/acme/billing/pull/60" in page.links
    assert "merged by" not in page.text and "before_since 61 older than collect.since or --since" in page.text


def test_what_was_left_out_of_it_is_listed_by_reason_and_by_page(troubled: Pages) -> None:
    address, found = "/repositories/acme/billing?reason=bot", []
    while address:
        page = seen(troubled, address)
        found += re.findall(r"#(5\d{4,}) bot ", page.text)
        address = next((a.partition("#")[0] for a in page.links if "offset=" in a), "")
    assert len(found) == len(set(found)) == 141


def test_what_was_written_is_shown_without_its_text(troubled: Pages) -> None:
    page = seen(troubled, "/repositories/acme/gateway")
    assert "comment dead" in page.text and "reaction waiting" in page.text and "observe profile" in page.text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("acme/monolith", "Nothing is posted here until .github/switchover.yml exists on main"),
        ("acme/typo", "decide.margn: unknown key"),
        ("acme/quiet", "/switchover resume"),
        ("acme/archive", "ask its owner"),
    ],
)
def test_its_page_says_what_is_special(troubled: Pages, path: str, said: str) -> None:
    assert said in seen(troubled, f"/repositories/{path}").text


@pytest.mark.parametrize("wanted", ["", "state=done", "event=push", "event=pull_request&state=done", "event=none"])
def test_deliveries_are_paged_newest_first_none_twice_none_missing(troubled: Pages, wanted: str) -> None:
    address, found = f"/deliveries?{wanted}", []
    while address:
        page = seen(troubled, address)
        found += [a.removeprefix("/deliveries/") for a in page.links if a.startswith("/deliveries/")]
        address = next((a for a in page.links if "before=" in a), "")
    assert found == guids(troubled.db, wanted)


def guids(db: Path, wanted: str) -> list[str]:
    """What the database holds, asked plainly."""
    where = " AND ".join("{} = '{}'".format(*pair.split("=")) for pair in wanted.split("&") if pair) or "1"
    with closing(sqlite3.connect(db)) as plain:
        return [guid for (guid,) in plain.execute(f"SELECT guid FROM deliveries WHERE {where} ORDER BY id DESC")]


def test_a_delivery_shows_everything_but_its_body(troubled: Pages) -> None:
    page = seen(troubled, f"/deliveries/{filled.guid(1000)}")
    for said in ("Why it was given up", "GitHub answered 422", "Tries 8", "29 B, still kept", "acme/gateway", "edited"):
        assert said in page.text, said
    assert "not to be shown" not in page.source


def test_a_delivery_whose_body_is_gone_says_so(troubled: Pages) -> None:
    text = seen(troubled, f"/deliveries/{filled.guid(2003)}").text
    assert "no longer kept" in text and "its webhook did not arrive" in text and "Repository none" in text


def test_one_that_waits_says_why_and_until_when(troubled: Pages) -> None:
    text = seen(troubled, f"/deliveries/{filled.guid(2001)}").text
    assert "Why it waits" in text and re.search(r"Tries 2; the next in \d+ s", text)


@pytest.mark.parametrize("path", ["/deliveries/none", "/repositories/no/such", "/repositories/x", "/deliveries/a/b%00"])
def test_what_is_not_there_is_a_404_with_a_page(troubled: Pages, path: str) -> None:
    assert "No such" in seen(troubled, path, 404).text


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=-1",
        f"before={2**70}",
        "state=odd",
        "event=%00",
        "event=%ED%A0%80",
        "before=0",
        "event=" + "x" * 5000,
    ],
)
def test_odd_addresses_show_a_page(troubled: Pages, query: str) -> None:
    assert "Deliveries" in seen(troubled, f"/deliveries?{query}").text
    assert seen(troubled, f"/repositories/acme/billing?offset={quote(query)}&reason={query}").text
    assert seen(troubled, f"/repositories?after={quote(query)}").text


def test_hostile_text_stays_text(hostile: Pages) -> None:
    name, guid = f"evil/{filled.EVIL}", "a/b?c=d#e" + filled.EVIL
    for path in ("/", "/repositories", "/deliveries", links.repository(name), links.delivery(guid)):
        page = seen(hostile, path)
        assert page.tags.isdisjoint({"script", "img", "iframe", "object"}), path
        assert "{{ 7*7 }}" in page.text and "<script>alert(1)" in page.text, "shown, not dropped"
        assert not set("\u202e\x1b") & set(page.source)
        assert len(page.source) < 60_000, "errors of 60 kB are cut"


def test_links_to_hostile_names_stay_links_to_the_forge(hostile: Pages) -> None:
    for path in ("/", links.repository(f"evil/{filled.EVIL}")):
        outside = [a for a in seen(hostile, path).links if not a.startswith(("/", "#"))]
        assert outside and all(re.fullmatch(r"https://github\.com/[\w/%.!~*'()-]+", a) for a in outside), outside


@pytest.mark.parametrize("content", [None, b"no database", b""])
def test_a_database_that_cannot_be_read_is_said(tmp_path: Path, content: bytes | None) -> None:
    db = tmp_path / "so.db"
    with pages_served(db) as server:
        if content is not None:
            db.write_bytes(content)
        page = seen(server, "/", 503)
    assert "The database cannot be read" in page.text and "so.db" in page.text


def test_credentials_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    db = filled.calm(tmp_path / "so.db")
    credentials.path_for(db).write_text("{broken")
    with pages_served(db) as server:
        assert "so.db.app.json: not JSON" in seen(server, "/").text


def test_a_worker_that_is_refused_says_why(tmp_path: Path) -> None:
    db = filled.calm(tmp_path / "so.db")
    credentials.save(credentials.path_for(db), REGISTERED)
    state.write(db, "refused", "GitHub answered 401: the key is another App's; give the right one")
    with pages_served(db) as server:
        assert "the key is another App's" in seen(server, "/").text
        state.write(db, "working")
        assert "All is well" in seen(server, "/").text


def test_all_repositories_are_on_pages_by_name(tmp_path: Path) -> None:
    db = tmp_path / "so.db"
    with filled.Store.open(db) as store:
        for n in range(120):
            filled.repository(store, n + 1, 1, f"acme/r{n:03}")
    with pages_served(db) as server:
        assert "/repositories" in seen(server, "/").links
        address, found = "/repositories", []
        while address:
            page = seen(server, address)
            found += re.findall(r"acme/r\d+", page.text)
            address = next((a for a in page.links if "after=" in a), "")
    assert found == [f"acme/r{n:03}" for n in range(120)]
