"""A Ray cluster of a head without CPUs and two nodes, as processes on this machine.

Run as a program, so that Ray stays out of the process that runs the tests: its first line on
stdout is the address, then the process ids of the nodes. It ends when its stdin does.
"""

from __future__ import annotations

import json
import os
import sys

STORE_BYTES = 100_000_000


def main(folder: str) -> None:
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_TMPDIR=folder)
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(wait=False, num_cpus=1, object_store_memory=STORE_BYTES) for _ in range(2)]
    cluster.wait_for_nodes()
    raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
    print(json.dumps({"address": cluster.address, "raylets": raylets}), flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
