"""Which samples are exported: laws over any set of entries."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.choose import Mix, choose
from pipeline.export.samples import Entry


def entry(source: int, line: int, function: int, which: int, share: float, change: int, config: str) -> Entry:
    id = f"f{function}.{which}.0"
    return Entry(
        source, line, id, (id, config), (config, f"f{function}"), which, share, b"%d" % change if change else b"", False
    )


ENTRIES = st.lists(
    st.builds(
        entry,
        st.integers(0, 2),
        st.integers(0, 99),
        st.integers(0, 9),
        st.sampled_from([1, 2]),
        st.sampled_from([1.0, 0.95, 0.9]),
        st.integers(0, 6),
        st.sampled_from(["a", "b"]),
    ),
    max_size=40,
)
MIXES = st.builds(Mix, st.none() | st.integers(0, 9), st.none() | st.integers(0, 9), st.integers(0, 3))


@given(ENTRIES, MIXES)
def test_every_sample_is_exported_or_left_out_and_nothing_comes_twice(entries: list[Entry], mix: Mix) -> None:
    chosen, left_out = choose(entries, mix)
    assert Counter(e.id for e in entries) == Counter([e.id for e in chosen] + [row.id for row in left_out])
    assert len({e.key for e in chosen}) == len(chosen)
    owners: dict[bytes, set[tuple[str, str]]] = {}
    for e in chosen:
        owners.setdefault(e.change, set()).add(e.pair)
    assert all(len(pairs) == 1 for change, pairs in owners.items() if change)


@given(ENTRIES, MIXES)
def test_whole_ones_first_then_as_the_sources_stand(entries: list[Entry], mix: Mix) -> None:
    chosen, _ = choose(entries, mix)
    place = {id(e): index for index, e in enumerate(entries)}
    assert chosen == sorted(chosen, key=lambda e: (-e.kept_share, place[id(e)]))


@given(ENTRIES, MIXES)
def test_a_mix_takes_as_many_as_there_are_and_the_whole_ones(entries: list[Entry], mix: Mix) -> None:
    everything, _ = choose(entries, Mix())
    chosen, _ = choose(entries, mix)
    for which, wanted in ((1, mix.first), (2, mix.second)):
        there = [e for e in everything if e.which == which]
        taken = [e for e in chosen if e.which == which]
        assert len(taken) == (len(there) if wanted is None else min(wanted, len(there)))
        left = [e.kept_share for e in there if e not in taken]
        assert not left or not taken or max(left) <= min(e.kept_share for e in taken)


def test_the_seed_draws_among_equals() -> None:
    entries = [entry(0, n, n, 1, 1.0, 0, "a") for n in range(20)]
    draws = {tuple(e.id for e in choose(entries, Mix(first=5, seed=seed))[0]) for seed in range(5)}
    assert len(draws) == 5
    assert choose(entries, Mix(first=5, seed=1)) == choose(entries, Mix(first=5, seed=1))


def test_reasons() -> None:
    first, twice, copied = (
        entry(0, 0, 1, 1, 1.0, 1, "a"),
        entry(1, 0, 1, 1, 1.0, 1, "a"),
        entry(1, 1, 2, 1, 1.0, 1, "a"),
    )
    redone = entry(0, 1, 1, 2, 1.0, 1, "a")
    chosen, left_out = choose([first, redone, twice, copied], Mix(second=0))
    assert chosen == [first]
    assert [(row.id, row.reason) for row in left_out] == [
        ("f1.1.0", "same_sample"),
        ("f2.1.0", "duplicate_patch"),
        ("f1.2.0", "not_drawn"),
    ]
