"""The training loop: Adam with one cosine schedule, averaged weights, masks, checkpoints.

Recipe: squared error of the embedding, block outputs matched until the last part of the run, one warm-up and
one cosine decay without restart. Repeatable: a run with the same settings on the same machine gives the same
weights, interrupted or not.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import UsageError
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.train import checkpoint as checkpoints
from edgel3_deploy.train.checkpoint import Checkpoint
from edgel3_deploy.train.objective import Objective
from edgel3_deploy.train.trainable import Trainable

if TYPE_CHECKING:
    import tensorflow as tf

FloatArray = NDArray[np.float32]
Batch = tuple[FloatArray, FloatArray]
"""Spectrograms of the same windows for the student and for the teacher, (n, mel, frames) dB each."""
Teacher = Callable[["tf.Tensor"], tuple[list["tf.Tensor"], "tf.Tensor"]]
"""(n, mel, frames, 1) dB -> outputs of the convolutions, target embedding."""
Evaluation = Callable[[FloatNetwork], Mapping[str, float]]

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7


@dataclass(frozen=True)
class Recipe:
    """Length and pace of a training run.

    Shares are of the whole run: `warmup` of rising learning rate, `maps_until` where matching of maps ends,
    `measure_every` between measurements and checkpoints. `average` is the decay of the averaged weights,
    which are the result.
    """

    windows: int = 200_000
    batch_size: int = 32
    learning_rate: float = 2e-3
    warmup: float = 0.02
    maps_until: float = 0.85
    clip_norm: float = 5.0
    average: float = 0.998
    measure_every: float = 0.02

    @property
    def steps(self) -> int:
        """Number of batches."""
        return max(self.windows // self.batch_size, 1)

    def rate(self, step: int) -> float:
        """Learning rate of batch number `step`."""
        warm = max(self.warmup * self.steps, 1.0)
        if step < warm:
            return self.learning_rate * (step + 1) / (warm + 1)
        return (
            self.learning_rate
            * 0.5
            * (1 + float(np.cos(np.pi * (step - warm) / max(self.steps - warm, 1.0))))
        )


@dataclass(frozen=True)
class Trained:
    """The averaged network at the end, and the measurements along the way."""

    network: FloatNetwork
    history: tuple[Mapping[str, float], ...]


class Trainer:
    """One run. `masks` maps a variable's name to zeros and ones: masked weights are held at zero."""

    def __init__(
        self,
        student: Trainable,
        teacher: Teacher,
        objective: Objective,
        recipe: Recipe,
        *,
        masks: Mapping[str, FloatArray] | None = None,
        adapter_widths: Mapping[int, int] | None = None,
        seed: int = 0,
    ) -> None:
        import tensorflow as tf

        self._student = student
        self._teacher = teacher
        self._objective = objective
        self._recipe = recipe
        self._masks = {name: tf.constant(mask, tf.float32) for name, mask in (masks or {}).items()}
        self._adapters = _adapters(student, adapter_widths or {}, seed)
        for name, mask in self._masks.items():
            student.variables[name].assign(student.variables[name] * mask)
        adapters = {f"adapter/{index}": variable for index, variable in self._adapters.items()}
        self._trained = dict(student.variables) | adapters
        self._averaged = {name: tf.Variable(v, trainable=False) for name, v in self._current().items()}
        self._moments = {
            f"{kind}/{name}": tf.Variable(tf.zeros_like(v), trainable=False)
            for kind in ("first", "second")
            for name, v in self._trained.items()
        }
        self._compiled = tf.function(self._step, reduce_retracing=True)

    def run(
        self,
        batch: Callable[[int], Batch],
        evaluate: Evaluation,
        settings: Mapping[str, Any],
        *,
        path: Path | None = None,
        name: str = "student",
        progress: Progress = silent,
    ) -> Trained:
        """Train on `batch(0)`, `batch(1)`, ...; continue from the checkpoint at `path` if there is one.

        `settings` (JSON) says what the run depends on besides its recipe; a checkpoint of other settings is
        refused. Only the run's length may differ, down to what is done, which bends the schedule from there.

        Raises UsageError if the training diverges (the checkpoint is then the last finite one) or the
        checkpoint is another run's, BadInputError if it is damaged.
        """
        from threadpoolctl import threadpool_limits

        settings = {**settings, **asdict(self._recipe)}
        del settings["windows"]
        first, history = self._resume(path, settings)
        if first:
            progress(f"continuing after {first * self._recipe.batch_size} windows")
        steps, interval = self._recipe.steps, max(round(self._recipe.measure_every * self._recipe.steps), 1)
        loss_sum, since = 0.0, 0
        # Spectrograms are small products: threads of BLAS would only get in TensorFlow's way.
        with threadpool_limits(1), closing(_prepared_ahead(batch, range(first, steps))) as prepared:
            for step, windows in prepared:
                loss = self._train_on(windows, step)
                if not np.isfinite(loss):
                    raise _diverged(step, path)
                loss_sum, since, done = loss_sum + loss, since + 1, step + 1
                progress("training", done * self._recipe.batch_size, steps * self._recipe.batch_size)
                if done % interval == 0 or done == steps:
                    arrays = self._arrays()
                    if not all(np.isfinite(array).all() for array in arrays.values()):
                        raise _diverged(step, path)
                    measured = evaluate(self.network(name))
                    history = (*history, {"step": done, "loss": loss_sum / since, **measured})
                    loss_sum, since = 0.0, 0
                    if path is not None:
                        Checkpoint(done, arrays, settings, history).save(path)
        return Trained(self.network(name), history)

    def _train_on(self, batch: Batch, step: int) -> float:
        """One update; returns the loss."""
        import tensorflow as tf

        student_db, teacher_db = batch
        return float(
            self._compiled(
                tf.constant(student_db[..., None]),
                tf.constant(teacher_db[..., None]),
                tf.constant(step + 1, tf.float32),
                tf.constant(self._recipe.rate(step), tf.float32),
                tf.constant(float(step < self._recipe.maps_until * self._recipe.steps)),
            )
        )

    def network(self, name: str) -> FloatNetwork:
        """The averaged weights so far, BatchNorm folded."""
        return self._student.fold({key: variable.numpy() for key, variable in self._averaged.items()}, name)

    def _current(self) -> dict[str, tf.Variable]:
        return self._student.variables | self._student.statistics

    def _state(self) -> dict[str, tf.Variable]:
        averaged = {f"averaged/{name}": variable for name, variable in self._averaged.items()}
        return self._trained | self._student.statistics | averaged | self._moments

    def _arrays(self) -> dict[str, FloatArray]:
        return {name: variable.numpy() for name, variable in self._state().items()}

    def _resume(
        self, path: Path | None, settings: Mapping[str, Any]
    ) -> tuple[int, tuple[Mapping[str, float], ...]]:
        if path is None or (found := checkpoints.load(path, settings)) is None:
            return 0, ()
        if found.step > self._recipe.steps:
            raise UsageError(
                f"{path}: has trained on {found.step * self._recipe.batch_size} windows already, more than "
                f"the {self._recipe.windows} asked for",
                "Ask for more windows, or delete the file to start anew.",
            )
        for name, variable in self._state().items():
            array = found.arrays.get(name)
            if array is None or array.shape != tuple(variable.shape):
                raise checkpoints.damaged(path, f"array {name} is missing or misshapen")
            variable.assign(array)
        return found.step, found.history

    def _step(
        self,
        student_db: tf.Tensor,
        teacher_db: tf.Tensor,
        number: tf.Tensor,
        rate: tf.Tensor,
        map_share: tf.Tensor,
    ) -> tf.Tensor:
        import tensorflow as tf

        teacher_maps, target = self._teacher(teacher_db)
        with tf.GradientTape() as tape:
            maps, embedding = self._student.forward(student_db, training=True)
            loss = self._objective.embedding_loss(embedding, target)
            loss += map_share * self._objective.map_loss(maps, teacher_maps, self._adapters)
        names = list(self._trained)
        gradients = tape.gradient(
            loss, [self._trained[name] for name in names], unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        gradients, _ = tf.clip_by_global_norm(gradients, self._recipe.clip_norm)
        corrected = rate * tf.sqrt(1 - _BETA_2**number) / (1 - _BETA_1**number)
        for name, gradient in zip(names, gradients, strict=True):
            first, second = self._moments[f"first/{name}"], self._moments[f"second/{name}"]
            first.assign(_BETA_1 * first + (1 - _BETA_1) * gradient)
            second.assign(_BETA_2 * second + (1 - _BETA_2) * tf.square(gradient))
            variable = self._trained[name]
            updated = variable - corrected * first / (tf.sqrt(second) + _EPSILON)
            variable.assign(updated * self._masks[name] if name in self._masks else updated)
        decay = tf.minimum(self._recipe.average, number / (number + 10))
        for name, variable in self._current().items():
            self._averaged[name].assign(decay * self._averaged[name] + (1 - decay) * variable)
        return loss


def _diverged(step: int, path: Path | None) -> UsageError:
    delete = f"Delete {path}, then start" if path is not None and path.exists() else "Start"
    return UsageError(f"training diverged at step {step}", f"{delete} anew with a lower learning rate.")


def _prepared_ahead(batch: Callable[[int], Batch], steps: range) -> Generator[tuple[int, Batch], None, None]:
    """Each step with its batch; a thread makes the next one while the caller trains on this one."""
    if not steps:
        return
    with ThreadPoolExecutor(1) as worker:
        upcoming = worker.submit(batch, steps[0])
        for step in steps:
            windows = upcoming.result()
            if step != steps[-1]:
                upcoming = worker.submit(batch, step + 1)
            yield step, windows


def _adapters(student: Trainable, widths: Mapping[int, int], seed: int) -> dict[int, tf.Variable]:
    """1x1 convolutions from the student's map `index` to `widths[index]` channels."""
    import tensorflow as tf

    rng = np.random.default_rng([seed, 3])
    adapters = {}
    for index, width in widths.items():
        channels = student.shape.widths[index]
        kernel = rng.normal(0, np.sqrt(1 / channels), (1, 1, channels, width))
        adapters[index] = tf.Variable(kernel.astype(np.float32))
    return adapters
