"""Adding, finding, promoting, rolling back, removing: the same in a folder and at a URL."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from pipeline.adapters import Registry, open_registry
from pipeline.errors import InputError
from pipeline.gates.record import NAME as GATES
from pipeline.train.card import WEIGHTS, read_card
from tests.adapters.made import REPO, adapter, changed, gated


def test_what_was_added_is_found_with_all_that_it_takes_to_make_it_again(registry: Registry, tmp_path: Path) -> None:
    made = gated(tmp_path / "a")
    entry = registry.add(made)
    assert registry.find(entry.id[:8]) == entry == registry.find(read_card(made).sha256)
    assert entry.card == read_card(made) and entry.gates and entry.gates.passed
    assert set(entry.files) == {WEIGHTS, "adapter_config.json", "chat_template.jinja"}
    assert entry.size == sum((made / name).stat().st_size for name in entry.files)


def test_adding_again_changes_nothing_but_takes_over_gates_run_since(registry: Registry, tmp_path: Path) -> None:
    first = registry.add(adapter(tmp_path / "a"))
    assert first.gates is None
    second = registry.add(gated(tmp_path / "a"))
    assert (second.id, second.added_at) == (first.id, first.added_at) and second.gates
    assert len(registry.entries()[0]) == 1


def test_a_card_that_differs_is_another_adapter(registry: Registry, tmp_path: Path) -> None:
    made = adapter(tmp_path / "a")
    first = registry.add(made)
    changed(made, seed=1)
    assert registry.add(made).id != first.id
    with pytest.raises(InputError, match="several adapters"):
        registry.find(first.card.sha256)


def test_weights_that_are_not_the_cards_do_not_get_in(registry: Registry, tmp_path: Path) -> None:
    made = adapter(tmp_path / "a")
    (made / WEIGHTS).write_bytes(b"other")
    with pytest.raises(InputError, match="its weights are not those of its"):
        registry.add(made)
    assert registry.entries() == ([], [])


def test_links_and_what_is_hidden_stay_out(registry: Registry, tmp_path: Path) -> None:
    made = adapter(tmp_path / "a")
    (tmp_path / "secret").write_text("secret")
    (made / "link.txt").symlink_to(tmp_path / "secret")
    (made / ".hidden").write_text("x")
    assert not {"link.txt", ".hidden"} & set(registry.add(made).files)


def test_fetched_it_is_the_same(registry: Registry, tmp_path: Path) -> None:
    made = gated(tmp_path / "a")
    entry = registry.add(made)
    got = registry.fetch(entry, tmp_path / "got")
    assert read_card(got) == read_card(made)
    assert (got / WEIGHTS).read_bytes() == (made / WEIGHTS).read_bytes()
    assert (got / GATES).read_bytes() == (made / GATES).read_bytes()
    (got / WEIGHTS).write_bytes(b"harmed")
    registry.fetch(entry, got)
    assert (got / WEIGHTS).read_bytes() == (made / WEIGHTS).read_bytes()


def test_promote_and_roll_back(registry: Registry, tmp_path: Path) -> None:
    a, b, c = (registry.add(gated(tmp_path / name, weights=name.encode())) for name in "abc")
    for entry in (a, b, c):
        registry.promote(entry)
    assert registry.promoted(REPO) == c
    assert [registry.rollback().id for _ in range(2)] == [b.id, a.id]
    with pytest.raises(InputError, match="no adapter to go back to"):
        registry.rollback()
    assert registry.promoted(REPO) == a
    registry.promote(c)
    assert registry.rollback().id == a.id, "before c was promoted again it was a"


def test_an_event_from_a_clock_that_runs_ahead_stands_in_nobodys_way(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, c = (registry.add(gated(tmp_path / name, weights=name.encode())) for name in "abc")
    registry.promote(a)
    with monkeypatch.context() as ahead:
        ahead.setattr("pipeline.adapters.registry._now", lambda: "2999-12-31T23:59:59.999999Z")
        registry.promote(b)
    assert registry.promote(c).at == "3000-01-01T00:00:00.000000Z"
    assert registry.promoted(REPO) == c
    assert registry.rollback().id == b.id and registry.promoted(REPO) == b
    assert [event.id for event in registry.promotions()] == [a.id, b.id, c.id, b.id]


def test_promoting_what_is_promoted_says_nothing_new(registry: Registry, tmp_path: Path) -> None:
    entry = registry.add(gated(tmp_path / "a"))
    assert registry.promote(entry) == registry.promote(entry)
    assert len(registry.promotions()) == 1


@pytest.mark.parametrize(("failing", "words"), [("valid_calls", "valid_calls failed"), (None, "gates were not run")])
def test_gates_that_failed_or_were_not_run_stand_in_the_way(
    registry: Registry, tmp_path: Path, failing: str | None, words: str
) -> None:
    entry = registry.add(gated(tmp_path / "a", failing) if failing else adapter(tmp_path / "a"))
    with pytest.raises(InputError, match=words):
        registry.promote(entry)
    assert registry.promoted(REPO) is None
    event = registry.promote(entry, force=True)
    assert event.forced and words in event.why
    assert registry.promotions() == [event]


def test_gates_of_other_weights_do_not_count(registry: Registry, tmp_path: Path) -> None:
    gates = (gated(tmp_path / "a") / GATES).read_text()
    other = adapter(tmp_path / "b", weights=b"other")
    (other / GATES).write_text(gates)
    with pytest.raises(InputError, match="run on other weights"):
        registry.promote(registry.add(other))


def test_each_repository_has_an_adapter_of_its_own(registry: Registry, tmp_path: Path) -> None:
    one = registry.add(gated(tmp_path / "a"))
    other = registry.add(gated(tmp_path / "b", weights=b"b", repos=("o/other",)))
    registry.promote(one)
    registry.promote(other)
    assert (registry.promoted(REPO), registry.promoted("o/other")) == (one, other)
    with pytest.raises(InputError, match="name it with --repo"):
        registry.rollback()


def test_what_is_stale_is_not_promoted_and_passed_over_on_the_way_back(registry: Registry, tmp_path: Path) -> None:
    a, b, c = (registry.add(gated(tmp_path / name, weights=name.encode())) for name in "abc")
    other = registry.add(gated(tmp_path / "o", weights=b"o", repos=("o/other",)))
    for entry in (a, b, c):
        registry.promote(entry)
    assert [entry.id for entry in registry.mark_stale(["O/OTHER"], "o/other was purged")] == [other.id]
    with pytest.raises(InputError, match="stale since"):
        registry.promote(registry.find(other.id))
    assert registry.promote(registry.find(other.id), force=True).forced
    registry.add(tmp_path / "o")
    assert registry.find(other.id).card.stale, "adding it again does not clear it"
    registry.mark_stale([REPO], "o/n was purged")
    with pytest.raises(InputError, match="stale"):
        registry.rollback(REPO)


def test_a_damaged_entry_is_named_and_the_others_stand(registry: Registry, tmp_path: Path) -> None:
    whole, torn, short, forged = (registry.add(gated(tmp_path / n, weights=n.encode() * 9)) for n in "abcd")
    registry.place.write(f"adapters/{torn.id}/entry.json", b'{"added_at": ')
    registry.place.write(f"adapters/{short.id}/{WEIGHTS}", b"c")
    registry.place.write(f"adapters/{forged.id}/switchover.json", b'{"base": "another"}')
    registry.place.write("adapters/feedfeed/half", b"x")
    entries, damaged = registry.entries()
    assert entries == [whole]
    why = {broken.id: broken.why for broken in damaged}
    assert "not JSON" in why[torn.id] and "1 bytes instead of 9" in why[short.id]
    assert "not the card" in why[forged.id] and "not added whole" in why["feedfeed"]
    with pytest.raises(InputError, match=r"is damaged: .* 1 bytes instead of 9"):
        registry.find(short.id)
    assert registry.add(tmp_path / "b").id == torn.id, "adding it again mends it"
    assert registry.remove("feedfeed") == "feedfeed"
    assert {broken.id for broken in registry.entries()[1]} == {short.id, forged.id}


def test_an_entry_that_names_files_outside_is_damaged(folder_registry: Registry, tmp_path: Path) -> None:
    entry = folder_registry.add(gated(tmp_path / "a"))
    name = f"adapters/{entry.id}/entry.json"
    row = json.loads(folder_registry.place.read(name))
    row["files"]["../../escape"] = {"size": 1, "sha256": "0"}
    folder_registry.place.write(name, json.dumps(row).encode())
    assert "no file of an adapter" in folder_registry.entries()[1][0].why


def test_a_broken_promotion_is_passed_over(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entry = registry.add(gated(tmp_path / "a"))
    registry.promote(entry)
    registry.place.write("events/9999-broken.json", b"{")
    event = {"at": "soon", "kind": "promote", "repo": REPO, "id": "f" * 64, "before": None}
    registry.place.write("events/9999-no-time.json", json.dumps(event).encode())
    with caplog.at_level(logging.WARNING):
        assert registry.promoted(REPO) == entry
    assert "9999-broken.json" in caplog.text


def test_only_what_is_not_promoted_is_removed(registry: Registry, tmp_path: Path) -> None:
    a, b = (registry.add(gated(tmp_path / name, weights=name.encode())) for name in "ab")
    registry.promote(a)
    with pytest.raises(InputError, match="is promoted"):
        registry.remove(a.id)
    registry.remove(b.id[:10])
    assert registry.entries() == ([a], [])
    with pytest.raises(InputError, match="no such adapter"):
        registry.find(b.id)


def test_scores_are_kept_and_replaced(registry: Registry, tmp_path: Path) -> None:
    entry = registry.add(gated(tmp_path / "a"))
    for pulls in (1, 2):
        registry.store_scores(registry.find(entry.id), {"pulls": pulls})
    assert registry.find(entry.id).scores == {"pulls": 2}


@pytest.mark.parametrize(
    ("url", "words"),
    [("nosuch://x/y", "nosuch"), ("s3://key:word@bucket/x", "with credentials"), ("gcs://u:p@b", "with credentials")],
)
def test_a_url_that_cannot_be_used_is_said_in_one_line(url: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_registry(url)
    assert "word" not in str(caught.value).replace("with", "") or "nosuch" in url


def test_a_file_is_no_registry(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="a file"):
        open_registry(tmp_path / "file")
