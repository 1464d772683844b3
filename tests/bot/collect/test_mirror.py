"""The mirror, fetched from real git over HTTP on loopback."""

from __future__ import annotations

import base64
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.collect import mirror, transfer
from bot.collect.mirror import Source
from bot.errors import NotAccessible, NotFound, Rejected, Unavailable
from pipeline.errors import RunError
from tests.github.git_host import GitHost
from tests.history import Builder, code, run

TOKEN = "ghs_42_eyJhbGciOi.secret-_" + "x" * 40
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture
def host() -> Iterator[GitHost]:
    with GitHost() as made:
        made.tokens.add(TOKEN)
        yield made


@pytest.fixture
def origin(tmp_path: Path, host: GitHost) -> Builder:
    made = Builder(tmp_path / "origin")
    made.commit({"a.py": code("a")}, "Begin")
    host.add("acme/lib", made.path)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return mirror.path_of(tmp_path / "so.db", 7)


def source(host: GitHost, branch: str = "main", token: str = TOKEN) -> Source:
    return Source(host.url("acme/lib"), branch, token)


def tip(path: Path) -> str:
    return run(path, "rev-parse", "HEAD")


def test_it_is_made_and_brought_up_to_date(host: GitHost, origin: Builder, path: Path) -> None:
    origin.branch("side")
    origin.commit({"b.py": code("b")}, "Aside", branch="side")
    said: list[str] = []
    mirror.sync(path, source(host), said.append)
    assert tip(path) == origin.heads["main"]
    assert run(path, "rev-parse", "side") == origin.heads["side"]
    assert run(path, "config", "remote.origin.url") == host.url("acme/lib")
    assert any("100% (" in line for line in said)
    run(origin.path, "branch", "-D", "side")
    new = origin.commit({"c.py": code("c")}, "More")
    mirror.sync(path, source(host))
    assert (tip(path), run(path, "branch", "--list", "side")) == (new, "")
    assert {each.name for each in path.parent.iterdir()} == {"7.git", "7.lock"}


