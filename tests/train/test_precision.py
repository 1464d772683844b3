"""The numbers that are computed in: the same in training and serving, and float32 where the CPU lacks bfloat16."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch

from pipeline.serve.engines import Start, vllm
from pipeline.train.base import load_model
from pipeline.train.precision import fastest
from tests.train.tiny import make_model


@pytest.mark.skipif(torch.cuda.is_available() or platform.machine() != "x86_64", reason="is about x86 CPUs")
def test_float32_exactly_where_the_cpu_has_no_kernel_for_bfloat16() -> None:
    has_kernel = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    assert fastest() is (torch.bfloat16 if has_kernel else torch.float32)


def test_training_and_server_agree(tmp_path: Path) -> None:
    folder = make_model(tmp_path)
    assert load_model(str(folder)).dtype is fastest()
    words = vllm(Start(str(folder), None, 1234, 512)).arguments
    assert words[words.index("--dtype") + 1] == str(fastest()).removeprefix("torch.")
