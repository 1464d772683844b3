"""The library of hostile archives: each is refused for its reason, in bounded memory, and leaves nothing behind."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.intake import archive
from bot.intake.archive import unpack
from bot.intake.reasons import Refused
from pipeline.evaluations import REQUIRED
from pipeline.types import to_json
from tests.bot.intake.world import ROWS, lines, packed, symlink
from tests.graded import graded


def refused(folder: Path, data: bytes) -> Refused:
    """Why ``data`` is; nothing may be left beside the archive and its folder."""
    (folder / "archive").write_bytes(data)
    there = folder / "in" / "there"
    there.mkdir(parents=True)
    with pytest.raises(Refused) as caught:
        unpack(folder / "archive", [ROWS], there)
    assert sorted(path.name for path in folder.rglob("*")) == ["archive", "in", "there"]
    return caught.value


def method(kind: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", kind) as made:
        made.writestr(ROWS, b"x" * 1000)
    return target.getvalue()


def twice() -> bytes:
    target = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w") as made:
        warnings.simplefilter("ignore")
        made.writestr(ROWS, b"{}\n")
        made.writestr(ROWS, b"[]\n")
    return target.getvalue()


def patched(data: bytes, at: int, value: bytes) -> bytes:
    """The list of files says something else at ``at``."""
    place = data.rindex(b"PK\x01\x02") + at
    return data[:place] + value + data[place + len(value) :]


def zip64() -> bytes:
    """An ordinary end, and before it the record that the library would believe more."""
    data = packed({ROWS: b"{}\n"})
    end = data.rindex(b"PK\x05\x06")
    record = b"PK\x06\x06" + (44).to_bytes(8, "little") + b"\x2d\0" * 2 + bytes(8) + (10**7).to_bytes(8, "little") * 2
    record += (10**9).to_bytes(8, "little") + bytes(8)
    return data[:end] + record + b"PK\x06\x07" + bytes(4) + end.to_bytes(8, "little") + b"\1\0\0\0" + data[end:]


PLAIN = packed({ROWS: b"{}\n"})
LIBRARY: dict[str, tuple[str, Callable[[], bytes]]] = {
    "not a zip": ("not_zip", lambda: b"hello"),
    "empty": ("not_zip", lambda: b""),
    "only an end": ("not_zip", lambda: b"PK\x05\x06"),
    "cut short": ("not_zip", lambda: packed({ROWS: b"x" * 50_000})[:-30]),
    "head gone": ("not_zip", lambda: PLAIN[20:]),
    "damaged content": ("not_zip", lambda: method(0).replace(b"xxxxx", b"xxyxx", 1)),
    "up and out": ("bad_path", lambda: packed({"../evil": b"x"})),
    "up inside": ("bad_path", lambda: packed({"a/../../evil": b"x"})),
    "absolute": ("bad_path", lambda: packed({"/etc/evil": b"x"})),
    "drive": ("bad_path", lambda: packed({"C:/evil": b"x"})),
    "backslash": ("bad_path", lambda: packed({"..\\evil": b"x"})),
    "empty part": ("bad_path", lambda: packed({"a//b": b"x"})),
    "control character": ("bad_path", lambda: packed({"a\x1b[2Jb": b"x"})),
    "right to left": ("bad_path", lambda: packed({"a\u202eb": b"x"})),
    "long name": ("bad_path", lambda: packed({"a" * 256: b"x"})),
    "link": ("bad_path", lambda: symlink(ROWS, "/etc/passwd")),
    "link beside": ("bad_path", lambda: symlink("x", "..")),
    "twice": ("duplicate_name", twice),
    "twice but for case": ("duplicate_name", lambda: packed({ROWS: b"{}\n", ROWS.upper(): b"x"})),
    "file and folder": ("duplicate_name", lambda: packed({"a": b"x", "a/": b""})),
    "encrypted": ("encrypted", lambda: patched(PLAIN, 8, b"\x01\x00")),
    "strongly encrypted": ("encrypted", lambda: patched(PLAIN, 8, b"\x40\x00")),
    "nested": ("nested_archive", lambda: packed({"more.zip": PLAIN, ROWS: b"{}\n"})),
    "nested tar": ("nested_archive", lambda: packed({"more.TAR.GZ": b"x"})),
    "bzip2": ("not_zip", lambda: method(zipfile.ZIP_BZIP2)),
    "lzma": ("not_zip", lambda: method(zipfile.ZIP_LZMA)),
    "many files": ("too_many_files", lambda: packed({f"f{n}": b"" for n in range(archive.MOST_FILES + 1)})),
    "long names": ("too_many_files", lambda: packed({f"{n}{'d/' * 700}f": b"" for n in range(20)})),
    "bomb": ("too_large", lambda: packed({ROWS: bytes(10 << 20)})),
    "bomb beside": ("too_large", lambda: packed({"x": bytes(10 << 20), ROWS: b"{}\n"})),
    "declared huge": ("too_large", lambda: patched(PLAIN, 24, (2**32 - 2).to_bytes(4, "little"))),
    "zip64": ("too_large", zip64),
    "says more than it holds": ("damaged", lambda: patched(PLAIN, 24, (500).to_bytes(4, "little"))),
    "says less than it holds": ("not_zip", lambda: patched(packed({ROWS: b"x" * 999}), 24, (5).to_bytes(4, "little"))),
    "another name inside": ("not_zip", lambda: PLAIN.replace(ROWS.encode(), b"EVALUATIONS.JSONL", 1)),
}  # fmt: skip


@pytest.mark.parametrize("case", LIBRARY)
def test_it_is_refused(tmp_path: Path, case: str) -> None:
    reason, make = LIBRARY[case]
    assert refused(tmp_path, make()).reason == reason, case


def test_a_plain_one_gives_what_is_wanted_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(packed({"a/b.txt": b"no", ROWS: b"{}\n", "top.md": b"no"}))
    (tmp_path / "out").mkdir()
    found = unpack(tmp_path / "archive", [ROWS, "gates.json"], tmp_path / "out")
    assert found == {ROWS: tmp_path / "out" / ROWS} and found[ROWS].read_bytes() == b"{}\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == [ROWS]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 400), byte=st.integers(0, 255), cut=st.integers(0, 60))
def test_any_damage_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    data = bytearray(packed({ROWS: b'{"a": 1}\n' * 5, "b": b"c"}))
    data[place % len(data)] = byte
    (folder / "archive").write_bytes(bytes(data[: len(data) - cut]))
    try:
        found = unpack(folder / "archive", [ROWS], folder)
    except Refused:
        found = {}
    assert {path.name for path in folder.iterdir()} <= {"archive", ROWS}
    assert all(path.read_bytes() == b'{"a": 1}\n' * 5 for path in found.values())


BOUNDED = """
import resource, sys, tempfile
from pathlib import Path
from bot.intake.archive import unpack
from bot.intake.reasons import Refused
from bot.intake.rows import Reader

