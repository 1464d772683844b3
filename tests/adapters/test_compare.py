"""What differs between two adapters, and how they scored: pure."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters import promotions
from pipeline.adapters.comparison import compare
from pipeline.adapters.promotions import Promotion
from pipeline.adapters.registry import open_registry
from pipeline.adapters.scores import scores
from tests.adapters.made import adapter, gated
from tests.graded import graded


def test_only_what_differs_is_told(tmp_path: Path) -> None:
    registry = open_registry(tmp_path / "registry")
    one = registry.add(gated(tmp_path / "a", failing="valid_calls"))
    other = registry.add(
        gated(
            tmp_path / "b",
            samples_sha256="6" * 64,
            config={"rank": 8, "epochs": 3.0},
            versions={"torch": "2.14.0"},
            loss=0.4,
            seed=3,
        )
    )
    found = compare(one, other)
    assert found["data"] == {"samples_sha256": ("5" * 64, "6" * 64)}
    assert found["config"] == {"rank": (4, 8)} and found["versions"] == {"torch": ("2.13.0", "2.14.0")}
    assert found["loss"] == {"loss": (0.5, 0.4)} and found["run"] == {"seed": (0, 3)}
    assert found["gates"] == {"valid_calls.passed": (False, True)} and found["scores"] == {}
    assert not any(compare(one, one).values())


def test_gates_of_one_alone_differ(tmp_path: Path) -> None:
    registry = open_registry(tmp_path / "registry")
    one, other = registry.add(adapter(tmp_path / "a", seed=1)), registry.add(gated(tmp_path / "b"))
    assert compare(one, other)["gates"]["takes_effect.passed"] == (None, True)


def test_scores_are_of_the_pull_requests_that_the_adapter_was_put_to() -> None:
    rows = [
        graded(1, adapter="x", score=1.0, tool_calls=3, malformed_calls=1),
        graded(1, adapter="x", attempt=1, score=0.0, tool_calls=2),
        graded(1, role="frontier", score=0.75),
        graded(2, adapter="x", score=1.0),
        graded(2, role="frontier", score=0.25),
        graded(3, adapter="y", score=0.0),
        graded(3, role="frontier", score=1.0),
    ]
    found = scores(rows, "x")
    assert found is not None
    assert found["pulls"] == 2 and found["score"] == {"own": 0.75, "base": None, "frontier": 0.5}
    assert (found["valid_calls"], found["turns"]) == (5, 6)
    assert scores(rows, "z") is None


IDS = st.sampled_from("abcd")


@given(st.lists(st.tuples(st.booleans(), IDS), max_size=12))
def test_going_back_never_leads_to_the_present_one_nor_to_one_never_promoted(steps: list[tuple[bool, str]]) -> None:
    events: list[Promotion] = []
    for number, (back, id) in enumerate(steps):
        earlier = promotions.earlier(events, "o/n")
        if back and not earlier:
            continue
        kind, target = ("rollback", earlier[0]) if back else ("promote", id)
        events.append(Promotion(f"{number:04d}", kind, "o/n", target, None))  # type: ignore[arg-type]
        current = promotions.promoted(events)["o/n"]
        after = promotions.earlier(events, "o/n")
        assert current == target and current not in after and len(set(after)) == len(after)
        assert set(after) <= {event.id for event in events}
        assert not back or after == earlier[1:]
