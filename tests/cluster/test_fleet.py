"""Who gets how much, who is left out, what is begun anew: the driver's part, with nodes that do as they are told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import __version__
from pipeline.errors import InputError, RunError, SandboxUnavailable
from pipeline.generate.attempts import Attempts
from pipeline.generate.cluster import fleet as fleets
from pipeline.generate.cluster.attempts import TRIES, RayAttempts
from pipeline.generate.cluster.fleet import Fleet
from pipeline.generate.cluster.node import Node
from pipeline.generate.cluster.outcome import Problem, Unended
from pipeline.generate.unfinished import OursFailed, Paused
from pipeline.rollout.ending import Stopped
from pipeline.rollout.endpoint import Usage
from pipeline.rollout.pool import run_pool
from pipeline.types import Rollout
from tests.cluster.pretended import Ray
from tests.generate.making import rollout

NO_SANDBOX = Problem("sandbox", "no user namespaces")
Answer = Callable[[dict[str, Any]], Rollout | Unended | Problem]


class Obedient:
    """A node's process with answers of ours in place of rollouts."""

    def __init__(
        self,
        answer: Answer = lambda work: rollout(work["id"]),
        *,
        problem: Problem | None = None,
        version: str = __version__,
    ) -> None:
        self.answer, self.problem, self.version = answer, problem, version
        self.at_once = self.most = 0
        self.asked: Counter[str] = Counter()
        self.stopped: set[str] = set()
        self.told: list[dict[str, list[Usage]]] = []
        self._lock = threading.Lock()

    def about(self) -> tuple[str, str, str]:
        return "host", self.version, Node().about()[2]

    def prepare(self, *_: object) -> Problem | None:
        return self.problem

    def roll_out(self, ticket: str, work: dict[str, Any]) -> Rollout | Unended | Problem:
        with self._lock:
            self.asked[work["id"]] += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            return self.answer({**work, "ticket": ticket})
        finally:
            with self._lock:
                self.at_once -= 1

    def pulse(self, stopped: list[str]) -> dict[str, list[Usage]]:
        self.stopped.update(stopped)
        return self.told.pop() if self.told else {}

    def close(self, seconds: float) -> None: ...


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleets, "BEAT_SECONDS", 0.01)


@pytest.fixture
def begin() -> Iterator[Callable[[Ray], Attempts]]:
    begun: list[Fleet] = []

    def attempts(ray: Ray, width: int = 4) -> Attempts:
        begun.append(Fleet(ray, None, lambda: b"", width))  # type: ignore[arg-type]  # obedient nodes need none
        made = RayAttempts(lambda: begun[-1])
        made.check()
        return made

    yield attempts
    for fleet in begun:
        fleet.close()


def run(attempts: Attempts, id: str = "a", **more: Any) -> Rollout:
    return attempts.run("p", id=id, task_id="t", attempt=0, seed=0, **more)


def both_ready(nodes: list[Obedient], attempts: Attempts) -> None:
    """Until each node was given something."""
    while not all(node.asked for node in nodes):
        list(run_pool(lambda number: run(attempts, f"warm{number}"), range(8), 4))


