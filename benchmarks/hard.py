"""Hard scores on real pull requests: each proven, then the human patch and no patch graded, and compared.

    python benchmarks/hard.py --db click.db --newest 20 --out hard.jsonl
    python benchmarks/hard.py --db click.db --newest 20 --out hard.jsonl --independent benchmarks/independent.jsonl
    python benchmarks/hard.py --table hard.jsonl ...          # the table of docs/hard-scores.md

``--rows`` prints what ``benchmarks/hard_independent.py`` takes. Databases are made by ``switchover collect``.
"""

import argparse
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from pipeline.collect import tasks as tasks_in
from pipeline.collect.gold import gold_patch
from pipeline.evaluate.hard import grader
from pipeline.settings import CollectConfig, EvaluateConfig
from pipeline.store import Store
from pipeline.types import Task, to_json


def newest(db: Path, count: int) -> list[Task]:
    with Store.open(db, must_exist=True) as store:
        every = tasks_in(store, CollectConfig())
        return [task for task in every if task.left_out is None and task.test_files][:count]


def prove(db: Path, count: int, out: Path) -> None:
    with Store.open(db, must_exist=True) as store:
        (clone,) = store.repos().values()
    done = {json.loads(line)["id"] for line in out.read_text().splitlines()} if out.exists() else set()
    judge = grader(clone, EvaluateConfig(), scratch=out.parent / "scratch", cache=out.parent / "cache")
    with out.open("a") as file:
        for task in newest(db, count):
            if task.id in done:
                continue
            began = time.monotonic()
            proof = judge.proof(task)
            row: dict[str, Any] = {"id": task.id, "date": task.merged_at[:10], **to_json(proof)}
            row["thrown_out"] = dict(proof.thrown_out)
            if proof.left_out is None:
                row["human"] = to_json(judge.grade(task, gold_patch(clone, task)))
                row["empty"] = to_json(judge.grade(task, b""))
            row["wall"] = round(time.monotonic() - began, 1)
            print(json.dumps(row), file=file, flush=True)
            print(task.id, proof.left_out, len(proof.fail_to_pass), len(proof.pass_to_pass), file=sys.stderr)


def junit(name: str) -> str:
    """pytest's node id as its JUnit reports write it."""
    path, *rest = name.split("::")
    *classes, test = rest if "[" not in name else [*name[: name.index("[")].split("::")[1:-1], _last(name)]
    return "::".join([".".join([path.removesuffix(".py").replace("/", "."), *classes]), test])


def _last(name: str) -> str:
    head, _, tail = name.partition("[")
    return head.rsplit("::", 1)[-1] + "[" + tail


def table(paths: list[Path], independent: list[Path]) -> None:
    others = {row["id"]: row for path in independent for row in map(json.loads, path.read_text().splitlines())}
    print("| pull request | merged | F2P | P2P | thrown out | human | empty | independent run | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in (row for path in paths for row in map(json.loads, path.read_text().splitlines())):
        if row["left_out"]:
            print(
                f"| {row['id']} | {row['date']} | `{row['left_out']}` | | | | | {_other(row, others)} | {row['wall']} |"
            )
            continue
        counts = f"{len(row['fail_to_pass'])} | {len(row['pass_to_pass'])} | {len(row['thrown_out'])}"
        scores = f"{float(row['human']['resolved'])} | {float(row['empty']['resolved'])}"
        print(f"| {row['id']} | {row['date']} | {counts} | {scores} | {_other(row, others)} | {row['wall']} |")


def _other(row: dict[str, Any], others: dict[str, Any]) -> str:
    other = others.get(row["id"])
    if other is None:
        return ""
    if other.get("error"):
        return "not run"
    differ = []
    for name, ours in (("f2p", row["fail_to_pass"]), ("p2p", row["pass_to_pass"])):
        more, less = set(map(junit, ours)) - set(other[name]), set(other[name]) - set(map(junit, ours))
        if more or less:
            differ.append(f"{name} +{len(more)} -{len(less)}")
    return ", ".join(differ) or "same"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", type=Path)
    parser.add_argument("--newest", type=int, default=20)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rows", action="store_true", help="print the rows for the independent run")
    parser.add_argument("--table", type=Path, nargs="*")
    parser.add_argument("--independent", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    if asked.table:
        table(asked.table, asked.independent)
    elif asked.rows:
        for task in newest(asked.db, asked.newest):
            row = {"id": task.id, "number": task.number, "base": task.base_sha, "merge": task.merge_sha}
            print(json.dumps({**row, "date": task.merged_at}))
    else:
        prove(asked.db, asked.newest, asked.out)


if __name__ == "__main__":
    main()
