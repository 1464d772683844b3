"""What an agent plants in its checkout so that we execute it, see wrongly, or see nothing."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.rollout import reading
from pipeline.rollout.extract import extract
from tests.extract.conftest import Case, git, holds, reasons

EDIT = b"+    return 2\n"


def edited(case: Case) -> None:
    (case.checkout / "a.py").write_bytes(b"def a():\n    return 2\n")


# --- things that ordinary git would execute ---------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"core.fsmonitor": "{evil}"},
        {"diff.external": "{evil}"},
        {"filter.x.clean": "{evil}", "filter.x.smudge": "{evil}", "filter.x.required": "true"},
        {"filter.x.process": "{evil}"},
        {"diff.x.textconv": "{evil}"},
        {"diff.x.command": "{evil}"},
        {"core.hooksPath": "{folder}"},
        {"include.path": "{config}"},
        {"core.pager": "{evil}", "core.editor": "{evil}", "core.sshCommand": "{evil}"},
        {"gpg.program": "{evil}", "commit.gpgsign": "true"},
        {"core.worktree": "/", "core.bare": "true"},
        {"core.attributesFile": "{attributes}", "filter.x.clean": "{evil}"},
        {"uploadpack.packObjectsHook": "{evil}", "alias.diff": "!{evil}"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_planted_settings_are_not_executed(case: Case, tmp_path: Path, settings: dict[str, str]) -> None:
    config, attributes = tmp_path / "config", tmp_path / "attributes"
    config.write_text(f"[core]\n\tfsmonitor = {case.plant('included')}\n")
    attributes.write_text("* filter=x\n")
    words = {"evil": case.plant(), "folder": str(tmp_path), "config": str(config), "attributes": str(attributes)}
    for hook in ("post-index-change", "pre-commit", "post-checkout", "reference-transaction"):
        case.plant(hook)
    for key, value in settings.items():
        git(case.checkout, "config", key, value.format(**words))
    (case.checkout / ".gitattributes").write_text("* filter=x diff=x\n")
    edited(case)
    assert EDIT in case.extract().patch


@pytest.mark.parametrize("hook", ["post-index-change", "pre-commit", "post-checkout", "fsmonitor-watchman"])
def test_hooks_are_not_executed(case: Case, hook: str) -> None:
    shutil.copy(case.plant(), case.checkout / ".git" / "hooks" / hook)
    edited(case)
    assert EDIT in case.extract().patch


def test_a_git_file_that_points_elsewhere_is_not_followed(case: Case, tmp_path: Path) -> None:
    (case.checkout / ".git").rename(tmp_path / "evil.git")
    git(tmp_path, "--git-dir", str(tmp_path / "evil.git"), "config", "core.fsmonitor", case.plant())
    (case.checkout / ".git").write_text(f"gitdir: {tmp_path / 'evil.git'}\n")
    edited(case)
    assert EDIT in case.extract().patch


def test_a_nested_repository_is_not_executed_and_its_files_are_not_lost(case: Case) -> None:
    nested = case.checkout / "nested"
    nested.mkdir()
    git(nested, "init", "-q")
    git(nested, "config", "core.fsmonitor", case.plant())
    (nested / "work.py").write_text("work = 1\n")
    taken = case.extract()
    assert b"+++ b/nested/work.py" in taken.patch
    assert reasons(taken) == {"nested/.git": "git_folder"}


def test_the_callers_git_variables_do_not_redirect_us(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(case.checkout / ".git"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", case.plant())
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", case.plant())
    edited(case)
    assert EDIT in case.extract().patch


# --- things that hide work --------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_index_flags_hide_nothing(case: Case, flag: str) -> None:
    git(case.checkout, "update-index", flag, "a.py")
    edited(case)
    assert EDIT in case.extract().patch


def test_commits_of_the_agent_hide_nothing(case: Case) -> None:
    edited(case)
    git(case.checkout, "commit", "-qam", "mine")
    git(
        case.checkout, "replace", "HEAD~0", git(case.checkout, "commit-tree", "HEAD^{tree}", "-m", "x").decode().strip()
    )
    assert EDIT in case.extract().patch


@pytest.mark.parametrize("state", ["deleted", "empty", "garbage"])
def test_the_state_of_its_git_does_not_matter(case: Case, state: str) -> None:
    edited(case)
    shutil.rmtree(case.checkout / ".git")
    if state == "empty":
        (case.checkout / ".git").mkdir()
    if state == "garbage":
        (case.checkout / ".git").write_bytes(b"\0garbage")
    taken = case.extract()
    assert EDIT in taken.patch
    assert not taken.left_out


def test_its_own_ignore_files_hide_nothing(case: Case) -> None:
    (case.checkout / ".gitignore").write_text("*\n")
    (case.checkout / ".git" / "info" / "exclude").write_text("*\n")
    (case.checkout / "new.py").write_text("new = 1\n")
    taken = case.extract()
    assert b"+new = 1\n" in taken.patch
    assert ("new.py", "held_ignored_by_agent") in holds(taken)
    assert (".gitignore", "held_git_settings") in holds(taken)


def test_what_the_base_ignores_is_left_out_and_said(case: Case) -> None:
    (case.checkout / "x.log").write_text("log\n")
    for name in ("one", "two"):
        (case.checkout / "build" / name).mkdir(parents=True)
        (case.checkout / "build" / name / "out").write_text("out\n")
    (case.checkout / ".gitignore").unlink()
    taken = case.extract()
    assert reasons(taken) == {"x.log": "ignored", "build/": "ignored"}
    assert b"b/build" not in taken.patch
    assert b"deleted file" in taken.patch


def test_a_tracked_file_that_an_ignore_rule_names_still_counts(case: Case) -> None:
    (case.trusted / "kept.log").write_text("1\n")
    git(case.trusted, "add", "-f", "kept.log")
    git(case.trusted, "commit", "-qm", "more")
    base = git(case.trusted, "rev-parse", "HEAD").decode().strip()
    git(case.checkout, "pull", "-q")
    (case.checkout / "kept.log").write_text("2\n")
    assert b"+2\n" in extract(case.checkout, case.trusted / ".git", base).patch


@pytest.mark.parametrize(
    "attributes",
    [
        "* working-tree-encoding=UTF-16",
        "* -diff",
        "* binary",
        "* text eol=crlf",
        "* ident",
        "* -text",
        "* export-ignore",
    ],
)
def test_attributes_change_nothing(case: Case, attributes: str) -> None:
    (case.checkout / ".gitattributes").write_text(attributes + "\n")
    (case.checkout / "crlf.txt").write_bytes(b"one\r\nthree $Id$\r\n")
    patch = case.extract().patch
    assert b"-two\r\n+three $Id$\r\n" in patch


# --- things that break or stall ---------------------------------------------------------------


def test_a_fifo_in_place_of_a_tracked_file(case: Case) -> None:
    (case.checkout / "a.py").unlink()
    os.mkfifo(case.checkout / "a.py")
    (case.checkout / "pkg" / "b.py").write_text("B = 3\n")
    taken = case.extract()
    assert b"a.py" not in taken.patch
    assert b"+B = 3\n" in taken.patch
    assert reasons(taken) == {"a.py": "special_file"}


def test_sockets_are_left_out(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case.checkout)  # a socket's path has 107 bytes at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert reasons(case.extract()) == {"s": "special_file"}


@pytest.mark.parametrize("name", ["a.py", "new.bin"])
def test_a_huge_sparse_file_costs_nothing(case: Case, name: str) -> None:
    with (case.checkout / name).open("wb") as file:
        file.truncate(2**40)
    taken = case.extract()
    assert taken.patch == b""
    assert reasons(taken) == {name: "file_too_large"}


def test_all_contents_together_have_a_limit(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "TOTAL_LIMIT", 2500)
    for index in range(4):
        (case.checkout / f"n{index}").write_bytes(b"x" * 1000)
    taken = case.extract()
    assert taken.patch.count(b"new file mode") == 2
    assert sorted(reasons(taken).values()) == ["patch_too_large"] * 2


def test_an_endless_number_of_files_has_an_end(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_NEW_FILES", 20)
    for index in range(50):
        (case.checkout / "many" / str(index)).mkdir(parents=True)
        (case.checkout / "many" / str(index) / "f").touch()
    (case.checkout / "pkg" / "deep" / "c.py").write_text("C = 4\n")
    taken = case.extract()
    assert b"+C = 4\n" in taken.patch
    assert b"deleted file" not in taken.patch
    assert reasons(taken) == {".": "too_many_files"}


def test_paths_beyond_the_systems_limit(case: Case) -> None:
    here = os.open(case.checkout, os.O_RDONLY)
    for _ in range(50):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    edited(case)
    taken = case.extract()
    assert EDIT in taken.patch
    assert set(reasons(taken).values()) == {"path_too_long"}


def test_closed_files_and_folders_are_read(case: Case) -> None:
    edited(case)
    (case.checkout / "pkg" / "b.py").write_text("B = 9\n")
    (case.checkout / "a.py").chmod(0)
    (case.checkout / "pkg").chmod(0)
    patch = case.extract().patch
    assert EDIT in patch
    assert b"+B = 9\n" in patch
    assert b"mode" not in patch


# --- names and links --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [".GIT", ".Git", "git~1", ".git ", ".git.", ".g\u200cit", ".git::$INDEX_ALLOCATION"])
def test_spellings_of_git_are_left_out(case: Case, name: str) -> None:
    for folder in (case.checkout / name, case.checkout / "pkg" / name):
        folder.mkdir()
        (folder / "config").write_text("[core]\n")
    edited(case)
    taken = case.extract()
    assert EDIT in taken.patch
    assert b"config" not in taken.patch
    assert set(reasons(taken).values()) == {"git_folder"}


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../etc/passwd", "..", "pkg/../../x", ".git/config", "pkg/../.GIT/x", "x/../../y"]
)
def test_links_that_leave_the_tree_are_left_out(case: Case, target: str) -> None:
    (case.checkout / "out").symlink_to(target)
    taken = case.extract()
    assert taken.patch == b""
    assert reasons(taken) == {"out": "link_outside"}


def test_links_are_never_followed(case: Case, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.py").write_text("SECRET = 1\n")
    shutil.rmtree(case.checkout / "pkg")
    (case.checkout / "pkg").symlink_to(outside)
    (case.checkout / "a.py").unlink()
    (case.checkout / "a.py").symlink_to(outside / "b.py")
    taken = case.extract()
    assert b"SECRET" not in taken.patch
    assert reasons(taken) == {"pkg": "link_outside", "a.py": "link_outside"}
    assert b"deleted file mode 100644" in taken.patch


@pytest.mark.parametrize(
    "name", [".gitmodules", ".GitModules", "gi7eba~1", "gitmod~1", ".gitmodules ", ".gitattributes", ".gitignore"]
)
def test_links_in_place_of_git_files_are_left_out(case: Case, name: str) -> None:
    (case.checkout / name).unlink(missing_ok=True)
    (case.checkout / name).symlink_to("a.py")
    assert reasons(case.extract()) == {name: "git_settings_link"}


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\u202eb", "a\x7f", "tab\tname"])
def test_names_with_control_characters_are_left_out(case: Case, name: str) -> None:
    (case.checkout / name).write_text("x\n")
    taken = case.extract()
    assert taken.patch == b""
    assert list(reasons(taken).values()) == ["control_in_name"]
    assert all(c.isprintable() for c in taken.left_out[0].id)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".github/workflows/ci.yml", "held_ci"),
        ("sub/action.yaml", "held_ci"),
        ("docs/CODEOWNERS", "held_owners"),
        ("sub/.gitattributes", "held_git_settings"),
        (".husky/pre-commit", "held_hooks"),
        ("A.py", "held_case"),
    ],
)
def test_what_a_person_must_see_is_in_the_patch_and_named(case: Case, name: str, reason: str) -> None:
    (case.checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (case.checkout / name).write_text("x\n")
    taken = case.extract()
    assert f"+++ b/{name}".encode() in taken.patch
    assert holds(taken) == {(name, reason)}
    assert not taken.left_out


def test_programs_links_and_binaries_are_named(case: Case) -> None:
    (case.checkout / "a.py").chmod(0o755)
    (case.checkout / "inside").symlink_to("pkg/b.py")
    (case.checkout / "data.bin").write_bytes(b"\0" * 10)
    wanted = {("a.py", "held_executable"), ("inside", "held_link"), ("data.bin", "held_binary")}
    assert holds(case.extract()) == wanted


# --- submodules -------------------------------------------------------------------------------


def test_a_submodule_of_the_base_is_left_alone(case: Case) -> None:
    git(case.trusted, "update-index", "--add", "--cacheinfo", f"160000,{case.base},sub")
    git(case.trusted, "commit", "-qm", "submodule")
    base = git(case.trusted, "rev-parse", "HEAD").decode().strip()
    for state in ("absent", "empty", "full", "file"):
        sub = case.checkout / "sub"
        if state == "empty":
            sub.mkdir()
        if state == "full":
            (sub / "f").write_text("x\n")
        if state == "file":
            shutil.rmtree(sub)
            sub.write_text("x\n")
        taken = extract(case.checkout, case.trusted / ".git", base)
        assert taken.patch == b"", state
        assert reasons(taken) == ({} if state in ("absent", "empty") else {"sub": "submodule"})


# --- wrong input ------------------------------------------------------------------------------


def test_wrong_input_is_named(case: Case, tmp_path: Path) -> None:
    trusted = case.trusted / ".git"
    (tmp_path / "empty").mkdir()
    for checkout, git_dir, base, said in (
        (tmp_path / "absent", trusted, case.base, "no such folder"),
        (case.checkout, tmp_path / "absent", case.base, "no such folder"),
        (case.checkout, tmp_path / "empty", case.base, "is no git directory"),
        (case.checkout, case.checkout / ".git", case.base, "lies in the checkout"),
        (case.checkout, trusted, "0" * 40, "holds no commit"),
        (case.checkout, trusted, "--output=/tmp/x", "holds no commit"),
        (case.checkout, trusted, git(case.trusted, "rev-parse", "HEAD^{tree}").decode().strip(), "holds no commit"),
    ):
        with pytest.raises(InputError, match=said):
            extract(checkout, git_dir, base)


def test_the_trusted_directory_is_only_read(case: Case) -> None:
    def listing() -> list[tuple[str, int]]:
        return sorted((str(path), path.stat().st_mtime_ns) for path in case.trusted.rglob("*"))

    before = listing()
    edited(case)
    case.extract()
    assert listing() == before