folder = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    found = unpack(folder / "archive", ["evaluations.jsonl"], folder)
    for _ in Reader("acme/widgets", frozenset(), frozenset([2]), "2999").read(found["evaluations.jsonl"]):
        pass
except Refused as refused:
    print(refused.reason, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def ten_million_rows(target: Path) -> None:
    """Valid ones, more than 3 GB unpacked. Packed in copies of one block, which are whole by themselves."""
    whole = to_json(graded(2, adapter=None, model="m"))
    block = lines([{name: whole[name] for name in REQUIRED}]) * 10_000
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    data, size, name = once * 1_000 + packer.flush(), len(block) * 1_000, ROWS.encode()
    facts = struct.pack("<HHHHIIIHH", 0, 8, 0, 33, 0, len(data), size, len(name), 0)
    listed = b"PK\x01\x02" + struct.pack("<H", 20) + struct.pack("<H", 20) + facts + bytes(14) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(listed), 30 + len(name) + len(data), 0)
    target.write_bytes(b"PK\x03\x04" + struct.pack("<H", 20) + facts + name + data + listed + end)
    with zipfile.ZipFile(target) as made, made.open(ROWS) as found:
        assert made.infolist()[0].file_size == size > 3e9 and found.read(len(block)) == block, "it is a real one"


def many_small_lines(target: Path) -> None:
    """10 million lines within what may be unpacked, and packed badly enough to pass for ordinary."""
    line = b'{"a":\n'
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as made:
        made.writestr(ROWS, line * 10_000_000)


@pytest.mark.parametrize(("make", "reason"), [(ten_million_rows, "too_large"), (many_small_lines, "wrong_schema")])
def test_ten_million_rows_cost_no_memory(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    make(tmp_path / "archive")
    command = [sys.executable, "-c", BOUNDED, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert said[0] == reason
    assert int(said[1]) < 100, "MiB more than after the imports"
