"""Who may see the pages: asked over real HTTP, each header written by hand."""

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request

from bot.pages.access import COOKIE, is_local
from bot.pages.key import page_key, path_for
from pipeline.errors import InputError
from tests.bot import filled
from tests.bot.pages_served import Pages, pages_served


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled.empty(tmp_path_factory.mktemp("access") / "so.db")


@pytest.fixture(scope="module")
def server(db: Path) -> Iterator[Pages]:
    with pages_served(db) as found:
        yield found


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:8000", "[::1]:8000", "127.0.0.53"])
def test_a_browser_on_this_machine_needs_no_key(server: Pages, host: str) -> None:
    assert server.get("/", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "evil/127.0.0.1",
        "127.0.0.1, evil",
    ],
)
def test_a_foreign_name_that_points_here_needs_the_key(server: Pages, host: str) -> None:
    answer = server.get("/", host=host)
    assert answer.status == 401 and "so.db.pages-key" in answer.text


@pytest.mark.parametrize(
    "header",
    [
        "Forwarded",
        "Via",
        "X-Real-IP",
        "X-Forwarded-For",
        "x-forwarded-host",
        "X-FORWARDED-PROTO",
        "X-Forwarded-Anything",
        "CF-Connecting-IP",
    ],
)
def test_what_a_proxy_passes_on_needs_the_key(server: Pages, header: str) -> None:
    assert server.get("/", **{header: "127.0.0.1"}).status == 401


def test_two_hosts_need_the_key(server: Pages) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert re.match(rb"HTTP/1.1 40[01] ", wire.recv(100))


@pytest.mark.parametrize(
    ("peer", "version", "local"),
    [
        (("127.0.0.1", 5), "1.1", True),
        (("::1", 5), "1.1", True),
        (("::ffff:127.0.0.1", 5), "1.1", True),
        (("::ffff:10.0.0.7", 5), "1.1", False),
        (("10.0.0.7", 5), "1.1", False),
        (("testclient", 5), "1.1", False),
        (None, "1.1", False),
        (("127.0.0.1", 5), "1.0", False),
    ],
)
def test_the_connection_itself_must_be_local(peer: tuple[str, int] | None, version: str, local: bool) -> None:
    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "client": peer, "headers": headers, "path": "/", "http_version": version}
    assert is_local(Request(scope)) is local


def test_the_key_is_given_once_and_then_known(server: Pages, db: Path) -> None:
    key = page_key(db)
    answer = server.get(f"/deliveries?key={key}", host="evil.example")
    assert answer.status == 200 and 'content="0;url=/deliveries"' in answer.text and key not in answer.text
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Secure" not in cookie
    assert server.get("/deliveries", cookie=answer.cookie, host="evil.example").status == 200
    assert server.get("/deliveries", cookie=answer.cookie, X_Forwarded_For="1.2.3.4").status == 200


def test_behind_tls_the_cookie_stays_there(server: Pages, db: Path) -> None:
    answer = server.get(f"/?key={page_key(db)}", X_Forwarded_Proto="https")
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("key", ["", "x", "%00", "%F0%9F%94%91", "a" * 43, "%ED%A0%80"])
def test_a_wrong_key_is_refused_even_to_this_machine(server: Pages, key: str) -> None:
    answer = server.get(f"/?key={key}")
    assert answer.status == 401 and "not the key" in answer.text and "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["", "x", "\xff\xfe", "a" * 43])
def test_a_wrong_cookie_is_none(server: Pages, cookie: str) -> None:
    given = f"{COOKIE}={cookie}"
    assert server.get("/", cookie=given, host="evil.example").status == 401
    assert server.get("/", cookie=given).status == 200


def test_the_refusal_tells_nothing_and_how_to_get_in(server: Pages, db: Path) -> None:
    text = server.get("/deliveries?state=dead", host="evil.example").text
    assert page_key(db) not in text and str(db) not in text
    assert "so.db.pages-key" in text and 'href="/deliveries?state=dead"' in text


def test_a_link_from_elsewhere_asks_again_by_itself_once(server: Pages) -> None:
    """A strict cookie does not come with it: the second request is the page's own."""
    elsewhere = server.get("/deliveries?a=1&b=2", Sec_Fetch_Site="cross-site", host="evil.example")
    assert 'content="0;url=/deliveries?a=1&amp;b=2"' in elsewhere.text
    own = server.get("/deliveries?a=1", Sec_Fetch_Site="same-origin", host="evil.example")
    assert "refresh" not in own.text


@pytest.mark.parametrize("path", ["//evil.example/", "/%2F/evil.example", "/deliveries//evil.example"])
def test_no_page_sends_a_browser_elsewhere(server: Pages, path: str) -> None:
    text = server.get(path, Sec_Fetch_Site="cross-site", host="evil.example").text
    assert not re.search(r"(url=|href=\"|action=\")(//|https?:)", text)


@pytest.mark.parametrize("path", ["/", "/?key=x", "/deliveries", "/deliveries/none", "/repositories/a/b"])
def test_every_answer_allows_next_to_nothing(server: Pages, path: str) -> None:
    headers = server.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["cache-control"] == "no-store"


def test_the_key_file_is_the_owners_alone_and_stays(tmp_path: Path) -> None:
    db = tmp_path / "so.db"
    key = page_key(db)
    assert re.fullmatch(r"[\w-]{43}", key) and page_key(db) == key
    assert stat.S_IMODE(path_for(db).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["so.db.pages-key"], "something is left behind"


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("short\n", 0o600, "holds no page key"),
        ("", 0o600, "holds no page key"),
        ("k" * 43, 0o640, "chmod 600"),
        ("ä" * 43, 0o600, "no page key"),
    ],
)
def test_a_key_file_that_cannot_be_used_says_what_to_do(tmp_path: Path, content: str, mode: int, said: str) -> None:
    file = path_for(tmp_path / "so.db")
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(InputError, match=rf"so\.db\.pages-key: .*{said}"):
        page_key(tmp_path / "so.db")


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        page_key(tmp_path / "none" / "so.db")
