"""The outbox against the stand-in: each row is written once, whatever becomes of the process or the network."""

from __future__ import annotations

import threading

import pytest

from bot.github import Forge, Timing
from bot.write import outbox, posting
from bot.write.outbox import Sender
from bot.write.posting import Letter
from pipeline.store import Store
from tests.github.clock import Clock
from tests.github.letters import COMMENT, DISPATCH, REACTION, WORKFLOW, know, put, rows, run
from tests.github.stand_in import Repository, StandIn, faults
from tests.github.stand_in.faults import Fault


def test_each_kind_is_sent(store: Store, forge: Forge, clock: Clock, widgets: Repository) -> None:
    put(store, COMMENT, posting.reaction("r-2", 1, 501, "rocket", number=2), DISPATCH)
    run(store, forge, clock)
    put(store, REACTION)
    run(store, forge, clock)
    sent = rows(store)
    assert {row["state"] for row in sent.values()} == {"sent"}
    assert all(row["sent_at"] and row["tries"] == 1 and row["error"] is None for row in sent.values())
    assert widgets.comments_on(1) == ["hello\n\n<!-- switchover:c-1 -->"]
    assert {key: row[0]["content"] for key, row in widgets.reactions.items()} == {
        ("comments", 1000): "eyes",
        ("issues", 2): "rocket",
    }
    assert (widgets.runs[0]["inputs"], widgets.runs[0]["head_branch"]) == ({"mode": "train"}, "main")
    assert sent["d-1"]["remote_id"] == str(widgets.runs[0]["id"])
    assert sent["c-1"]["remote_id"] == "1000"


def test_the_same_key_is_put_once(store: Store, forge: Forge, clock: Clock, widgets: Repository) -> None:
    put(store, COMMENT)
    for _ in range(100):
        with store.atomic():
            assert not outbox.put(store, posting.comment("c-1", 1, 501, 1, "hello again"))
        run(store, forge, clock)
    assert len(widgets.comments) == 1


def test_nothing_is_put_when_the_change_fails(store: Store) -> None:
    with pytest.raises(RuntimeError), store.atomic():
        outbox.put(store, COMMENT)
        raise RuntimeError
    assert rows(store) == {}


@pytest.mark.parametrize(
    "fault",
    [faults.lost_answer(), faults.instead(502), faults.truncated(), faults.reset(), faults.status(502), faults.html()],
    ids=str,
)
@pytest.mark.parametrize("letter", [COMMENT, DISPATCH, REACTION], ids=lambda letter: letter.kind)
def test_a_lost_answer_does_not_write_it_twice(
    store: Store, forge: Forge, clock: Clock, github: StandIn, widgets: Repository, letter: Letter, fault: Fault
) -> None:
    if letter is REACTION:
        put(store, COMMENT)
        run(store, forge, clock)
    put(store, letter)
    github.fail(fault, "POST", "/repos/")
    run(store, forge, clock)
    written = {"comment": widgets.comments, "dispatch": widgets.runs, "reaction": widgets.comments}[letter.kind]
    assert len(written) == 1
    assert sum(map(len, widgets.reactions.values())) == (letter is REACTION)
    row = rows(store)[letter.key]
    assert (row["state"], row["tries"]) == ("sent", 2)
    assert row["remote_id"] is not None


@pytest.mark.parametrize("letter", [COMMENT, DISPATCH], ids=lambda letter: letter.kind)
def test_a_process_killed_before_it_could_note_the_answer(
    store: Store, forge: Forge, clock: Clock, widgets: Repository, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, letter)
    with monkeypatch.context() as patch:
        patch.setattr(Sender, "_end", killed)
        with pytest.raises(KeyboardInterrupt):
            Sender(clock.now).step(store, forge)
    assert rows(store)[letter.key]["state"] == "waiting"
    run(store, forge, clock)
    assert len(widgets.comments) + len(widgets.runs) == 1
    assert rows(store)[letter.key]["state"] == "sent"


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_hundred_bad_tries_write_one_comment(
    store: Store, forge: Forge, clock: Clock, github: StandIn, widgets: Repository
) -> None:
    github.fail(faults.lost_answer(), "POST", "/comments", times=99)
    put(store, *(posting.comment(f"c-{number}", 1, 501, 1, f"{number}") for number in range(100)))
    run(store, forge, clock, steps=999)
    assert sorted(widgets.comments_on(1)) == sorted(f"{n}\n\n<!-- switchover:c-{n} -->" for n in range(100))
    assert {row["state"] for row in rows(store).values()} == {"sent"}


