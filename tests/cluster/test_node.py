"""A node's own part: the base it unpacks, the key it takes from its environment, rollouts and their end."""

from __future__ import annotations

import dataclasses
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import SandboxUnavailable
from pipeline.generate.attempts import LocalAttempts
from pipeline.generate.base import open_base
from pipeline.generate.cluster import bases
from pipeline.generate.cluster.assignment import Assignment, assignment_of, harness_of
from pipeline.generate.cluster.node import Node
from pipeline.generate.cluster.outcome import Problem, Unended
from pipeline.rollout.agent import Harness, RolloutLimits
from pipeline.rollout.endpoint import Endpoint, Retry
from pipeline.rollout.sandbox import Limits, Sandbox
from pipeline.rollout.workspace import Workspaces
from pipeline.settings import Price
from pipeline.types import Rollout
from tests.cluster.conftest import KEY

PROMPT = "I suspect a problem in the function `check_1` in the file `lib/part_1.py`. Fix it."
WORK = {"prompt": PROMPT, "id": "a.1.0", "task_id": "a", "attempt": 0, "seed": 3}


@pytest.fixture
def prepared(repo: Path, tmp_path: Path) -> tuple[str, bytes, Workspaces]:
    base = open_base(repo, None)
    workspaces = Workspaces(base.repo, tmp_path / "driver")
    return base.sha, bases.packed(workspaces.prepared(base.sha)), workspaces


@pytest.fixture(autouse=True)
def node_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWITCHOVER_CACHE", str(tmp_path / "node"))
    return tmp_path / "node"


def harness(url: str = "http://127.0.0.1:9/v1", key: str | None = None) -> Harness:
    endpoint = Endpoint(url, "scripted", key, temperature=0.5, retry=Retry(tries=1), send_seed=True)
    return Harness(endpoint, Sandbox(Limits(memory_mb=999)), "editor", "compact", RolloutLimits(7), Price(1, 1, 1), 5)


def assigned(sha: str, url: str = "http://127.0.0.1:9/v1", **given: object) -> Assignment:
    return dataclasses.replace(assignment_of(harness(url), sha, is_scripted=True), **given)  # type: ignore[arg-type]


def ready(sha: str, fetch: Callable[[], bytes]) -> Node:
    node = Node()
    assert node.prepare(assigned(sha), fetch) is None
    return node


def test_a_rollout_on_a_node_is_the_rollout_of_this_machine(prepared: tuple[str, bytes, Workspaces], url: str) -> None:
    sha, data, workspaces = prepared
    node = ready(sha, lambda: data)
    there = node.roll_out("0", WORK)
    here = LocalAttempts(workspaces, harness(url), sha).run(**WORK)  # type: ignore[arg-type]
    assert isinstance(there, Rollout) and there.patch
    assert dataclasses.replace(there, seconds=0, cost_usd=0) == dataclasses.replace(here, seconds=0, cost_usd=0)
    node.close(5)


def test_what_is_sent_makes_the_same_harness_and_holds_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = harness(key=KEY)
    data = pickle.dumps(assignment_of(driver, "f" * 40, is_scripted=False))
    assert KEY.encode() not in data
    monkeypatch.setenv("SWITCHOVER_TEACHER_KEY", "the-node's-own")
    there = harness_of(pickle.loads(data), None)
    same = {f.name for f in dataclasses.fields(Harness)} - {"endpoint", "sandbox"}
    assert all(getattr(there, name) == getattr(driver, name) for name in same)
    assert there.endpoint.settings() == driver.endpoint.settings() and there.endpoint.has_key
    assert there.sandbox.limits == driver.sandbox.limits


def test_every_argument_of_an_endpoint_but_the_key_is_carried_along() -> None:
    import inspect

    parameters = inspect.signature(Endpoint).parameters
    assert set(harness().endpoint.settings()) == set(parameters) - {"key"}


