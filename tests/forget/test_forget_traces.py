"""What was made of it below ``--out``: adapters are marked, files are listed or deleted."""

from __future__ import annotations

import dataclasses
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.forget import forget
from pipeline.train.card import AdapterCard, file_sha256, read_card, write_card
from tests.forget.made import LOGIN, OTHER, REPO, database

CARD = AdapterCard(
    trained_until=None, trained_until_commit=None, made_at="2025-01-01T00:00:00Z", base="small", samples_sha256="0",
    sha256="1", chat_template_sha256="2", tools=(), config={}, versions={}, seed=0, device="cpu", samples=1,
    left_out={}, sequences=1, steps=1, tokens=1, labelled_tokens=1, loss=None, first_loss=None, seconds=1.0,
    gpu_hours=0.0, cost_usd=None,
)  # fmt: skip


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return database(tmp_path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A cycle's folder with an adapter of each repository, one that only its samples tell of, and one of nobody's."""
    top = tmp_path / "cycle"
    for name, repo in (("001", REPO), ("002", OTHER)):
        samples = top / "epochs" / name / "generate" / "samples.jsonl"
        samples.parent.mkdir(parents=True)
        samples.write_text(json.dumps({"id": "1", "repo": repo, "messages": []}) + "\n")
        adapter(top / "epochs" / name / "adapter", repos=(repo,))
        adapter(top / "epochs" / name / "old", samples_sha256=file_sha256(samples))
    adapter(top / "stray")
    (top / "report.md").write_text(f"on {REPO}, thanks to @{LOGIN}\n")
    (top / "weights.safetensors").write_bytes(REPO.encode())
    (top / "link.md").symlink_to(top / "report.md")
    return top


def adapter(folder: Path, **changes: Any) -> None:
    folder.mkdir(parents=True)
    write_card(folder, dataclasses.replace(CARD, **changes))


def test_adapters_that_were_trained_on_it_are_stale(db: Path, out: Path, caplog: pytest.LogCaptureFixture) -> None:
    outcome = forget(REPO, db, [out])
    first = out / "epochs" / "001"
    assert outcome.traces.adapters == (first / "adapter", first / "old")
    assert outcome.traces.unknown == (out / "stray",)
    assert any("judge by yourself" in note for note in outcome.notes)
    with caplog.at_level(logging.WARNING):
        stale = read_card(first / "adapter").stale
    assert stale and stale["why"] == f"{REPO} was purged"
    assert "stale since" in caplog.text
    caplog.clear()
    assert read_card(out / "epochs" / "002" / "adapter").stale is None and not caplog.text


def test_a_person_makes_stale_what_was_trained_on_their_repositories_without_being_named(db: Path, out: Path) -> None:
    assert len(forget(LOGIN, db, [out]).traces.adapters) == 4
    card = (out / "epochs" / "002" / "adapter" / "switchover.json").read_text()
    assert "a person was purged" in card and LOGIN not in card


def test_files_are_listed_first_and_deleted_when_asked_for(db: Path, out: Path) -> None:
    listed = forget(REPO, db, [out])
    assert [path.name for path in listed.traces.files] == ["samples.jsonl", "report.md"]
    assert any("2 files hold the name" in note for note in listed.notes)
    assert all(path.exists() for path in listed.traces.files)
    again = forget(REPO, db, [out, out], delete_files=True)
    assert again.traces.are_deleted and not any(path.exists() for path in listed.traces.files)
    assert (out / "weights.safetensors").exists() and (out / "epochs" / "002" / "generate" / "samples.jsonl").exists()
    at = read_card(out / "epochs" / "001" / "adapter").stale
    forget(REPO, db, [out])
    assert read_card(out / "epochs" / "001" / "adapter").stale == at, "marked once"


def test_another_database_is_pointed_out(db: Path, out: Path, tmp_path: Path) -> None:
    (out / "switchover.db").write_bytes(db.read_bytes())
    outcome = forget(REPO, db, [tmp_path])
    assert outcome.traces.databases == (out / "switchover.db",)


def test_a_broken_card_stops_it_before_anything_is_purged(db: Path, out: Path) -> None:
    (out / "stray" / "switchover.json").write_text("{")
    with pytest.raises(InputError, match="not an adapter's card"):
        forget(REPO, db, [out])
    assert forget(OTHER, db).purged.removed["pulls"] == 3
