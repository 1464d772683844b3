"""``kill -9`` under load, and a storm: what was answered 202 is there, once, and memory stays flat."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from tests.bot.handle.waiting import until
from tests.bot.receiver import receiving, rows, rss, signed

KILLS = 20
SENDERS = 4
BODY = json.dumps({"action": "closed", "repository": {"id": 9}, "filler": "x" * 20_000}).encode()


@dataclass
class Sender:
    """Sends unique deliveries to one receiver until it is gone; a new one goes on with the same lists."""

    accepted: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def send_until_it_dies(self, url: str) -> None:
        with suppress(OSError, HTTPException), closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as line:
            while True:
                guid = str(uuid.uuid4())
                self.unanswered.append(guid)
                line.request("POST", "/webhook", BODY, signed(BODY, guid))
                answer = line.getresponse()
                assert answer.status == 202
                assert json.loads(answer.read()) == {"accepted": True}
                self.accepted.append(self.unanswered.pop())


def test_killed_twenty_times_under_load_it_has_every_row_that_it_answered_for(tmp_path: Path) -> None:
    db, senders, chance = tmp_path / "so.db", [Sender() for _ in range(SENDERS)], random.Random(7)
    for _ in range(KILLS):
        with receiving(db) as receiver:
            threads = [threading.Thread(target=sender.send_until_it_dies, args=(receiver.url,)) for sender in senders]
            for thread in threads:
                thread.start()
            before = sum(len(sender.accepted) for sender in senders)
            until(lambda before=before: sum(len(sender.accepted) for sender in senders) > before)
            time.sleep(chance.uniform(0.0, 0.3))
            receiver.process.kill()
            for thread in threads:
                thread.join()
    stored = Counter(guid for (guid,) in rows(db, "guid"))
    accepted = [guid for sender in senders for guid in sender.accepted]
    unanswered = {guid for sender in senders for guid in sender.unanswered}
    assert len(accepted) >= KILLS, "the load was none"
    assert not set(accepted) - set(stored), "answered 202 and lost"
    assert set(stored) <= set(accepted) | unanswered
    assert set(stored.values()) == {1}
    assert all(body == BODY for _, body in rows(db))


def test_the_unanswered_ones_can_be_delivered_again(tmp_path: Path) -> None:
    """GitHub does not know whether one that got no answer was stored: its second copy must change nothing."""
    db, sender = tmp_path / "so.db", Sender()
    with receiving(db) as receiver:
        thread = threading.Thread(target=sender.send_until_it_dies, args=(receiver.url,))
        thread.start()
        until(lambda: len(sender.accepted) >= 3)
        receiver.process.kill()
        thread.join()
    with receiving(db) as receiver:
        for guid in sender.accepted[-3:]:
            assert receiver.deliver(BODY, guid).json == {"accepted": True, "duplicate": True}
        for guid in sender.unanswered:
            assert receiver.deliver(BODY, guid).status == 202
    assert Counter(guid for (guid,) in rows(db, "guid")) == Counter([*sender.accepted, *sender.unanswered])


def duplicates(url: str, guids: list[str]) -> int:
    """Deliver all of them over one connection; how many were known."""
    known = 0
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as line:
        for guid in guids:
            line.request("POST", "/webhook", BODY, signed(BODY, guid))
            answer = line.getresponse()
            assert answer.status == 202
            known += "duplicate" in json.loads(answer.read())
    return known


def test_a_storm_half_of_duplicates_is_stored_once_and_memory_stays_flat(tmp_path: Path) -> None:
    """Small here; ``benchmarks/webhook.py`` sends 20,000."""
    guids = [str(uuid.uuid4()) for _ in range(1000)] * 2
    random.Random(1).shuffle(guids)
    with receiving(tmp_path / "so.db") as receiver, ThreadPoolExecutor(8) as senders:

        def deliver(part: list[str]) -> int:
            return sum(senders.map(duplicates, [receiver.url] * 8, [part[at::8] for at in range(8)]))

        known = deliver(guids[:500])
        before = rss(receiver)
        known += deliver(guids[500:])
        grown = rss(receiver) - before
        stored = rows(receiver.db, "guid")
    assert known == 1000
    assert sorted(guid for (guid,) in stored) == sorted(set(guids))
    assert grown < 15, f"1,500 deliveries of 20 KB made it {grown:.0f} MB larger"
