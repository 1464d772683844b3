"""Gate ``takes_effect``: the server that loaded the adapter really runs it (see ``pipeline.serve.gate``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import urllib3

from pipeline.errors import NoEffect, RunError
from pipeline.gates.record import GateResult
from pipeline.serve import gate as serving
from pipeline.train.card import PROBE

NAME = "takes_effect"
BAR = "the prompt of training, and at the adapter's strongest token an answer that differs from the base's"


@dataclass(frozen=True)
class TakesEffect:
    """See Gate."""

    failure: str | None
    """What the server did wrong; None: nothing."""

    def judge(self) -> GateResult:
        """Pure."""
        why = self.failure or "the server makes the prompt of training, and own answers otherwise than base"
        return GateResult(NAME, self.failure is None, {}, BAR, why)


def ask(url: str, base: str, own: str, adapter: Path) -> TakesEffect:
    """Hold the server at ``url`` (ending in ``/v1`` or before it) against the adapter's probe.

    Raises RunError when it does not answer at all: then nothing is known of the adapter.
    """
    root = url.removesuffix("/").removesuffix("/v1")
    try:
        status = urllib3.request("GET", f"{root}/v1/models", timeout=10, retries=False).status
    except urllib3.exceptions.HTTPError as error:
        raise RunError(f"{url}: no answer ({error}); start the server, then run the gates again") from None
    if status != 200:
        raise RunError(f"{url}: answers {status} when asked for its models; see the server's log")
    if not (adapter / PROBE).is_file():
        return TakesEffect(f"{adapter} has no {PROBE} to hold the server against; train it again")
    try:
        serving.takes_effect(root, base, own, adapter)
    except NoEffect as error:
        return TakesEffect(str(error))
    return TakesEffect(None)