def test_a_node_without_the_key_says_which_variable(
    prepared: tuple[str, bytes, Workspaces], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha, data, _ = prepared
    monkeypatch.delenv("SWITCHOVER_TEACHER_KEY", raising=False)
    problem = Node().prepare(assigned(sha, is_scripted=False, needs_key=True), lambda: data)
    assert problem is not None and "SWITCHOVER_TEACHER_KEY is not set" in problem.what


def test_a_node_that_cannot_reach_the_teacher_names_it(prepared: tuple[str, bytes, Workspaces]) -> None:
    sha, data, _ = prepared
    problem = Node().prepare(assigned(sha, is_scripted=False), lambda: data)
    assert problem is not None and problem.fault == "node" and "127.0.0.1:9" in problem.what


def test_a_node_whose_sandbox_does_not_start_says_why(
    prepared: tuple[str, bytes, Workspaces], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Sandbox) -> None:
        raise SandboxUnavailable("sandbox: nothing was run: no user namespaces")

    sha, data, _ = prepared
    monkeypatch.setattr(Sandbox, "check", broken)
    assert Node().prepare(assigned(sha), lambda: data) == Problem(
        "sandbox", "sandbox: nothing was run: no user namespaces"
    )


def test_the_base_is_fetched_once_per_machine(prepared: tuple[str, bytes, Workspaces]) -> None:
    sha, data, _ = prepared
    fetched: list[int] = []

    def fetch() -> bytes:
        fetched.append(1)
        return data

    nodes: list[Node] = []
    threads = [threading.Thread(target=lambda: nodes.append(ready(sha, fetch))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(nodes) == 3 and fetched == [1]
    for node in nodes:
        node.close(5)


def test_several_that_begin_at_once_use_it_side_by_side(
    prepared: tuple[str, bytes, Workspaces], tmp_path: Path
) -> None:
    """Whoever has made it uses it for the whole run: nobody may have to wait for that."""
    sha, data, _ = prepared
    begun, inside = threading.Barrier(4), threading.Barrier(4)

    def use(_: int) -> bool:
        begun.wait()
        with bases.unpacked(tmp_path / "root", sha, fetch) as base:
            inside.wait(60)
            return (base / "tree.tar").is_file()

    def fetch() -> bytes:
        time.sleep(0.3)  # the others have seen by now that it is not there
        return data

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(use, range(4)))


def test_a_base_half_unpacked_by_a_killed_process_is_unpacked_again(
    prepared: tuple[str, bytes, Workspaces], tmp_path: Path
) -> None:
    sha, data, _ = prepared
    part = tmp_path / "root" / "bases" / f"{sha}.part"
    part.mkdir(parents=True)
    (part / "tree.tar").write_text("torn")
    with bases.unpacked(tmp_path / "root", sha, lambda: data) as base:
        assert (base / "tree.tar").stat().st_size > 1000 and not part.exists()


def test_old_bases_are_deleted_unless_they_are_in_use(prepared: tuple[str, bytes, Workspaces], tmp_path: Path) -> None:
    _, data, _ = prepared
    root, shas = tmp_path / "root", [f"{number:040d}" for number in range(bases.KEPT + 3)]
    with bases.unpacked(root, shas[0], lambda: data):
        for sha in shas[1:]:
            with bases.unpacked(root, sha, lambda: data):
                pass
        left = {path.name for path in (root / "bases").iterdir() if path.is_dir()}
    assert shas[0] in left and shas[1] not in left and len(left) <= bases.KEPT + 1


def test_what_is_used_is_told_turn_by_turn_and_a_stop_ends_before_the_next(
    prepared: tuple[str, bytes, Workspaces],
) -> None:
    sha, data, _ = prepared
    node = ready(sha, lambda: data)
    outcome: list[Rollout | Unended | Problem] = []
    thread = threading.Thread(target=lambda: outcome.append(node.roll_out("7", WORK)))
    thread.start()
    heard = 0
    while not heard and thread.is_alive():
        heard = sum(usage.tokens_in for usage in node.pulse([]).get("7", []))
    node.pulse(["7", "unknown"])
    thread.join()
    assert isinstance(outcome[0], Unended) and outcome[0].usage.tokens_in >= heard > 0
    assert node.pulse([]) == {}
    node.close(5)


def test_a_node_that_hears_nothing_stops_by_itself(
    prepared: tuple[str, bytes, Workspaces], monkeypatch: pytest.MonkeyPatch
) -> None:
    sha, data, _ = prepared
    node = ready(sha, lambda: data)
    monkeypatch.setattr("pipeline.generate.cluster.node.SILENCE_SECONDS", 0.0)
    assert isinstance(node.roll_out("0", WORK), Unended)
    node.close(5)


def test_a_full_disk_is_the_node_s_problem_and_no_rollout(
    prepared: tuple[str, bytes, Workspaces], node_cache: Path
) -> None:
    sha, data, _ = prepared
    node = ready(sha, lambda: data)
    archive = next(node_cache.rglob("tree.tar"))
    archive.write_bytes(archive.read_bytes()[:2000])  # tar fails as it does when nothing more can be written
    outcome = node.roll_out("0", WORK)
    assert isinstance(outcome, Problem) and outcome.fault == "node" and "unpacked" in outcome.what
    node.close(5)
