"""Workspaces: one commit and nothing else, alike each time, gone afterwards."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.rollout import workspace as workspace_module
from pipeline.rollout.sandbox import Limits, Sandbox
from pipeline.rollout.workspace import Workspace, Workspaces
from tests.extract.conftest import FILES, Case, git
from tests.extract.conftest import case as case  # the same repository


@pytest.fixture
def workspaces(case: Case, tmp_path: Path) -> Workspaces:
    return Workspaces(case.trusted, tmp_path / "root")


@pytest.fixture(scope="module")
def box() -> Sandbox:
    return Sandbox(Limits(seconds=30))


def inside(box: Sandbox, place: Workspace, script: str) -> str:
    ran = box.run(["bash", "-c", script], place.checkout, tmp=place.tmp)
    return ran.output.decode("utf-8", "replace")


def gone(workspaces: Workspaces) -> bool:
    """After the deletions in the background, is any workspace left?"""
    workspaces.wait()
    return [path.name for path in workspaces._mine.path.iterdir()] == ["lock"]


def test_the_files_are_those_of_the_commit(workspaces: Workspaces, case: Case) -> None:
    with workspaces.open(case.base) as place:
        for name, content in FILES.items():
            assert (place.checkout / name).read_bytes() == content
        assert os.access(place.checkout / "run.sh", os.X_OK)
        assert (place.checkout / "link").readlink() == Path("a.py")
        assert place.patch().patch == b""
        assert place.base_sha == case.base


def test_git_inside_sees_one_clean_commit_and_no_past(workspaces: Workspaces, case: Case, box: Sandbox) -> None:
    (case.trusted / "later.py").write_text("the answer\n")
    git(case.trusted, "add", ".")
    git(case.trusted, "commit", "-qm", "the answer")
    with workspaces.open(case.base) as place:
        script = "git status --porcelain; git log --all --format=%s; git remote; git tag; git reflog | wc -l"
        assert inside(box, place, script) == "Base\n0\n"
        assert "the answer" not in inside(box, place, "git cat-file --batch-all-objects --batch --buffer")
        assert inside(box, place, f"git cat-file -t {case.base} 2>&1; true").startswith("fatal")
        listed = inside(box, place, "git cat-file --batch-all-objects --batch-check | cut -d' ' -f2 | sort | uniq -c")
        assert listed.split() == ["10", "blob", "1", "commit", "3", "tree"]


def test_the_trusted_directory_holds_one_commit(workspaces: Workspaces, case: Case) -> None:
    (case.trusted / "a.py").write_text("later\n")
    git(case.trusted, "commit", "-qam", "later")
    later = git(case.trusted, "rev-parse", "HEAD").decode().strip()
    with workspaces.open(later) as place:
        objects = git(place.git_dir, "cat-file", "--batch-all-objects", "--batch-check").decode()
        assert objects.count("commit") == 1
        assert case.base not in objects
        git(place.git_dir, "fsck", "--strict")


def test_an_agent_can_use_git(workspaces: Workspaces, case: Case, box: Sandbox) -> None:
    with workspaces.open(case.base) as place:
        assert inside(
            box, place, "echo x >> a.py && git commit -qam mine && git stash list && git log --format=%an"
        ) == ("agent\nswitchover\n")
        assert b"+x\n" in place.patch().patch


def test_the_same_base_gives_the_same_bytes_each_time(workspaces: Workspaces, case: Case, box: Sandbox) -> None:
    answers = []
    for _ in range(2):
        with workspaces.open(case.base) as place:
            answers.append(inside(box, place, "git rev-parse HEAD; ls -lR --time-style=+%s"))
    assert answers[0] == answers[1]


def test_workspaces_share_nothing(workspaces: Workspaces, case: Case) -> None:
    with workspaces.open(case.base) as one, workspaces.open(case.base) as two:
        (one.checkout / "a.py").write_text("poison\n")
        next((one.checkout / ".git" / "objects" / "pack").glob("*.pack")).chmod(0o644)
        for pack in (one.checkout / ".git" / "objects" / "pack").iterdir():
            pack.chmod(0o644)
            pack.write_bytes(b"poison")
        assert two.patch().patch == b""
        assert b"+poison" in one.patch().patch
        assert git(two.checkout, "-c", f"safe.directory={two.checkout}", "fsck") is not None


def test_tmp_lasts_as_long_as_the_rollout(workspaces: Workspaces, case: Case, box: Sandbox) -> None:
    with workspaces.open(case.base) as place:
        inside(box, place, "echo kept > /tmp/x")
        assert inside(box, place, "cat /tmp/x") == "kept\n"
    with workspaces.open(case.base) as place:
        assert inside(box, place, "ls -A /tmp | grep -v pytest") == ""


def test_whatever_was_made_of_it_it_is_deleted(workspaces: Workspaces, case: Case, box: Sandbox) -> None:
    deep = "for i in {1..200}; do mkdir " + "d" * 100 + "; cd d*; done"
    with workspaces.open(case.base) as place:
        inside(box, place, f"({deep}); mkdir -p c/c; touch c/c/f; chmod 0 c/c c; rm -rf .git; chmod 0 . /tmp")
    assert gone(workspaces)


def test_it_is_deleted_after_an_error_too(workspaces: Workspaces, case: Case) -> None:
    with pytest.raises(KeyError), workspaces.open(case.base):
        raise KeyError
    assert gone(workspaces)


def test_deletions_do_not_pile_up(workspaces: Workspaces, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()
    workspaces._deleter.submit(stopped.wait)
    opened = []
    for _ in range(workspace_module._MOST_WAITING + 2):
        with workspaces.open(case.base) as place:
            opened.append(place.checkout.parent)
    left = [place for place in opened if place.exists()]
    stopped.set()
    assert len(left) == workspace_module._MOST_WAITING
    assert gone(workspaces)


def test_many_threads_prepare_one_base_once(
    workspaces: Workspaces, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = []
    real = workspace_module.prepare
    monkeypatch.setattr(workspace_module, "prepare", lambda *words: (prepared.append(1), real(*words)))

    def use(index: int) -> bytes:
        with workspaces.open(case.base) as place:
            (place.checkout / "a.py").write_text(f"{index}\n")
            return place.patch().patch

    with ThreadPoolExecutor(6) as pool:
        patches = list(pool.map(use, range(12)))
    assert len(prepared) == 1
    assert all(f"+{index}\n".encode() in patch for index, patch in enumerate(patches))


def test_the_root_may_be_deleted_at_any_time(workspaces: Workspaces, case: Case, tmp_path: Path) -> None:
    with workspaces.open(case.base):
        pass
    assert gone(workspaces)
    subprocess.run(["rm", "-rf", tmp_path / "root"], check=True)
    with workspaces.open(case.base) as place:
        assert (place.checkout / "a.py").exists()


def test_a_prepared_base_serves_the_next_process(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Workspaces(case.trusted, tmp_path / "root").open(case.base):
        pass
    monkeypatch.setattr(workspace_module, "prepare", lambda *_: pytest.fail("prepared again"))
    with Workspaces(case.trusted, tmp_path / "root").open(case.base) as place:
        assert place.patch().patch == b""


def test_what_a_killed_process_left_is_deleted_and_the_living_keep_theirs(case: Case, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from pipeline.rollout.workspace import Workspaces;"
        "w = Workspaces(Path(sys.argv[1]), Path(sys.argv[2])); w.open(sys.argv[3]).__enter__(); os.kill(os.getpid(), 9)"
    )
    root = tmp_path / "root"
    killed = subprocess.run([sys.executable, "-c", code, case.trusted, root, case.base], check=False)
    assert killed.returncode == -9
    (left,) = [path for path in (root / "live").iterdir() if path.is_dir()]
    living = Workspaces(case.trusted, root)
    with living.open(case.base) as place:
        Workspaces(case.trusted, root)
        assert not left.exists()
        assert place.checkout.exists()


def test_wrong_input_is_named(workspaces: Workspaces, case: Case, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no commit"), workspaces.open("f" * 40):
        pass
    with (
        pytest.raises(InputError, match="no such folder"),
        Workspaces(tmp_path / "absent", tmp_path / "r").open("HEAD"),
    ):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="choose a folder"):
        Workspaces(case.trusted, tmp_path / "file")


def test_attributes_of_the_repository_change_no_byte(case: Case, tmp_path: Path) -> None:
    (case.trusted / ".gitattributes").write_text("* text eol=crlf ident export-subst\nREADME.md export-ignore\n")
    (case.trusted / "id.txt").write_bytes(b"$Id$ $Format:%H$\n")
    (case.trusted / ".git" / "info" / "attributes").write_text("* !text !eol !ident\n")
    git(case.trusted, "add", ".")
    git(case.trusted, "commit", "-qm", "attributes")
    with Workspaces(case.trusted, tmp_path / "root").open("HEAD") as place:
        assert (place.checkout / "id.txt").read_bytes() == b"$Id$ $Format:%H$\n"
        assert (place.checkout / "README.md").read_bytes() == FILES["README.md"]
        assert place.patch().patch == b""


def test_a_base_with_a_submodule_opens(case: Case, tmp_path: Path) -> None:
    git(case.trusted, "update-index", "--add", "--cacheinfo", f"160000,{case.base},sub")
    git(case.trusted, "commit", "-qm", "submodule")
    with Workspaces(case.trusted, tmp_path / "root").open("HEAD") as place:
        assert place.patch().patch == b""
