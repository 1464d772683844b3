"""The adapter that is served: seen when it changes, copied, and moved into running servers without a gap.

Servers read a copy of our own. A folder that is trained anew, or a link that is set to another one,
changes nothing until the new adapter has passed the gate; and an engine that dies gets back what it had.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import EndpointError, InputError, RunError
from pipeline.serve import gate
from pipeline.serve.engines import SLOTS
from pipeline.serve.names import CONTROL, PUBLIC
from pipeline.train.card import NAME as CARD
from pipeline.train.card import PROBE, SETTINGS, TEMPLATE, WEIGHTS

log = logging.getLogger(__name__)

FILES = (SETTINGS, WEIGHTS, "adapter_model.bin", TEMPLATE, PROBE, CARD)
"""What makes an adapter; a folder of training holds checkpoints beside it."""

DRAIN_SECONDS = 1800.0
"""A request may run that long on the adapter that it began with."""

Mark = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Staged:
    """A copy of an adapter that servers may read for as long as they like."""

    path: Path
    mark: Mark
    """What its source looked like."""

    @property
    def template(self) -> bytes:
        path = self.path / TEMPLATE
        return path.read_bytes() if path.is_file() else b""

    @property
    def rank(self) -> int:
        return int(json.loads((self.path / SETTINGS).read_text(encoding="utf-8"))["r"])


def mark(adapter: Path) -> Mark:
    """Names, sizes, times and numbers of an adapter's files: another mark, another adapter. () when there is none."""
    found = [(name, _stat(adapter / name)) for name in FILES]
    return tuple((name, *stat) for name, stat in found if stat)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def stage(adapter: Path, folder: Path) -> Staged:
    """Copy ``adapter`` below ``folder``, into a place of its content's name.

    Raises InputError when it is no adapter, RunError when it changes meanwhile or the disk refuses.
    """
    before = mark(adapter)
    names = [name for name, *_ in before]
    if SETTINGS not in names or not {WEIGHTS, "adapter_model.bin"} & set(names):
        raise InputError(f"{adapter}: no adapter (no {SETTINGS}, or no weights); give one of 'switchover train'")
    part = folder / ".part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name in names:
            shutil.copyfile(adapter / name, part / name)
        place = folder / _content(part, names)
        if not place.is_dir():
            part.rename(place)
    except OSError as error:
        raise RunError(f"{adapter}: cannot be copied to {folder} ({error.strerror}); free space there") from None
    if mark(adapter) != before:
        raise RunError(f"{adapter}: is being written; it is taken when it rests")
    return Staged(place, before)


def _content(folder: Path, names: Sequence[str]) -> str:
    total = hashlib.sha256()
    for name in names:
        with (folder / name).open("rb") as handle:
            total.update(f"{name} {hashlib.file_digest(handle, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:16]


def fits(new: Staged, running: Staged, most_rank: int) -> None:
    """Whether servers that were started for ``running`` can take ``new``; raises RunError when they cannot."""
    if new.template != running.template:
        raise RunError("it was trained with another chat template than the servers render; start 'serve' again with it")
    if new.rank > most_rank:
        raise RunError(f"its rank {new.rank} is above the {most_rank} the servers have room for; start 'serve' again")


class Loaded:
    """The adapter in one server, from which it is moved to the next. ``base`` is the base model's name there."""

    def __init__(self, url: str, base: str) -> None:
        self._url, self._base = url, base

    def load(self, name: str, adapter: Staged) -> None:
        """Load it under ``name``, which requests do not know yet, and gate it.

        Raises RunError, and then it is gone; EndpointError where it may pass later: the server does not answer,
        or older adapters still fill the places.
        """
        left = self.drop(name)
        if left >= SLOTS - 1:  # the last place must stay empty
            raise EndpointError(f"{self._url}: {left} adapters are loaded already, and requests still run on them")
        try:
            gate.load(self._url, name, adapter.path)
            gate.takes_effect(self._url, self._base, name, adapter.path)
        except RunError:
            self.drop(name)
            raise

    def publish(self, name: str) -> None:
        """From now on requests for ``own`` are answered by ``name``; those that run go on. Raises RunError."""
        gate.post(f"{self._url}{CONTROL}", {PUBLIC: name})

    def drain(self, name: str, stop: Any) -> None:
        """Wait until no request runs on ``name``, for half an hour at most or until the event ``stop`` is set."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.running(name) and time.monotonic() < deadline and not stop.wait(0.2):
            pass

    def running(self, name: str) -> int:
        """Requests that run on ``name``; 0 too for a server that is gone."""
        try:
            return int(gate.get(f"{self._url}{CONTROL}").get("running", {}).get(name, 0))
        except RunError:
            return 0

    def drop(self, name: str) -> int:
        """Forget ``name``, as a server that is gone has; how many adapters are left, 0 where that is not known."""
        try:
            return int(gate.post(f"{self._url}{CONTROL}", {"drop": name}).get("loaded", 0))
        except RunError as error:
            log.debug("%s: %s not dropped: %s", self._url, name, error)
            return 0
