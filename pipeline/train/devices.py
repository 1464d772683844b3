"""The device at hand, and those that plans are made for where none is: memory and peak speed."""

from __future__ import annotations

import os
import shutil
import subprocess

from pipeline.train.plan import Device

_GIB = 1024**3

_TFLOPS = {
    "B200": 2250, "H200": 989, "H100": 989, "A100": 312, "L40S": 362, "RTX 5090": 209, "RTX 4090": 165,
    "RTX 6000 Ada": 364, "L40": 181, "A6000": 155, "RTX 3090": 71, "A10": 125, "L4": 121,
}  # fmt: skip
"""Dense bfloat16 with float32 sums, in 10^12 operations a second, by the makers' data sheets; first match counts."""

_UNKNOWN_TFLOPS = 100
_CPU_TFLOPS, _CPU_UTILIZATION = 0.2, 0.45
"""One core with AVX-512 and bfloat16, as measured (docs/training.md)."""

SMALL_GPU = Device("NVIDIA RTX 4090, 24 GB (assumed)", 24 * _GIB, _TFLOPS["RTX 4090"], 0)
LARGE_GPU = Device("NVIDIA H100, 80 GB (assumed)", 80 * _GIB, _TFLOPS["H100"], 0)
"""What plans without a GPU at hand are made for: the smallest of both that holds it."""


def at_hand() -> Device | None:
    """The GPUs of this machine, as nvidia-smi tells them; of several kinds the smallest. None without one."""
    path = shutil.which("nvidia-smi")
    if path is None:
        return None
    query = [path, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    done = subprocess.run(query, capture_output=True, text=True, check=False, timeout=60)
    return parsed(done.stdout) if done.returncode == 0 else None


def parsed(answer: str) -> Device | None:
    """The device in nvidia-smi's ``name, MiB`` lines; None where it tells of none."""
    rows = [line.rsplit(",", 1) for line in answer.splitlines() if "," in line]
    found = sorted((int(size) * 1024**2, name.strip()) for name, size in rows if size.strip().isdigit())
    if not found:
        return None
    size, name = found[0]
    speed = next((tflops for part, tflops in _TFLOPS.items() if part in name), _UNKNOWN_TFLOPS)
    return Device(name, size, speed, len(found))


def cpu(processes: int) -> Device:
    """This machine without a GPU; its memory is shared by ``processes``."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Device("cpu", memory // processes, _CPU_TFLOPS, processes, _CPU_UTILIZATION)
