"""Which GPUs each replica gets."""

from __future__ import annotations

from pipeline.config import visible_gpus
from pipeline.errors import InputError


def split(replicas: int, each: int) -> list[tuple[str, ...]]:
    """The GPUs of every replica, ``each`` of them, as CUDA_VISIBLE_DEVICES names them.

    (): all that are visible, on a machine without any. Raises InputError for
    more than there are.
    """
    names = _names()
    if not names:
        if each > 1:
            raise InputError(f"serve: --tensor-parallel {each} needs that many GPUs; this machine shows none")
        return [()] * replicas
    if replicas * each > len(names):
        raise InputError(
            f"serve: {replicas} replicas of {each} GPUs need {replicas * each}; {len(names)} are visible: give fewer"
        )
    return parts(names, replicas, each)


def parts(names: tuple[str, ...], replicas: int, each: int) -> list[tuple[str, ...]]:
    """``names`` dealt out in order. Pure."""
    return [names[i * each : (i + 1) * each] for i in range(replicas)]


def _names() -> tuple[str, ...]:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    named = visible_gpus()
    return named[:count] if named is not None else tuple(str(number) for number in range(count))
