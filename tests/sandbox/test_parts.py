"""The small parts: output kept, texts of failures, folders that may be given away."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError, SandboxUnavailable
from pipeline.rollout import extract, names, reading
from pipeline.rollout.sandbox import Limits, Sandbox, arguments, launch, places, remedies, selftest
from pipeline.rollout.sandbox.capture import Capture
from pipeline.rollout.sandbox.limits import Ran
from tests.sandbox.conftest import made_by_pytest


@given(chunks=st.lists(st.binary(max_size=40)), limit=st.integers(1, 60))
def test_the_capture_keeps_head_and_tail(chunks: list[bytes], limit: int) -> None:
    capture = Capture(limit)
    for chunk in chunks:
        capture.feed(chunk)
    whole = b"".join(chunks)
    head, tail = limit - limit // 2, limit // 2
    wanted = whole if len(whole) <= limit else whole[:head] + whole[len(whole) - tail :]
    assert capture.kept() == wanted
    assert capture.total == len(whole)


def test_the_capture_forgets_what_it_need_not_keep() -> None:
    capture = Capture(1000)
    for _ in range(1000):
        capture.feed(b"x" * 500)
    assert capture._held <= 1000


@pytest.mark.parametrize("part", [part for part, _ in remedies.REMEDIES])
def test_each_known_failure_has_a_remedy_on_one_line(part: str) -> None:
    said = str(remedies.unavailable(f"bwrap: {part}: something\n"))
    assert part in said
    assert "doctor" not in said
    assert "\n" not in said


def test_an_unknown_failure_is_shown_as_it_is() -> None:
    error = remedies.unavailable("bwrap: the moon is full")
    assert error.exit_code == 125
    assert "the moon is full" in str(error)


@pytest.mark.parametrize("field", ["seconds", "memory_mb", "processes", "disk_mb", "output_bytes"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_no_limit_can_be_switched_off(field: str, value: float) -> None:
    with pytest.raises(InputError, match=field):
        Limits(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/", "/usr", "/etc", "/tmp", "/home", "/root", "/var", "/proc", "/dev"])
def test_folders_of_the_system_are_not_given_away(path: str) -> None:
    with pytest.raises(InputError, match="name the one checkout"):
        places.checkout(Path(path))


def test_a_link_to_a_folder_of_the_system_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(InputError, match="system"):
        places.checkout(tmp_path / "link")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError, match="existing folder"):
        places.checkout(tmp_path / "loop")


def test_a_toolchain_is_a_folder_that_may_be_shown(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "file", tmp_path / "absent", Path("/"), Path("/home")):
        with pytest.raises(InputError):
            Sandbox(toolchains=[wrong])
    assert Sandbox(toolchains=[tmp_path, Path("/usr/local")]).toolchains == (tmp_path.resolve(),)


def test_a_virtual_environment_brings_its_python(tmp_path: Path) -> None:
    prefix = Path(sys.base_prefix).resolve()
    (tmp_path / "pyvenv.cfg").write_text(f"home = {prefix}/bin\nversion = 3\n")
    shown = places.toolchain(tmp_path)
    assert shown == ([tmp_path.resolve()] if prefix.is_relative_to("/usr") else [tmp_path.resolve(), prefix])


def test_a_forged_virtual_environment_brings_nothing(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    (keys / "bin").mkdir(parents=True)
    (tmp_path / "pyvenv.cfg").write_text(f"home = {keys}/bin\n")
    assert places.toolchain(tmp_path) == [tmp_path.resolve()]


def test_a_missing_bubblewrap_is_named_and_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "BWRAP", Path("/no/bwrap"))
    with pytest.raises(SandboxUnavailable, match="apt-get install bubblewrap"):
        Sandbox().run(["touch", "ran"], _empty(tmp_path))
    assert not (tmp_path / "checkout" / "ran").exists()


def test_a_bubblewrap_that_fails_is_told_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    for folder in (tmp_path, *made_by_pytest(tmp_path)):
        folder.chmod(0o755)
    monkeypatch.setattr(arguments, "BWRAP", broken)
    with pytest.raises(SandboxUnavailable, match=r"uid map.*apparmor_parser"):
        Sandbox().run(["touch", "ran"], _empty(tmp_path))
    assert not (tmp_path / "checkout" / "ran").exists()


@pytest.fixture
def untested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "_passed", False)


@pytest.mark.usefixtures("untested")
def test_a_sandbox_without_its_filter_fails_the_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_all = bytes.fromhex("06 00 00 00 00 00 ff 7f".replace(" ", ""))
    monkeypatch.setattr(launch.seccomp, "program", lambda: allow_all)
    with pytest.raises(SandboxUnavailable, match="io_uring is allowed"):
        Sandbox().check()


@pytest.mark.usefixtures("untested")
@pytest.mark.parametrize(
    ("flag", "finding"),
    [("--unshare-all", "processes of others"), ("--cap-drop", "CapBnd"), ("--disable-userns", "")],
)
def test_a_wall_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch, flag: str, finding: str) -> None:
    words = arguments.namespaces()
    at = words.index(flag)
    without = words[:at] + words[at + (2 if flag == "--cap-drop" else 1) :]
    if flag == "--unshare-all":
        without += ["--unshare-net", "--unshare-uts"]
    if flag == "--cap-drop":
        without += ["--cap-add", "CAP_SYS_ADMIN"]
    monkeypatch.setattr(arguments, "namespaces", lambda: without)
    if finding:
        with pytest.raises(SandboxUnavailable, match=finding):
            Sandbox().check()
    else:
        Sandbox().check()  # the filter still refuses namespaces: a second wall


def test_the_self_test_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    Sandbox().check()
    monkeypatch.setattr(selftest, "_probe", lambda *_: pytest.fail("tested again"))
    Sandbox().check()


@pytest.mark.parametrize(
    ("output", "code", "finding"), [(b"x", 0, "said 'x'"), (b"no python", 127, "status 127"), (b'["a"]', 0, "found: a")]
)
def test_anything_but_a_full_pass_is_an_error(tmp_path: Path, output: bytes, code: int, finding: str) -> None:
    with pytest.raises(SandboxUnavailable, match=finding):
        selftest._judge(Ran(code, output, len(output), None, 0.1), tmp_path)


@pytest.mark.parametrize("command", [[], ["a\0b"]])
def test_an_impossible_command_is_an_input_error(tmp_path: Path, command: list[str]) -> None:
    with pytest.raises(InputError, match="after --"):
        Sandbox().run(command, _empty(tmp_path))


def test_importing_the_face_starts_nothing() -> None:
    code = "import sys, pipeline.rollout.sandbox; print('torch' in sys.modules or 'minisweagent' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"False\n"


def _empty(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"


@pytest.mark.parametrize("part", [part for part, _ in remedies.REMEDIES])
def test_each_known_failure_is_in_the_docs(part: str) -> None:
    assert part.replace("bwrap: command not found", "/usr/bin/bwrap not found") in DOCS.read_text()


def test_each_reason_is_in_the_docs() -> None:
    text = DOCS.read_text()
    held = {reason for _, reason in names._HOLDS}
    for reason in (*reading._DETAILS, *extract._DETAILS, *held, "ignored"):
        assert f"`{reason}`" in text
