"""Which folders of the host a sandbox may be given."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import InputError

_SYSTEM = tuple(
    Path("/", name) for name in ["bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr"]
)
_CROWDED = tuple(Path("/", name) for name in ["home", "mnt", "opt", "root", "srv", "tmp", "var", "var/tmp"])

_ALWAYS_SHOWN = (Path("/usr"), Path("/usr/local"))


def checkout(path: Path) -> Path:
    """The resolved folder of a checkout. Raises InputError unless it is a folder that may be given away."""
    place = _folder(path, "--checkout")
    if _is_shared(place):
        raise InputError(f"{path}: a folder of the system or of all users; name the one checkout in it")
    if not os.access(place, os.W_OK | os.X_OK):
        raise InputError(f"{path}: you may not write there; name a folder of your own, or copy it")
    return place


def inside(path: Path) -> Path:
    """A place in the sandbox at which a checkout may be shown. Raises InputError."""
    taken = (*_SYSTEM, Path("/tmp"))  # noqa: S108 - the sandbox's own
    if not path.is_absolute() or ".." in path.parts or _is_shared(path) or any(map(path.is_relative_to, taken)):
        raise InputError(f"{path}: the sandbox cannot show a checkout there; give a path like /repo")
    return path


def toolchain(path: Path) -> list[Path]:
    """The resolved folder of a toolchain and, for a Python virtual environment, of the Python it is made from.

    Nothing for /usr and /usr/local: every sandbox shows them.
    Raises InputError unless it is a folder that may be shown.
    """
    place = _folder(path, "toolchain")
    if place in _ALWAYS_SHOWN:
        return []
    if _is_shared(place):
        raise InputError(f"{path}: a folder of the system or of all users; name one prefix in it, say /opt/python")
    return [place, *_base_of_venv(place)]


def _is_shared(place: Path) -> bool:
    return place in _CROWDED or any(system.is_relative_to(place) for system in _SYSTEM)


def _folder(path: Path, what: str) -> Path:
    try:
        place = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: {reason}; {what} must be an existing folder") from None
    if not place.is_dir():
        raise InputError(f"{path}: is not a folder; {what} must be one")
    return place


def _base_of_venv(place: Path) -> list[Path]:
    try:
        lines = (place / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    pairs = (line.partition("=") for line in lines)
    homes = [Path(value.strip()) for key, _, value in pairs if key.strip() == "home"]
    bases = [home.resolve().parent for home in homes]
    return [base for base in bases if _is_python(base) and not base.is_relative_to("/usr")]


def _is_python(prefix: Path) -> bool:
    # The file may have been written by anybody; it must not make us show a folder of keys.
    return any(prefix.glob("lib/python3*/os.py")) and (prefix / "bin").is_dir()