def test_each_node_gets_its_share_by_its_cpus(begin: Callable[..., Attempts]) -> None:
    nodes = {"small": Obedient(), "large": Obedient()}
    attempts = begin(Ray({"small": 1, "large": 3, "head": 0}, lambda id: nodes[id]), 8)
    both_ready(list(nodes.values()), attempts)
    barrier = threading.Barrier(9)

    def together(work: dict[str, Any]) -> Rollout:
        barrier.wait()
        return rollout(work["id"])

    for node in nodes.values():
        node.answer, node.most = together, 0
    threads = [threading.Thread(target=run, args=(attempts, str(number)), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    barrier.wait()  # all eight are in flight
    for thread in threads:
        thread.join()
    assert (nodes["small"].most, nodes["large"].most) == (2, 6)


def test_a_node_that_cannot_work_is_named_and_left_out(
    begin: Callable[..., Attempts], caplog: pytest.LogCaptureFixture
) -> None:
    well, ill = Obedient(), Obedient(problem=NO_SANDBOX)
    attempts = begin(Ray({"well": 1, "ill": 9}, lambda id: well if id == "well" else ill))
    assert [run(attempts, str(number)).id for number in range(5)] == ["0", "1", "2", "3", "4"]
    while "left out" not in caplog.text:
        time.sleep(0.01)
    assert "host (at-ill): left out: no user namespaces" in caplog.text and not ill.asked


@pytest.mark.parametrize(
    ("problems", "error", "said"),
    [
        ([NO_SANDBOX], SandboxUnavailable, "at-0"),
        ([NO_SANDBOX, NO_SANDBOX], SandboxUnavailable, "no node .* sandbox"),
        ([NO_SANDBOX, Problem("node", "no key")], RunError, "at-0.*no user namespaces.*at-1.*no key"),
        ([Problem("input", "no such toolchain")], InputError, "no such toolchain"),
        ([], RunError, "no living node with CPUs"),
    ],
)
def test_when_no_node_can_work_the_run_ends_and_says_why(
    begin: Callable[..., Attempts], problems: list[Problem], error: type[Exception], said: str
) -> None:
    cpus = {str(number): 1.0 for number in range(len(problems))}
    with pytest.raises(error, match=said):
        begin(Ray(cpus, lambda id: Obedient(problem=problems[int(id)])))


def test_another_version_is_refused(begin: Callable[..., Attempts]) -> None:
    with pytest.raises(RunError, match=r"has Switchover 0\.0\.1 .*install the same version"):
        begin(Ray({"old": 1}, lambda _: Obedient(version="0.0.1")))


def test_what_a_dead_node_had_is_begun_anew_and_its_use_is_counted(begin: Callable[..., Attempts]) -> None:
    nodes = {"a": Obedient(), "b": Obedient()}
    ray = Ray({"a": 1, "b": 1}, lambda id: nodes[id])
    attempts = begin(ray, 2)
    both_ready(list(nodes.values()), attempts)
    stuck, heard = threading.Event(), threading.Event()

    def never(work: dict[str, Any]) -> Rollout:
        nodes["a"].told = [{work["ticket"]: [Usage(10, 2, 1), Usage(20, 1, 9)], "unknown": [Usage(1, 1, 1)]}]
        stuck.wait()
        return rollout("too late")

    nodes["a"].answer = never
    watched: list[Usage] = []
    wasted: list[Usage] = []

    def watch(usage: Usage) -> None:
        watched.append(usage)
        heard.set()

    made: list[Rollout] = []
    more = {"watch": watch, "wasted": lambda usage, _: wasted.append(usage)}
    threads = [
        threading.Thread(target=lambda id=id: made.append(run(attempts, id, **more)), daemon=True) for id in "xy"
    ]
    for thread in threads:
        thread.start()
    heard.wait()
    ray.dead.add("a")
    ray.actors["a"][0].die()
    for thread in threads:
        thread.join()
    stuck.set()
    assert sorted(one.id for one in made) == ["x", "y"]
    assert wasted == [Usage(30, 3, 10)] and sum(watched, Usage()) == Usage(30, 3, 10)


def test_a_process_that_died_on_a_living_node_is_started_again(begin: Callable[..., Attempts]) -> None:
    ray = Ray({"a": 1}, lambda _: Obedient())
    attempts = begin(ray)
    run(attempts)
    ray.actors["a"][0].die()
    assert run(attempts).id == "a" and len(ray.actors["a"]) == 2


def test_a_rollout_that_kills_every_process_is_given_up_and_so_is_the_node(
    begin: Callable[..., Attempts], caplog: pytest.LogCaptureFixture
) -> None:
    ray = Ray({str(number): 1 for number in range(9)})

    def deadly(id: str) -> Obedient:
        def die(work: dict[str, Any]) -> Rollout:
            ray.actors[id][-1].die()
            return rollout(work["id"])

        return Obedient(die)

    ray._make = deadly
    attempts = begin(ray)
    wasted: list[Usage] = []
    with pytest.raises(OursFailed, match=f"{TRIES} times"):
        run(attempts, wasted=lambda usage, _: wasted.append(usage))
    assert len(wasted) == TRIES
    with pytest.raises((OursFailed, RunError)):
        for _ in range(9):
            run(attempts)
    assert "died there 3 times" in caplog.text or "begun anew" in caplog.text


def test_a_node_that_falls_ill_is_left_out_and_its_rollout_goes_elsewhere(
    begin: Callable[..., Attempts], caplog: pytest.LogCaptureFixture
) -> None:
    full = Problem("node", "/cache: No space left on device")
    nodes = {"a": Obedient(), "b": Obedient()}
    attempts = begin(Ray({"a": 1, "b": 1}, lambda id: nodes[id]))
    both_ready(list(nodes.values()), attempts)
    nodes["a"].answer = lambda _: full
    assert {run(attempts, str(number)).id for number in range(6)} == set("012345")
    assert "host (at-a): left out: /cache: No space left" in caplog.text
    nodes["b"].answer = lambda _: full
    with pytest.raises(RunError, match=r"at-a.*No space left.*at-b.*No space left"):
        run(attempts)


def test_a_stop_reaches_the_node_and_is_raised_with_what_was_used(begin: Callable[..., Attempts]) -> None:
    node = Obedient()

    def until_stopped(work: dict[str, Any]) -> Unended:
        while work["ticket"] not in node.stopped:
            time.sleep(0.01)
        return Unended(Usage(5, 1, 0), 2.0)

    node.answer = until_stopped
    attempts = begin(Ray({"a": 1}, lambda _: node))
    with pytest.raises(Stopped) as stopped:
        run(attempts, stop=lambda: True)
    assert (stopped.value.usage, stopped.value.seconds) == (Usage(5, 1, 0), 2.0)


def test_wrong_arguments_of_ours_end_the_run(begin: Callable[..., Attempts]) -> None:
    attempts = begin(Ray({"a": 1}, lambda _: Obedient(lambda _: Problem("input", "unknown tools"))))
    with pytest.raises(InputError, match="unknown tools"):
        run(attempts)


def test_closing_ends_every_process(begin: Callable[..., Attempts], tmp_path: Path) -> None:
    ray = Ray({"a": 1, "b": 1}, lambda _: Obedient())
    fleet = Fleet(ray, None, lambda: b"", 2)  # type: ignore[arg-type]
    fleet.open()
    fleet.close()
    assert all(actor._is_dead for actors in ray.actors.values() for actor in actors)
    with pytest.raises(Paused):
        fleet.place().__enter__()
