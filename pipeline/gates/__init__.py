"""Gates between training and serving: an adapter that fails one is not promoted, and says why.

    loss     it must beat its base on samples that were held out, and be no worse than the last adapter
    skill    it must not have forgotten what its base knows in general
    effect   the server must really run it
    calls    in live rollouts on held-out tasks its turns must be valid tool calls

Each gate is a file with a function from what was measured to a GateResult. ``measure`` runs the model here,
``live`` runs rollouts through a server.
"""

from __future__ import annotations

from pipeline.gates.record import GateResult, Record, read_record, write_record

__all__ = ["GateResult", "Record", "read_record", "write_record"]