def test_force_pushed_and_renamed_branches_are_followed(host: GitHost, origin: Builder, path: Path) -> None:
    origin.commit({"b.py": code("b")}, "To be dropped")
    origin.commit({"b.py": code("b")}, "A name that becomes a folder", branch="wip", parents=[origin.heads["main"]])
    mirror.sync(path, source(host))
    first = run(origin.path, "rev-list", "--max-parents=0", "main")
    origin.heads["main"] = first
    new = origin.commit({"c.py": code("c")}, "In its place")
    run(origin.path, "branch", "-D", "wip")
    run(origin.path, "branch", "wip/one", new)
    run(origin.path, "branch", "trunk", new)
    run(origin.path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    run(origin.path, "branch", "-D", "main")
    mirror.sync(path, source(host, "trunk"))
    assert tip(path) == new
    assert run(path, "for-each-ref", "--format=%(refname:short)") == "trunk\nwip/one"


def test_the_token_is_in_no_argument_and_in_no_file(host: GitHost, origin: Builder, path: Path) -> None:
    seen: set[str] = set()

    def look() -> None:
        for each in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(each.read_bytes().decode("utf-8", "replace"))
            except OSError:
                continue

    host.asked = look
    mirror.sync(path, source(host))
    assert any("fetch" in words and host.url("acme/lib") in words for words in seen)
    assert not [words for words in seen if TOKEN in words or BASIC in words]
    files = [each for each in path.parent.rglob("*") if each.is_file()]
    assert len(files) > 5
    assert not [each for each in files if TOKEN.encode() in each.read_bytes() or BASIC.encode() in each.read_bytes()]


def test_a_wrong_token_is_refused_and_not_shown(host: GitHost, origin: Builder, path: Path) -> None:
    with pytest.raises(NotAccessible, match="needs read access") as caught:
        mirror.sync(path, source(host, token="ghs_wrong"))
    assert "ghs_wrong" not in str(caught.value)
    assert not path.exists()
    with pytest.raises(NotAccessible):
        mirror.sync(path, source(host, token=""))


def test_a_repository_that_is_not_there(host: GitHost, path: Path) -> None:
    with pytest.raises(NotFound, match="check the name"):
        mirror.sync(path, Source(host.url("acme/none"), "main", TOKEN))


def test_nobody_listens(path: Path) -> None:
    with pytest.raises(Unavailable, match="try again later"):
        mirror.sync(path, Source("http://127.0.0.1:9/acme/lib.git", "main", TOKEN))


def test_secrets_leave_what_git_says() -> None:
    said = f"fatal: {TOKEN} and {BASIC} were sent"
    assert transfer._without(said, TOKEN) == "fatal: (secret) and (secret) were sent"
    assert transfer._without("nothing", "") == "nothing"


def test_a_transfer_that_breaks_off_leaves_the_old_mirror(host: GitHost, origin: Builder, path: Path) -> None:
    mirror.sync(path, source(host))
    old = tip(path)
    origin.commit({"b.py": code("b")}, "More")
    host.broken = "git-upload-pack"
    with pytest.raises(Unavailable):
        mirror.sync(path, source(host))
    assert tip(path) == old
    host.broken = ""
    mirror.sync(path, source(host))
    assert tip(path) == origin.heads["main"]


def test_a_half_made_clone_is_made_again(host: GitHost, origin: Builder, path: Path) -> None:
    half = path.with_name("7.git.new")
    half.mkdir(parents=True)
    (half / "HEAD").write_text("nonsense")
    mirror.sync(path, source(host))
    assert tip(path) == origin.heads["main"]
    assert not half.exists()


@pytest.mark.parametrize("damage", ["objects", "HEAD", "refs"])
def test_a_damaged_mirror_is_cloned_anew(
    host: GitHost, origin: Builder, path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    mirror.sync(path, source(host))
    if damage == "HEAD":
        (path / "HEAD").unlink()
    elif damage == "refs":
        (path / "refs" / "heads" / "main").write_text("")
        (path / "packed-refs").unlink(missing_ok=True)
    else:
        for each in (path / "objects").rglob("*"):
            if each.is_file():
                each.chmod(0o644)
                each.write_bytes(b"")
    origin.commit({"b.py": code("b")}, "More")
    mirror.sync(path, source(host))
    assert tip(path) == origin.heads["main"]
    assert run(path, "fsck", "--full") == ""


def test_locks_of_a_git_that_was_killed_are_in_nobodys_way(host: GitHost, origin: Builder, path: Path) -> None:
    mirror.sync(path, source(host))
    for lock in ("packed-refs.lock", "HEAD.lock", "config.lock", "refs/heads/main.lock"):
        (path / lock).write_text("")
    origin.commit({"b.py": code("b")}, "More")
    mirror.sync(path, source(host))
    assert tip(path) == origin.heads["main"]


def test_what_a_git_that_was_killed_had_received_goes(host: GitHost, origin: Builder, path: Path) -> None:
    """Else each fetch that is cut short leaves as much on the disk as it had received, for ever."""
    mirror.sync(path, source(host))
    left = [f"pack/tmp_{name}_aB3xYz" for name in ("pack", "idx", "rev")]
    left += ["4f/tmp_obj_aB3xYz", "tmp_objdir-incoming-aB3xYz/pack/tmp_pack_aB3xYz"]
    packs = set((path / "objects" / "pack").iterdir())
    for name in left:
        half = path / "objects" / name
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(b"PACK")
        half.chmod(0o444)  # as git makes them
    mirror.sync(path, source(host))
    assert not list((path / "objects").rglob("tmp_*"))
    assert set((path / "objects" / "pack").iterdir()) == packs
    assert run(path, "fsck", "--full") == ""


def test_hooks_and_settings_of_the_mirror_run_nothing(
    host: GitHost, origin: Builder, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    mirror.sync(path, source(host))
    (path / "hooks").mkdir(exist_ok=True)
    for hook in ("reference-transaction", "post-update", "pre-auto-gc"):
        (path / "hooks" / hook).symlink_to(trap)
    run(path, "config", "credential.helper", str(trap))
    monkeypatch.setenv("GIT_SSH_COMMAND", str(trap))
    monkeypatch.setenv("GIT_ASKPASS", str(trap))
    origin.commit({"b.py": code("b")}, "More")
    mirror.sync(path, source(host))
    with pytest.raises(NotAccessible):
        mirror.sync(path, source(host, token="ghs_wrong"))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "url", ["ext::sh -c 'touch sprung'", "ssh://127.0.0.1/x", "git://127.0.0.1/x", "--upload-pack=x"]
)
def test_other_ways_to_fetch_are_refused(path: Path, url: str) -> None:
    with pytest.raises(Rejected):
        mirror.clone_url("https://api.github.com", url)


@pytest.mark.parametrize(
    ("api", "given"),
    [
        ("https://api.github.com", "https://github.com/acme/lib.git"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com/acme/lib.git"),
        ("https://git.acme.example/api/v3", "https://git.acme.example/acme/lib.git"),
        ("https://git.acme.example:8443/api/v3", "https://git.acme.example:8443/acme/lib.git"),
        ("http://127.0.0.1:4000", "http://127.0.0.1:5000/acme/lib.git"),
    ],
)
def test_where_the_api_says_to_clone_from(api: str, given: str) -> None:
    assert mirror.clone_url(api, given) == given


@pytest.mark.parametrize(
    ("api", "given"),
    [
        ("https://api.github.com", "https://evil.example/acme/lib.git"),
        ("https://api.github.com", "http://github.com/acme/lib.git"),
        ("https://api.github.com", "https://github.com.evil.example/acme/lib.git"),
        ("https://api.github.com", "https://github.com@evil.example/acme/lib.git"),
        ("https://api.github.com", "https://user@github.com/acme/lib.git"),
        ("https://api.github.com", "http://127.0.0.1/acme/lib.git"),
        ("https://git.acme.example/api/v3", "https://github.com/acme/lib.git"),
        ("http://127.0.0.1:4000", "file:///etc"),
    ],
)
def test_the_token_goes_to_no_other_host(api: str, given: str) -> None:
    with pytest.raises(Rejected, match="SWITCHOVER_GITHUB_URL"):
        mirror.clone_url(api, given)


def test_an_empty_repository(tmp_path: Path, host: GitHost, path: Path) -> None:
    run(tmp_path, "init", "-q", "--bare", "none.git")
    host.add("acme/lib", tmp_path / "none.git")
    mirror.sync(path, source(host))
    assert run(path, "for-each-ref") == ""


def test_a_folder_that_cannot_be_made(tmp_path: Path, host: GitHost) -> None:
    (tmp_path / "so.db.mirrors").write_text("")
    with pytest.raises(RunError, match=r"so.db.mirrors.*: .*give its folder room"):
        mirror.sync(mirror.path_of(tmp_path / "so.db", 7), source(host))


def test_it_is_removed(host: GitHost, origin: Builder, path: Path) -> None:
    mirror.remove(path)
    mirror.sync(path, source(host))
    path.with_name("7.git.new").mkdir()
    mirror.remove(path)
    assert {each.name for each in path.parent.iterdir()} == {"7.lock"}


def test_the_time_limit_ends_all_of_git(host: GitHost, origin: Builder, tmp_path: Path) -> None:
    run(tmp_path, "init", "-q", "--bare", "m.git")
    with (tmp_path / "lock").open("w") as lock, pytest.raises(Unavailable, match="longer than 0 s"):
        transfer.fetch(tmp_path / "m.git", host.url("acme/lib"), TOKEN, lock.fileno(), 0.0)


def test_killed_in_the_middle_its_orphan_keeps_the_lock(
    host: GitHost, origin: Builder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real process is killed while its git waits for an answer: the next one waits for that git, then goes on."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/acme/lib.git"
        script = f"""
            from pathlib import Path
            from bot.collect import mirror
            mirror.sync(Path({str(path)!r}), mirror.Source({url!r}, "main", "t"))
        """
        words = [sys.executable, "-c", textwrap.dedent(script)]
        process = subprocess.Popen(words, cwd=Path(__file__).parents[3], stderr=subprocess.DEVNULL)
        waiting, _ = deaf.accept()  # git is there
        process.kill()
        assert process.wait() == -signal.SIGKILL
        monkeypatch.setattr(mirror, "PATIENCE", 0.2)
        with pytest.raises(Unavailable, match="another process is fetching it"):
            mirror.sync(path, source(host))
        waiting.close()
    monkeypatch.setattr(mirror, "PATIENCE", 60)
    mirror.sync(path, source(host))
    assert tip(path) == origin.heads["main"]
