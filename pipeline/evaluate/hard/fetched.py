"""Folders of fetched dependencies, made once per content of the files that name them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline import config, whole
from pipeline.errors import RunError
from pipeline.evaluate.hard.kit import LeftOutTask
from pipeline.rollout import hostile

_FAILED, _READY = "failed.json", "ready"
_SECONDS = 1200

NETWORK = re.compile(
    r"error sending request|dns error|Could not connect|connection (refused|reset)|\btimed out\b|network is unreachable"
    r"|\boffline mode\b|ENOTFOUND|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN|dial tcp"
    r"|HTTP status \w+ error \(50[0234]|No space left",
    re.IGNORECASE,
)
"""Not the repository's fault: to be tried again another day, not kept as a result."""


def made(cache: Path, parts: object, make: Callable[[Path], None]) -> tuple[str, Path]:
    """Key and folder of what ``make`` fills, once for equal ``parts``; a failure that it tells is kept too.

    In its final place, since few environments can be moved. Safe between threads and processes; what a
    killed one left is made anew. Raises LeftOutTask as ``make`` did.
    """
    key = hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
    place = cache.absolute() / key
    if not (place / _READY).exists():
        with _locked(cache / f"{key}.lock"):
            if not (place / _READY).exists():
                _fill(place, make)
    if (place / _FAILED).exists():
        raise LeftOutTask(**json.loads((place / _FAILED).read_text()))
    return key, place


def _fill(place: Path, make: Callable[[Path], None]) -> None:
    hostile.remove(place)
    place.mkdir()
    try:
        make(place)
    except LeftOutTask as error:
        hostile.remove(place)
        if error.reason == "no_toolchain":  # of this machine, as it is now
            raise
        place.mkdir()
        whole.write(place / _FAILED, json.dumps({"reason": error.reason, "detail": error.detail}).encode())
    os.sync()  # thousands of small files: all at once is quicker than each
    (place / _READY).touch()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Path to hash of the content, sorted: what an environment is a function of."""
    return {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)}


def fetch(words: Sequence[str], where: Path, variables: Mapping[str, str]) -> None:
    """Run a package manager on this machine, with network and without secrets.

    Raises LeftOutTask when it fails, RunError when it does not end.
    """
    environment = {**config.build_environment(where), **variables}
    try:
        ran = subprocess.run(
            words, capture_output=True, env=environment, cwd=where, timeout=_SECONDS,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RunError(f"{words[0]}: no end after {_SECONDS} s; look at the network, then run it again") from None
    except OSError as error:
        raise LeftOutTask("no_toolchain", f"{words[0]}: {error.strerror}") from None
    if ran.returncode != 0:
        said = " ".join(ran.stderr.decode("utf-8", "replace").strip().splitlines()[-3:])[:300]
        if NETWORK.search(said):
            raise RunError(f"{words[0]}: the registry is out of reach ({said}); run the same command again later")
        raise LeftOutTask("environment_failed", f"{' '.join(words[:2])}: {said}")
