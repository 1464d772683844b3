"""Adding, finding, promoting and removing adapters of a registry."""

from __future__ import annotations

import dataclasses
import datetime
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import whole
from pipeline.adapters import entry as entries_of
from pipeline.adapters import promotions
from pipeline.adapters.entry import CHANGING, ENTRY, FILE, SCORES, SHORT, Damaged, Entry, File
from pipeline.adapters.place import Folder, Place
from pipeline.adapters.promotions import Promotion
from pipeline.errors import InputError, RunError
from pipeline.gates.record import NAME as GATES
from pipeline.gates.record import read_record
from pipeline.train.card import NAME as CARD
from pipeline.train.card import adapter_sha256, file_sha256, read_card

log = logging.getLogger(__name__)

ADAPTERS, EVENTS = "adapters", "events"


def open_registry(where: str | Path) -> Registry:
    """The registry in a folder or at a URL (``s3://bucket/path``); it need not exist yet. Raises InputError."""
    if isinstance(where, str) and "://" in where:
        from pipeline.adapters.remote import Remote

        return Registry(Remote(where))
    return Registry(Folder(Path(where)))


class Registry:
    """The adapters of one place. All methods raise RunError when the place fails."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @property
    def url(self) -> str:
        """Where it is, as it was named."""
        return self.place.url

    def add(self, adapter: Path) -> Entry:
        """Register the finished adapter in folder ``adapter``; again, or after a kill, goes on with what is missing.

        Raises InputError for a folder without a card, or whose weights are not those that its card names.
        """
        card = read_card(adapter)
        read_record(adapter)  # a broken one must not get in
        if adapter_sha256(adapter) != card.sha256:
            raise InputError(f"{adapter}: its weights are not those of its {CARD}; train the adapter again")
        raw = (adapter / CARD).read_bytes()
        id = entries_of.identity(json.loads(raw))
        files = {path.name: File(path.stat().st_size, file_sha256(path)) for path in _files(adapter)}
        there = self.place.sizes(f"{ADAPTERS}/{id}")
        for name in files:
            self.place.put(f"{ADAPTERS}/{id}/{name}", adapter / name)
        if CARD not in there or not self._is_whole(id):  # one in the registry may be marked stale meanwhile
            self.place.write(f"{ADAPTERS}/{id}/{CARD}", raw)
        if (adapter / GATES).is_file():
            self.place.write(f"{ADAPTERS}/{id}/{GATES}", (adapter / GATES).read_bytes())
        if ENTRY not in there or not self._is_whole(id):
            row = {"added_at": _now()[:19] + "Z", "files": {n: dataclasses.asdict(file) for n, file in files.items()}}
            self.place.write(f"{ADAPTERS}/{id}/{ENTRY}", _text(row))
        return self._entry(id)

    def entries(self) -> tuple[list[Entry], list[Damaged]]:
        """All adapters, the first added first, and the folders that are no whole adapter, with the reason."""
        whole, damaged = [], []
        for id in sorted({name.partition("/")[0] for name in self.place.sizes(ADAPTERS)}):
            try:
                whole.append(self._entry(id))
            except _Damage as damage:
                damaged.append(Damaged(id, str(damage)))
        return sorted(whole, key=lambda entry: (entry.added_at, entry.id)), damaged

    def find(self, text: str) -> Entry:
        """The adapter whose id, or whose card's sha256, begins with ``text``. Raises InputError for none or several."""
        whole, damaged = self.entries()
        found = [e for e in whole if len(text) >= 4 and (e.id.startswith(text) or e.card.sha256.startswith(text))]
        if len(found) == 1:
            return found[0]
        for broken in damaged:
            if not found and broken.id.startswith(text):
                raise InputError(f"{self.url}: {broken.id[:SHORT]} is damaged: {broken.why}")
        known = ", ".join(e.id[:SHORT] for e in found or whole) or "none"
        what = "several adapters begin with that" if found else "no such adapter"
        raise InputError(f"{self.url}: {text!r}: {what}; give 4 digits or more of one of: {known}")

    def promotions(self) -> list[Promotion]:
        """All events, oldest first; one that cannot be read is warned of."""
        events = []
        for name in self.place.sizes(EVENTS):
            try:
                events.append(promotions.parse(self.place.read(f"{EVENTS}/{name}")))
            except (ValueError, TypeError) as error:
                log.warning("%s/%s/%s: not a promotion (%s): passed over", self.url, EVENTS, name, error)
            except FileNotFoundError:
                continue
        return promotions.in_order(events)

    def promoted(self, repo: str) -> Entry | None:
        """The adapter that is promoted for ``repo``. Raises InputError when it is damaged or gone."""
        id = promotions.promoted(self.promotions()).get(repo)
        return self.find(id) if id else None

    def promote(self, entry: Entry, repo: str | None = None, *, force: bool = False) -> Promotion:
        """Make it the one that serves and is evaluated; doing so again changes nothing.

        ``repo``: None is that of its card. Raises InputError when its gates failed or were not run, or when it
        is stale, unless ``force``: then the event says so.
        """
        events, repo = self.promotions(), entry.repo if repo is None else repo
        before = promotions.promoted(events).get(repo)
        if before == entry.id:
            return next(event for event in reversed(events) if event.repo == repo)
        objection = objection_to(entry)
        if objection and not force:
            raise InputError(f"{entry.id[:SHORT]}: {objection}; promote it all the same with --force")
        at = promotions.time_after(events, _now())
        return self._say(Promotion(at, "promote", repo, entry.id, before, bool(objection), objection or ""))

    def rollback(self, repo: str | None = None) -> Promotion:
        """Go back to the one promoted before; what is damaged, gone or stale is passed over.

        ``repo``: None is the only one that has a promotion. Raises InputError when there is none to go back to.
        """
        events = self.promotions()
        current = promotions.promoted(events)
        repo = self._only(current) if repo is None else repo
        passed: list[str] = []
        for id in promotions.earlier(events, repo):
            objection = self._hindrance(id)
            if objection is None:
                why = f"passed over: {'; '.join(passed)}" if passed else ""
                at = promotions.time_after(events, _now())
                return self._say(Promotion(at, "rollback", repo, id, current[repo], why=why))
            passed.append(f"{id[:SHORT]} ({objection})")
        over = f" ({'; '.join(passed)})" if passed else ""
        raise InputError(
            f"{self.url}: no adapter to go back to for {repo or 'this repository'}{over}; promote one by id"
        )

    def remove(self, text: str) -> str:
        """Delete the adapter, whole or damaged; its id. Raises InputError for one that is promoted or not known."""
        whole, damaged = self.entries()
        ids = [entry.id for entry in whole] + [broken.id for broken in damaged]
        found = [id for id in ids if len(text) >= 4 and id.startswith(text)]
        id = found[0] if len(found) == 1 else self.find(text).id
        for repo, promoted in promotions.promoted(self.promotions()).items():
            if promoted == id:
                raise InputError(f"{id[:SHORT]}: is promoted for {repo or 'its repository'}; promote another one first")
        names = self.place.sizes(f"{ADAPTERS}/{id}")
        for name in sorted(
            names, key=lambda name: name != ENTRY
        ):  # without its entry it is none, however far this gets
            self.place.delete(f"{ADAPTERS}/{id}/{name}")
        return id

    def folder(self, entry: Entry, fetched: Path) -> Path:
        """The adapter's folder on this machine: in the registry, or fetched below ``fetched``. Raises RunError."""
        local = self.place.local(f"{ADAPTERS}/{entry.id}")
        return local if local else self.fetch(entry, fetched / entry.id)

    def fetch(self, entry: Entry, folder: Path) -> Path:
        """Copy the adapter into ``folder``, its hashes checked; what is there already is kept. Raises RunError."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, file in entry.files.items():
            target = folder / name
            if target.is_file() and file_sha256(target) == file.sha256:
                continue
            with whole.held_draft(target) as draft:
                part = Path(draft.name)
                self._read(lambda name=name, part=part: self.place.get(f"{ADAPTERS}/{entry.id}/{name}", part), entry.id)  # type: ignore[misc]
                if file_sha256(part) != file.sha256:
                    part.unlink()
                    raise RunError(
                        f"{self.url}: {entry.id[:SHORT]}: {name} is not what was added; remove it, add it again"
                    )
                part.replace(target)
        for name in (CARD, GATES):
            if name in self.place.sizes(f"{ADAPTERS}/{entry.id}"):
                whole.write(folder / name, self.place.read(f"{ADAPTERS}/{entry.id}/{name}"))
        return folder

    def store_scores(self, entry: Entry, scores: Mapping[str, Any]) -> None:
        """Keep how it scored, in place of what was kept before."""
        if scores != entry.scores:
            self.place.write(f"{ADAPTERS}/{entry.id}/{SCORES}", _text(dict(scores)))

    def mark_stale(self, repos: Sequence[str], why: str) -> list[Entry]:
        """Mark what was trained on one of ``repos`` (letter case aside); all that is stale because of them."""
        wanted, marked = {repo.lower() for repo in repos}, []
        for entry in self.entries()[0]:
            if not wanted & {repo.lower() for repo in entry.card.repos}:
                continue
            if not entry.card.stale:
                name = f"{ADAPTERS}/{entry.id}/{CARD}"
                card = json.loads(self.place.read(name))
                self.place.write(name, _text({**card, "stale": {"at": _now()[:19] + "Z", "why": why}}))
            marked.append(self._entry(entry.id))
        return marked

    def _is_whole(self, id: str) -> bool:
        try:
            self._entry(id)
        except _Damage:
            return False
        return True

    def _entry(self, id: str) -> Entry:
        folder = f"{ADAPTERS}/{id}"
        sizes = self.place.sizes(folder)
        if ENTRY not in sizes:
            raise _Damage(f"no {ENTRY}: it was not added whole; add it again, or remove it")
        read = {name: self._read(lambda n=name: self.place.read(f"{folder}/{n}"), id) for name in CHANGING & set(sizes)}  # type: ignore[misc]
        try:
            entry = entries_of.parse(id, read[ENTRY], read.get(CARD, b""), read.get(GATES), read.get(SCORES))
        except ValueError as error:
            raise _Damage(f"{error}; add it again, or remove it") from None
        for name, file in entry.files.items():
            if sizes.get(name) != file.size:
                has = f"has {sizes[name]} bytes instead of {file.size}" if name in sizes else "is missing"
                raise _Damage(f"{name} {has}; add it again, or remove it")
        return entry

    def _read(self, read: Callable[[], Any], id: str) -> Any:
        try:
            return read()
        except FileNotFoundError:
            raise _Damage(f"{id[:SHORT]}: a file went away while it was read; add it again, or remove it") from None

    def _hindrance(self, id: str) -> str | None:
        try:
            entry = self._entry(id)
        except _Damage as damage:
            return str(damage).partition(";")[0]
        return "stale" if entry.card.stale else None

    def _only(self, current: Mapping[str, str]) -> str:
        if len(current) != 1:
            known = ", ".join(current) or "none"
            raise InputError(f"{self.url}: promotions of one repository are needed, found {known}; name it with --repo")
        return next(iter(current))

    def _say(self, event: Promotion) -> Promotion:
        # A name of its own, in order of time: two at once make two events, and the later one stands.
        name = f"{EVENTS}/{event.at.replace(':', '')}-{secrets.token_hex(4)}.json"
        self.place.write(name, _text(dataclasses.asdict(event)))
        return event


class _Damage(RunError):
    """Why a folder of the registry is no whole adapter."""


def objection_to(entry: Entry) -> str | None:
    """Why it must not be promoted, in one line; None when nothing speaks against it."""
    said = (
        [f"stale since {entry.card.stale.get('at', '?')[:10]}: {entry.card.stale.get('why')}"]
        if entry.card.stale
        else []
    )
    if entry.gates is None:
        said.append("its gates were not run (switchover adapters gate, then add it again)")
    elif entry.gates.adapter != entry.card.sha256:
        said.append("its gates were run on other weights")
    elif objection := entry.gates.objection():
        said.append(objection)
    return "; ".join(said) or None


def _files(adapter: Path) -> list[Path]:
    """The adapter's own files: none of a checkpoint's, none hidden, no links."""
    found = sorted(path for path in adapter.iterdir() if path.is_file() and not path.is_symlink())
    return [path for path in found if FILE.fullmatch(path.name) and path.name not in CHANGING]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime(promotions.TIME)


def _text(row: Mapping[str, Any]) -> bytes:
    return (json.dumps(row, indent=2, ensure_ascii=False) + "\n").encode()
