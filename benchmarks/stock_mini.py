"""The peer of ``benchmarks/rollouts.py``: mini-swe-agent as it comes, for an interpreter that has it with litellm.

    PYTHON -m benchmarks.stock_mini URL ROLLOUTS [FOLDER]

Its own batch runner's function for one instance (``process_instance``), with the agent, model, templates and
settings of its ``swebench.yaml`` and ROLLOUTS worker threads. Left out is what would only make it slower: the live
table and the log file. Commands are answered at once, unless FOLDER is given: then its local
environment runs them there. Prints one line of JSON: what it took, and the ways in which rollouts ended.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.measuring import measure
from benchmarks.slow_endpoint import OUTPUT

os.environ |= {"MSWEA_SILENT_STARTUP": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
STARTED = time.process_time()

import yaml  # noqa: E402
from minisweagent.environments.local import LocalEnvironment  # noqa: E402
from minisweagent.run.benchmarks import swebench  # noqa: E402

IMPORT_CPU = time.process_time() - STARTED


class Answers(LocalEnvironment):  # type: ignore[misc]  # imported untyped
    """Its local environment, with a command that takes no time."""

    def execute(self, action: dict[str, Any], cwd: str = "", *, timeout: int | None = None) -> dict[str, Any]:
        said = action["command"].removeprefix("echo ") if action["command"].startswith("echo ") else OUTPUT.decode()
        output = {"output": said, "returncode": 0, "exception_info": ""}
        self._check_finished(output)
        return output


def settings(url: str, folder: str | None) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(swebench.DEFAULT_CONFIG_FILE.read_text())
    config["model"] |= {"model_name": "openai/m", "cost_tracking": "ignore_errors"}
    config["model"]["model_kwargs"] |= {"api_base": url, "api_key": "none"}
    own = {"environment_class": "benchmarks.stock_mini.Answers"}
    local = {"environment_class": "local", "cwd": folder, "timeout": 60}
    return {**config, "environment": local if folder else own}


def run(url: str, rollouts: int, folder: str | None) -> dict[str, Any]:
    config = settings(url, folder)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place)
        progress = swebench.RunBatchProgressManager(rollouts)

        def one(number: int) -> None:
            instance = {"instance_id": str(number), "problem_statement": "Fix add", "image_name": "none"}
            swebench.process_instance(instance, out, config, progress)

        def all_of(count: int) -> None:
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(one, range(count)))

        all_of(min(2, rollouts))
        measured = measure(lambda: all_of(rollouts))
        ends = {json.loads(path.read_text())["info"]["exit_status"] for path in out.glob("*/*.traj.json")}
    return {**dataclasses.asdict(measured), "ends": sorted(ends), "import_cpu": IMPORT_CPU}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    url, rollouts, *rest = sys.argv[1:]
    print(json.dumps(run(url, int(rollouts), rest[0] if rest else None)))
