"""In which numbers a model is computed with here."""

from __future__ import annotations

import torch


def fastest() -> torch.dtype:
    """bfloat16 where the hardware multiplies in it, else float32.

    A CPU without AVX-512 has no kernel for bfloat16: a product of two matrices took it fifty times as
    long as in float32 (1.55 s against 0.03 s, docs/LOG.md). This asks what torch itself asks.
    """
    if torch.cuda.is_available() or torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.bfloat16
    return torch.float32
