"""Several processes that train one model: joining, agreeing, waiting. With one process each of these does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist

from pipeline.config import Ranks


@contextmanager
def joined(ranks: Ranks) -> Iterator[None]:
    """Hold this process in the group that torchrun has started: NCCL between GPUs, gloo between CPUs."""
    if ranks.world == 1:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(ranks.local)
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def any_of(mine: bool) -> bool:
    """True in every process when it is true in one. All must ask at the same place."""
    if not dist.is_initialized():
        return mine
    flag = torch.tensor([int(mine)], device="cuda" if torch.cuda.is_available() else "cpu")
    dist.all_reduce(flag, op=dist.ReduceOp.MAX)
    return bool(flag.item())


def from_first(value: Any) -> Any:
    """What the first process gave."""
    if not dist.is_initialized():
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def wait() -> None:
    """Until every process is here."""
    if dist.is_initialized():
        dist.barrier()
