"""What ``cycle`` records of a verdict; its other steps are run in ``tests/cycle``."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline import cli
from pipeline.config import Config, Price, ServeConfig
from pipeline.cycle import Cycle
from pipeline.store import Store
from pipeline.types import to_json
from tests.transition.lives import LIVES


def cycle(out: Path, route: str) -> Cycle:
    """As it is when the evaluations are there."""
    (out / "evaluate").mkdir(parents=True, exist_ok=True)
    rows = "".join(json.dumps(to_json(row)) + "\n" for row in LIVES["ready"])
    (out / "evaluate" / "evaluations.jsonl").write_text(rows)
    with Store.open(out / "switchover.db") as store:
        store.save_repo("o/n", out)
    prices = {"large": Price(usd_per_million_in=1.0, usd_per_million_out=2.0)}
    return Cycle(out, out, Config(serve=ServeConfig(route=route), prices=prices))


def test_the_verdict_is_in_its_database_and_folder(tmp_path: Path) -> None:
    of = cycle(tmp_path, "frontier")
    kept = of._decide()
    assert kept.record["state"] == "ready" and not of._decide().is_new
    of._report(kept)
    for folder in (tmp_path, tmp_path / "report"):
        assert json.loads((folder / "transition.json").read_text()) == json.loads(json.dumps(kept.record))
    evaluations = str(tmp_path / "evaluate" / "evaluations.jsonl")
    assert cli.run(["decide", "--evaluations", evaluations, "--check", str(tmp_path / "transition.json")]) == 0


def test_the_route_of_the_config_is_heeded_from_when_it_was_seen(tmp_path: Path) -> None:
    cycle(tmp_path, "frontier")._decide()
    assert cycle(tmp_path, "own")._decide().record["state"] == "switched"
    assert cycle(tmp_path, "frontier")._decide().record["state"] == "ready"
    with Store.open(tmp_path / "switchover.db") as store:
        assert [(row.route, row.how) for row in store.routes("o/n")] == [("own", "config"), ("frontier", "config")]
        assert [row.state for row in store.verdicts("o/n")] == ["ready", "switched", "ready"]