def test_another_s_comment_with_our_marker_is_not_ours(
    store: Store, forge: Forge, clock: Clock, github: StandIn, widgets: Repository
) -> None:
    github.fail(faults.reset(), "POST", "/comments")
    put(store, COMMENT)
    Sender(clock.now).step(store, forge)
    quoted = {"id": 7, "issue": 1, "body": "> hello <!-- switchover:c-1 -->", "updated_at": "2099-01-01T00:00:00Z"}
    widgets.comments.append({**quoted, "user": {"login": "mallory", "type": "User"}})
    widgets.comments.append({**quoted, "id": 8, "user": None})
    run(store, forge, clock)
    assert len(widgets.comments) == 3


def test_another_s_run_is_not_ours(store: Store, forge: Forge, clock: Clock, github: StandIn) -> None:
    widgets = github.repositories[0]
    put(store, DISPATCH, posting.dispatch("d-2", 1, 501, WORKFLOW, "main"))
    run(store, forge, clock)
    by_hand = {**widgets.runs[0], "id": 5, "actor": {"login": "ada"}}
    widgets.runs.append(by_hand)
    github.fail(faults.reset(), "POST", "/dispatches")
    put(store, posting.dispatch("d-3", 1, 501, WORKFLOW, "main"))
    run(store, forge, clock)
    ids = {row["remote_id"] for row in rows(store).values()}
    assert len(ids) == 3
    assert "5" not in ids
    assert len(widgets.runs) == 4


def test_a_server_that_tells_no_run(store: Store, forge: Forge, clock: Clock, github: StandIn) -> None:
    github.fail(faults.no_content(), "POST", "/dispatches")
    put(store, DISPATCH)
    run(store, forge, clock)
    assert (rows(store)["d-1"]["state"], rows(store)["d-1"]["remote_id"]) == ("sent", None)


def test_writes_are_a_second_apart_for_each_installation(
    store: Store, clock: Clock, github: StandIn, widgets: Repository
) -> None:
    other = github.add("umbrella/parts", pulls=1, installation=2)
    know(store, other)
    put(store, *(posting.comment(f"a-{n}", 1, widgets.id, 1, "x") for n in range(3)))
    put(store, *(posting.comment(f"b-{n}", 2, other.id, 1, "x") for n in range(3)))
    with Forge.connect(github.credentials(), timing=Timing(clock.now, clock.sleep)) as forge:
        run(store, forge, clock)
    assert sum(clock.slept) == pytest.approx(2.0), "the two installations take turns"
    for repository in (widgets, other):
        assert len(repository.comments) == 3


def test_sent_in_the_order_in_which_they_were_put(store: Store, forge: Forge, clock: Clock) -> None:
    put(store, *(posting.comment(f"c-{n}", 1, 501, 1, f"{n}") for n in range(12)))
    run(store, forge, clock)
    ids = [int(rows(store)[f"c-{n}"]["remote_id"]) for n in range(12)]
    assert ids == sorted(ids)


def test_a_renamed_repository_gets_it_under_either_name(
    store: Store, forge: Forge, clock: Clock, github: StandIn, widgets: Repository
) -> None:
    github.rename(widgets, "acme/gadgets")
    put(store, COMMENT)
    run(store, forge, clock)
    know(store, widgets, name="acme/gadgets")
    put(store, posting.comment("c-2", 1, 501, 1, "again"))
    run(store, forge, clock)
    assert len(widgets.comments_on(1)) == 2
    assert github.requests[-1].path.startswith("/repos/acme/gadgets/")


def test_an_empty_outbox_waits_for_the_bell(store: Store, forge: Forge, clock: Clock, github: StandIn) -> None:
    assert Sender(clock.now).step(store, forge) is None
    assert github.requests == []


def test_put_from_another_connection_while_sending(
    store: Store, forge: Forge, clock: Clock, widgets: Repository
) -> None:
    def write() -> None:
        with Store.open(store.path) as other:
            for number in range(20):
                put(other, posting.comment(f"o-{number}", 1, 501, 1, "x"))

    thread = threading.Thread(target=write)
    thread.start()
    sender = Sender(clock.now)
    while thread.is_alive():
        clock.sleep(sender.step(store, forge) or 0.0)
    thread.join()
    run(store, forge, clock)
    assert len(widgets.comments) == 20
