"""``switchover doctor --runner``: would a machine take the jobs that are to be dispatched?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.install.runners import checks, judged
from pipeline import cli
from pipeline.doctor import Check
from pipeline.errors import InputError
from pipeline.labels import parse_labels
from pipeline.room import room
from pipeline.settings import TrainConfig
from tests.github.stand_in import StandIn
from tests.github.stand_in.rest_runners import runner
from tests.history import Builder, run

GPU = '["self-hosted", "linux", "gpu"]'
LABELS = ("self-hosted", "Linux", "X64", "GPU")


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn() as running:
        running.add("acme/widgets")
        monkeypatch.setenv("SWITCHOVER_GITHUB_URL", running.url)
        monkeypatch.setenv("GITHUB_TOKEN", running.plain_token)
        yield running


def asked(text: str = GPU) -> Check:
    (check,) = checks("acme/widgets", parse_labels(text))
    return check


def test_an_online_runner_of_either_has_all_of_them(github: StandIn) -> None:
    github.runners["acme/widgets"] = [runner(1, "self-hosted", "Linux")]
    github.runners["acme"] = [runner(n, *LABELS, busy=n == 7, online=n != 9) for n in range(7, 47)]
    check = asked()
    assert check.ok and check.found == (
        "self-hosted, linux, gpu: box-10, box-11, box-12, box-13, box-14 and 34 more online, 1 of them busy"
    )
    paths = {request.path for request in github.requests}
    assert paths == {"/repos/acme/widgets/actions/runners", "/orgs/acme/actions/runners"}


def test_no_runner_has_all_of_them_and_the_nearest_is_named(github: StandIn) -> None:
    github.runners["acme/widgets"] = [runner(1, "self-hosted"), runner(2, "self-hosted", "Linux", "cpu")]
    github.runners["acme"] = []
    check = asked()
    assert (check.ok, check.needed) == (False, True)
    assert "none of 2 runners has all of them (box-2 lacks gpu)" in check.found and "docs/runners.md" in check.remedy


def test_one_that_is_offline_is_told(github: StandIn) -> None:
    github.runners |= {"acme/widgets": [runner(3, *LABELS, online=False)], "acme": []}
    check = asked()
    assert check.needed and "box-3 offline" in check.found and "waits for a day" in check.remedy


def test_a_scale_set_at_rest_is_no_fault(github: StandIn) -> None:
    github.runners |= {"acme/widgets": [], "acme": []}
    check = asked('"my-gpu-set"')
    assert (check.ok, check.needed) == (False, False) and "at rest" in check.remedy


def test_a_token_that_may_not_ask(github: StandIn) -> None:
    check = asked()
    assert (check.ok, check.needed) == (False, False)
    assert "may not ask acme/widgets and acme" in check.found and "Self-hosted runners: read" in check.remedy
    github.runners["acme"] = [runner(4, *LABELS)]
    assert asked().ok, "what one of both tells is enough"


def test_nobody_is_asked_without_a_token_or_for_hosted_runners(
    github: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked("ubuntu-latest").ok
    monkeypatch.delenv("GITHUB_TOKEN")
    check = asked()
    assert not check.ok and "GITHUB_TOKEN" in check.remedy
    assert not github.requests


def test_the_verb(github: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    builder = Builder(tmp_path / "clone")
    builder.commit({"a.py": ""}, "Begin")
    run(builder.path, "remote", "add", "origin", "https://github.com/acme/widgets.git")
    github.runners |= {"acme/widgets": [runner(5, *LABELS)], "acme": []}
    cli.run(["doctor", "--repo", str(tmp_path / "clone"), "--runner", GPU, "--json"])
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert found["runner"]["found"] == "self-hosted, linux, gpu: box-5 online"
    assert "Qwen3-32B is about 66 GB" in found["base model"]["found"]


@pytest.mark.parametrize("text", ["[", "[]", "{}", '[""]', "[1]", "a,b", '["a,b"]', "", " "])
def test_what_is_no_list_of_labels_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--runner"):
        parse_labels(text)


@given(st.lists(st.text(st.characters(exclude_characters=",", categories=("L", "Nd", "Pd")), min_size=1), min_size=1))
def test_a_runner_with_exactly_the_labels_takes_the_job_in_any_case(names: list[str]) -> None:
    wanted = parse_labels(json.dumps(names))
    assert judged(wanted, [runner(1, *reversed(names), "more")], ()).ok
    lacking = [name for name in names if name.casefold() != names[0].casefold()]
    assert not judged(wanted, [runner(1, *lacking)], ()).ok


def test_a_base_in_a_folder_needs_no_room_on_the_disk(tmp_path: Path) -> None:
    known = json.loads(resources.files("pipeline.train").joinpath("known_models.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(known["Qwen/Qwen3-32B"]))
    (disk, *_) = room(TrainConfig(base=str(tmp_path)), tmp_path)
    assert disk.ok and "is on this machine" in disk.found
    (unknown,) = room(TrainConfig(base="nobody/knows-it"), tmp_path)
    assert unknown.ok and "not known here" in unknown.found
    assert list(room(TrainConfig(base="small"), tmp_path)) == []
