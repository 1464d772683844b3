"""One fresh sandbox for every command: prepare its folders, start it, watch it, clean up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.rollout import hostile
from pipeline.rollout.sandbox import gitdir, places, selftest
from pipeline.rollout.sandbox.identity import identity
from pipeline.rollout.sandbox.launch import Plan, launched
from pipeline.rollout.sandbox.limits import Limits, Ran
from pipeline.rollout.sandbox.scratch import owned, scratch
from pipeline.rollout.sandbox.staging import Bind, in_own_mounts, stage
from pipeline.rollout.sandbox.supervise import Disk, Watch

_TMP = Path("/tmp")  # noqa: S108 - the sandbox's own
_REMEMBERED = 4096


@dataclass(frozen=True)
class _Job:
    """What to run; places are checked and resolved."""

    command: Sequence[str]
    checkout: Path
    seen: Path
    """Where the command sees the checkout."""
    tmp: Path | None
    limits: Limits
    toolchains: Sequence[Path]
    protect_git: bool = False
    hidden: Sequence[Path] = ()


class Sandbox:
    """Runs hostile commands. Safe to share between threads; keeps no process and no state between commands."""

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        toolchains: Sequence[Path] = (),
        hidden: Sequence[Path] = (),
    ) -> None:
        """``toolchains``: prefixes to show read-only beside /usr, ``bin`` of each first on PATH.

        Of a Python virtual environment the Python that it is made from is shown too. ``hidden``: files
        and folders of the system or of toolchains that commands must not see (installed copies of the answer).
        Raises InputError for a toolchain that is no folder or a folder of the system.
        """
        self.limits = limits
        self.toolchains = tuple(dict.fromkeys(place for path in toolchains for place in places.toolchain(path)))
        self.hidden = tuple(hidden)
        self._bases: dict[Path, int] = {}
        self._bases_lock = threading.Lock()

    def check(self) -> None:
        """Self-test with the real flags, about 0.1 s, once per process. Raises SandboxUnavailable."""
        selftest.once(self._self_test)

    def run(
        self,
        command: Sequence[str],
        checkout: Path,
        *,
        tmp: Path | None = None,
        limits: Limits | None = None,
        at: Path | None = None,
        protect_git: bool = False,
    ) -> Ran:
        """Run ``command`` (no shell is added) with ``checkout`` as its writable working directory.

        ``tmp``: a folder to keep as its /tmp, for one command at a time; None: a fresh one that is
        deleted afterwards. ``limits``: in place of the sandbox's own. ``at``: where the command sees the
        checkout, so that what it prints is the same on every machine; None: at its own path.
        ``protect_git``: for a folder whose ``.git`` somebody uses on the host; the command gets a
        private copy of it.
        When this returns, no process of the command is left. Raises SandboxUnavailable when nothing
        was run, InputError for a folder that cannot be given away or an impossible command.
        """
        if not command or any("\0" in word for word in command):
            raise InputError("sandbox: no command, or one with a NUL in it; give the command after --")
        self.check()
        self._reopen(checkout, tmp)
        place = places.checkout(checkout)
        seen = places.inside(at) if at else place
        job = _Job(command, place, seen, tmp, limits or self.limits, self.toolchains, protect_git, self.hidden)
        return self._run(job)

    def _self_test(self, command: Sequence[str], checkout: Path, limits: Limits, shown: Sequence[Path]) -> Ran:
        return self._run(_Job(command, checkout, checkout, None, limits, (*self.toolchains, *shown)))

    def _run(self, job: _Job) -> Ran:
        who = identity()
        with scratch() as folder:
            tmp = job.tmp.resolve(strict=True) if job.tmp else owned(folder / "tmp")
            binds = _shared(job, tmp)
            if job.protect_git:
                binds += gitdir.private(job.checkout, job.seen, folder / "git", who)
            folders = (job.checkout, tmp)
            disk = Disk(folders, job.limits.disk_mb * 2**20, self._base(folders))

            def go() -> Ran:
                staged = stage(binds, who) if who.changes else binds
                with launched(Plan(job.command, job.limits, staged, job.toolchains, job.seen, who, job.hidden)) as run:
                    return Watch(run, job.limits, disk).ran()

            return in_own_mounts(go) if who.changes else go()

    def _reopen(self, checkout: Path, tmp: Path | None) -> None:
        """An earlier command must not keep the next one from starting; a folder that is new to us stays as it is."""
        with self._bases_lock:
            known = checkout.resolve() in self._bases
        for folder in (checkout, tmp) if known else ():
            if folder:
                hostile.open_up(folder)

    def _base(self, folders: tuple[Path, Path]) -> int:
        """Size of the folders before the first command in this checkout: growth adds up over commands."""
        checkout = folders[0]
        with self._bases_lock:
            if checkout in self._bases:
                return self._bases[checkout]
        base = sum(map(hostile.size, folders))
        with self._bases_lock:
            if len(self._bases) >= _REMEMBERED:
                self._bases.pop(next(iter(self._bases)))
            return self._bases.setdefault(checkout, base)


def _shared(job: _Job, tmp: Path) -> list[Bind]:
    """Outer folders first, so that none covers what is mounted in it; a toolchain in the checkout stays read-only.

    An earlier command may have put links where folders are mounted now; bubblewrap would follow them.
    """
    tools = sorted((Bind(tool, tool) for tool in job.toolchains), key=lambda bind: len(bind.target.parts))
    outside = [bind for bind in tools if not bind.target.is_relative_to(job.checkout)]
    inside = [bind for bind in tools if bind not in outside and _is_still_there(bind.source)]
    for bind in (*outside, Bind(job.checkout, job.seen)):
        if bind.target.is_relative_to(_TMP):
            hostile.clear_way(tmp, bind.target.relative_to(_TMP))
    return [
        Bind(tmp, _TMP, writable=True, lend=True),
        *outside,
        Bind(job.checkout, job.seen, writable=True, lend=True),
        *(Bind(bind.source, job.seen / bind.target.relative_to(job.checkout)) for bind in inside),
    ]


def _is_still_there(folder: Path) -> bool:
    return folder.is_dir() and folder.resolve() == folder
