"""What happens beside the steps: checkpoints, the end when we are asked to go, and the report of progress."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

from pipeline.config import Ranks
from pipeline.train import checkpoints, recipes, together
from pipeline.train.progress import Progress, now, write_progress

log = logging.getLogger(__name__)


class Clock:
    """Seconds of training, those of earlier parts included."""

    def __init__(self, before: float) -> None:
        self._start = time.monotonic() - before

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start


class Saving(TrainerCallback):  # type: ignore[misc]
    """Says when a checkpoint is written, and seals it once every process has written its part.

    SIGTERM, which a scheduler sends before it takes the machine away, brings a checkpoint at once: where it
    comes between two samples of a step, that step's gradients are dropped and the step is done again later.
    """

    def __init__(self, clock: Clock, ranks: Ranks, start: int) -> None:
        self._clock, self._ranks = clock, ranks
        self._saved, self._tokens = start, 0
        self._asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM as the wish that training ends. Signals reach the main thread alone; elsewhere: nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _ask(self, *_: Any) -> None:
        self._asked = True

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._tokens = state.num_input_tokens_seen

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._tokens = state.num_input_tokens_seen
        asked = together.any_of(self._asked)
        control.should_training_stop |= asked
        last = state.global_step >= state.max_steps
        control.should_save = asked or last or state.global_step % recipes.CHECKPOINT_STEPS == 0

    def on_substep_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if together.any_of(self._asked):
            control.should_training_stop = True
            control.should_save = state.global_step > self._saved
            state.num_input_tokens_seen = self._tokens  # those of the dropped part will be read again

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        together.wait()
        self._saved = state.global_step
        if self._ranks.first:
            checkpoints.seal(Path(args.output_dir) / f"checkpoint-{state.global_step}", self._clock.seconds)


class Reporting(TrainerCallback):  # type: ignore[misc]
    """Steps and loss: in ``out``'s progress.json, and as a bar on stderr where that is a terminal."""

    def __init__(self, out: Path, clock: Clock) -> None:
        self._out, self._clock = out, clock

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._bar = tqdm(total=state.max_steps, initial=state.global_step, unit="step", disable=None)
        self._began = (time.monotonic(), state.global_step, state.num_input_tokens_seen)
        self._report(state, None)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **rest: Any) -> None:
        if logs and "loss" in logs:
            self._bar.set_postfix(loss=f"{logs['loss']:.3f}")
            self._bar.update(state.global_step - self._bar.n)
            self._report(state, logs["loss"])

    def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._bar.close()

    def _report(self, state: Any, loss: float | None) -> None:
        began, step, tokens = self._began
        passed, steps = time.monotonic() - began, state.global_step - step
        write_progress(
            self._out,
            Progress(
                at=now(),
                state="training",
                step=state.global_step,
                of=state.max_steps,
                loss=loss,
                tokens=int(state.num_input_tokens_seen),
                tokens_per_second=round((state.num_input_tokens_seen - tokens) / passed, 1) if steps else None,
                seconds=round(self._clock.seconds, 1),
                ends_at=now((state.max_steps - state.global_step) * passed / steps) if steps else None,
            ),
        )
