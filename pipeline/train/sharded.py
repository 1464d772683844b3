"""Checkpoints of a model whose layers are split among processes (FSDP2).

Where an adapter is trained, it alone is written: PEFT would gather the whole base, in the one process that writes,
and wait for the others for ever. Where all weights are trained, transformers keeps them but not the optimizer's
state, which is split as well: torch.distributed.checkpoint writes it, each process its part, and reads it back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
from transformers import Trainer

SCHEDULER = "scheduler.pt"


class AdapterTrainer(Trainer):  # type: ignore[misc]
    """The Trainer of an adapter, whose base may be split."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict or adapter_weights(self.model))


def adapter_weights(model: Any) -> dict[str, torch.Tensor]:
    """What is trained of ``model`` (a PeftModel), by the names of its state."""
    return {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}


class ShardedTrainer(Trainer):  # type: ignore[misc]
    """The Trainer for full fine-tuning under FSDP2; the model it is given holds the checkpoint's weights already."""

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        dcp.save({"optimizer": self._optimizer_state()}, checkpoint_id=output_dir)
        if self.args.should_save:
            torch.save(self.lr_scheduler.state_dict(), Path(output_dir, SCHEDULER))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        state = {"optimizer": self._optimizer_state()}
        dcp.load(state, checkpoint_id=checkpoint)
        set_optimizer_state_dict(self.model, self.optimizer.optimizer, state["optimizer"])
        self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint, SCHEDULER), weights_only=True))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Nothing: ``finetune`` loads the model from the checkpoint in the first place."""

    def _optimizer_state(self) -> Any:
        return get_optimizer_state_dict(self.model, self.optimizer.optimizer)
