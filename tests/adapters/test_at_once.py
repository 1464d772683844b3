"""Several processes at one registry, and one that is killed while it adds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.adapters import open_registry
from pipeline.adapters.place import Folder
from pipeline.train.card import WEIGHTS
from pipeline.whole import PART
from tests.adapters.made import REPO, adapter, gated

WRITERS, EACH = 3, 4


def test_processes_at_once_lose_neither_an_entry_nor_a_promotion(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.adapters import open_registry\n"
        "registry = open_registry(Path(sys.argv[1]))\n"
        "for folder in sys.argv[2:]: registry.promote(registry.add(Path(folder)))\n"
    )
    common = gated(tmp_path / "common", weights=b"common" * 1000)
    running = []
    for writer in range(WRITERS):
        own = [gated(tmp_path / f"{writer}-{n}", weights=f"{writer}{n}".encode()) for n in range(EACH)]
        command = [sys.executable, "-c", code, str(tmp_path / "registry"), *map(str, (*own, common))]
        running.append(subprocess.Popen(command))
    assert [process.wait() for process in running] == [0] * WRITERS
    registry = open_registry(tmp_path / "registry")
    entries, damaged = registry.entries()
    assert len(entries) == WRITERS * EACH + 1 and not damaged
    promoted = {event.id for event in registry.promotions()}
    assert promoted == {entry.id for entry in entries}
    assert registry.promoted(REPO) is not None


def test_many_that_put_the_same_file_all_find_it_there(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"weights")
    place, name = Folder(tmp_path / "place"), "adapter/file"
    with ThreadPoolExecutor(8) as pool:
        for _ in range(100):
            list(pool.map(lambda _: place.put(name, source), range(8)))
            assert place.sizes("adapter") == {"file": 7} and place.read(name) == b"weights"
            place.delete(name)


def test_killed_while_it_adds_the_same_call_goes_on(tmp_path: Path) -> None:
    made = gated(tmp_path / "a", weights=os.urandom(1 << 20) * 24)
    top = tmp_path / "registry"
    code = "import sys; from pathlib import Path; from pipeline.adapters import open_registry\n"
    code += "open_registry(Path(sys.argv[1])).add(Path(sys.argv[2]))"
    process = subprocess.Popen([sys.executable, "-c", code, str(top), str(made)])
    deadline = time.monotonic() + 60
    while not any(top.rglob(f"*{PART}")) and process.poll() is None:
        assert time.monotonic() < deadline
    process.kill()
    process.wait()
    registry = open_registry(top)
    entries, damaged = registry.entries()
    assert len(entries) + len(damaged) <= 1
    entry = registry.add(made)
    assert registry.entries() == ([entry], [])
    assert (registry.fetch(entry, tmp_path / "got") / WEIGHTS).read_bytes() == (made / WEIGHTS).read_bytes()
    assert not any(top.rglob(f".{WEIGHTS}{PART}"))


def test_a_copy_goes_on_behind_what_is_there_unless_that_is_another_files(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(5 << 20))
    place = Folder(tmp_path / "place")
    draft = tmp_path / "place" / f".file{PART}"
    draft.parent.mkdir()
    for begun in (source.read_bytes()[: 3 << 20], b"other" * 1000, source.read_bytes() + b"more"):
        draft.write_bytes(begun)
        place.put("file", source)
        assert (tmp_path / "place" / "file").read_bytes() == source.read_bytes()
        (tmp_path / "place" / "file").unlink()


def test_at_a_url_a_torn_file_is_sent_again(tmp_path: Path) -> None:
    registry = open_registry(f"memory://torn-{tmp_path.name}")
    made = adapter(tmp_path / "a")
    id = registry.add(made).id
    registry.place.write(f"adapters/{id}/{WEIGHTS}", b"to")
    assert registry.entries()[1]
    assert registry.entries() == ([], registry.entries()[1])
    registry.add(made)
    assert [entry.id for entry in registry.entries()[0]] == [id]
