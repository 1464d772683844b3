"""Questions that models are asked outside of attempts: what they remember, and which patch is better."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.collect.gold import gold_patch
from pipeline.cost import cost_usd
from pipeline.errors import EndpointError
from pipeline.evaluate import memory, opinions
from pipeline.evaluate.budget import now
from pipeline.evaluate.memory import Recollection
from pipeline.evaluate.opinions import SIDES, Opinion, Side
from pipeline.evaluate.plan import Contender
from pipeline.rollout.endpoint import ContextExceeded, Endpoint, Reply
from pipeline.settings import Price
from pipeline.types import Rollout, Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judge:
    """The model that gives second opinions."""

    endpoint: Endpoint
    price: Price | None = None


@dataclass(frozen=True)
class Probe:
    """One question about one model's memory, still to be asked."""

    task: Task
    contender: Contender


def recollect(clone: Path, probe: Probe, endpoint: Endpoint, price: Price | None) -> Recollection | None:
    """What the model remembers of the task's patch; None when its endpoint gave no answer (said in the log)."""
    task, who = probe.task, probe.contender
    reply = _asked(endpoint, memory.question(task), f"{task.id}: the memory of {who.role}")
    if reply is None:
        return None
    answer = str(reply.message.get("content") or "")
    return Recollection(
        at=now(),
        task_id=task.id,
        role=who.role,
        model=who.model,
        adapter=who.adapter,
        recall=memory.recall(gold_patch(clone, task), answer, task),
        tokens_in=reply.usage.tokens_in,
        tokens_out=reply.usage.tokens_out,
        tokens_cached=reply.usage.tokens_cached,
        seconds=round(reply.seconds, 3),
        cost_usd=cost_usd(price, reply.usage, reply.seconds),
        answer=answer,
    )


def opine(clone: Path, task: Task, first: Side, shown: Mapping[Side, Rollout], judge: Judge) -> Opinion | None:
    """The judge's answer with ``first``'s patch shown first; None when its endpoint gave none (said in the log)."""
    second: Side = "frontier" if first == "own" else "own"
    human = gold_patch(clone, task).decode("utf-8", "replace")
    asked = opinions.question(task.prompt, human, shown[first].patch, shown[second].patch)
    reply = _asked(judge.endpoint, asked, f"{task.id}: the judge")
    if reply is None:
        return None
    return Opinion(
        at=now(),
        task_id=task.id,
        judge=judge.endpoint.model,
        first=first,
        says=opinions.says_of(str(reply.message.get("content") or "")),
        own_rollout=shown[SIDES[0]].id,
        frontier_rollout=shown[SIDES[1]].id,
        tokens_in=reply.usage.tokens_in,
        tokens_out=reply.usage.tokens_out,
        tokens_cached=reply.usage.tokens_cached,
        seconds=round(reply.seconds, 3),
        cost_usd=cost_usd(judge.price, reply.usage, reply.seconds),
    )


def _asked(endpoint: Endpoint, messages: list[dict[str, object]], what: str) -> Reply | None:
    started = time.monotonic()
    try:
        return endpoint.chat(messages)
    except (EndpointError, ContextExceeded) as error:
        log.warning("evaluate: %s was not asked after %.0f s: %s", what, time.monotonic() - started, error)
        return None
