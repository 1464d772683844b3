"""The records of ``atif`` and ``mini``: rollouts of the chosen samples, or all that the sources hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.errors import InputError
from pipeline.export.record import Record, of_rollout, of_sample
from pipeline.export.samples import Entry, load
from pipeline.export.sources import Source, decode
from pipeline.types import Rollout, from_json

Place = tuple[int, int]
"""Index of a source, and the offset of a line in its rollouts.jsonl."""


def places(sources: Sequence[Source]) -> dict[tuple[str, str], Place]:
    """Where each rollout stands, by id and config hash; one that comes twice, where it came first."""
    found: dict[tuple[str, str], Place] = {}
    for index, source in enumerate(sources):
        if source.rollouts is None or not source.rollouts.exists():
            continue
        config = str(source.summary.get("config_sha256", ""))
        for offset, number, line in source.located(source.rollouts):
            row = decode(source.rollouts, number, line)
            if "id" not in row:
                raise InputError(f"{source.rollouts}:{number}: field 'id' is missing; this is no rollouts.jsonl")
            found.setdefault((row["id"], config), (index, offset))
    return found


def records(chosen: Sequence[Entry], sources: list[Source], all_of_them: bool) -> Iterator[Record]:
    """A record for each chosen sample, in order, then with ``all_of_them`` one for every other rollout."""
    where = places(sources)
    for entry in chosen:
        sample, settings = load(entry, sources), sources[entry.source].manifest
        place = where.pop(entry.key, None)
        if place is None:
            yield of_sample(sample, settings)
        else:
            rollout, which = _rollout(sources[place[0]], place[1])
            yield of_rollout(rollout, which, sample, settings, sources[place[0]].summary)
    for index, offset in where.values() if all_of_them else ():
        source = sources[index]
        rollout, which = _rollout(source, offset)
        yield of_rollout(rollout, which, None, source.manifest, source.summary)


def _rollout(source: Source, offset: int) -> tuple[Rollout, int]:
    path = source.rollouts
    assert path is not None
    row = source.read(path, offset)
    try:
        return from_json(Rollout, row), int(row["rollout"])
    except (TypeError, KeyError) as error:
        raise InputError(f"{path}: rollout {row.get('id')}: {error}; give a folder of 'switchover generate'") from None
