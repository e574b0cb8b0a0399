"""Recovery of a pruned network: first the statistics of its layers are put right, then it learns the dense
network's embedding again. What was left out stays out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import front_end
from edgel3_deploy.compress.pruning import Pruned
from edgel3_deploy.models.archive import fingerprint
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.train.backend import load_tensorflow
from edgel3_deploy.train.fidelity import Closeness
from edgel3_deploy.train.objective import Objective
from edgel3_deploy.train.recordings import Recording, split
from edgel3_deploy.train.source import Judge, Source, measure_teacher
from edgel3_deploy.train.trainable import BLOCK_ENDS, POOLED_AFTER, Trainable, frozen_forward
from edgel3_deploy.train.trainer import Recipe, Trainer

if TYPE_CHECKING:
    import tensorflow as tf

FloatArray = NDArray[np.float32]

_MEASURED_WINDOWS = 256
_BATCH_VALUES = 100_000_000
"""Outputs of all convolutions that a batch may have; training takes some 20 bytes for each."""
_LARGEST_BATCH = 32
_MOST_GAIN = 10.0
"""Bound of what a filter is scaled by: one that has lost all that excited it is not worth more."""
RECIPE = Recipe(windows=20_000, learning_rate=1e-3, maps_until=0.9, average=0.99)


@dataclass(frozen=True)
class Recovered:
    """The network after recovery; closeness to the dense one on held-out windows, before and after."""

    network: FloatNetwork
    pruned: Closeness
    recovered: Closeness
    history: tuple[Mapping[str, float], ...]
    held_out: tuple[str, ...]


def default_batch_size(network: FloatNetwork) -> int:
    """32 windows; fewer of a network with large feature maps (8 of L3), so that memory stays bounded."""
    values, height, width = 0, network.n_mels, network.frames
    for index, conv in enumerate(network.convs):
        values += height * width * conv.bias.size
        if index in POOLED_AFTER:
            height, width = height // 2, width // 2
    return min(max(_BATCH_VALUES // values, 2), _LARGEST_BATCH)


def renormalize(dense: FloatNetwork, pruned: Pruned, spectrograms: FloatArray) -> FloatNetwork:
    """`pruned` with each filter scaled and shifted to the mean and deviation it has in `dense`.

    `spectrograms` are float32 (n, mel, frames) dB. Without this, little of a signal gets through eight layers
    that have each lost most of their weights. Jordan et al., "REPAIR: REnormalizing Permuted Activations for
    Interpolation Repair" (ICLR 2023), which does it for merged networks.
    """
    import tensorflow as tf

    wanted = given = tf.constant(dense.input_gain * spectrograms[..., None] + dense.input_offset, tf.float32)
    convs = []
    for index, conv in enumerate(pruned.network.convs):
        original = dense.convs[index]
        full = tf.nn.conv2d(wanted, original.weights, 1, "SAME") + original.bias
        thin = tf.nn.conv2d(given, conv.weights, 1, "SAME") + conv.bias
        mean, deviation = (moment.numpy()[pruned.kept[index]] for moment in _moments(full))
        found_mean, found_deviation = (moment.numpy() for moment in _moments(thin))
        gain = np.clip(deviation / np.maximum(found_deviation, 1e-12), 1 / _MOST_GAIN, _MOST_GAIN)
        offset = mean - gain * found_mean
        convs.append(replace(conv, weights=conv.weights * gain, bias=gain * conv.bias + offset))
        wanted, given = (_passed_on(x, conv.relu, index) for x in (full, gain * thin + offset))
    return replace(pruned.network, convs=tuple(convs))


def _moments(features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and standard deviation of each channel."""
    import tensorflow as tf

    mean, variance = tf.nn.moments(features, (0, 1, 2))
    return mean, tf.sqrt(variance)


def _passed_on(features: tf.Tensor, relu: bool, index: int) -> tf.Tensor:
    import tensorflow as tf

    features = tf.nn.relu(features) if relu else features
    return tf.nn.max_pool2d(features, 2, 2, "VALID") if index in POOLED_AFTER else features


def recover(
    dense: FloatNetwork,
    pruned: Pruned,
    recordings: tuple[Recording, ...],
    recipe: Recipe = RECIPE,
    *,
    held_out: float = 0.2,
    seed: int = 0,
    checkpoint: Path | None = None,
    progress: Progress = silent,
) -> Recovered:
    """Renormalize `pruned`, then distil `dense` into it: embedding and block outputs of the filters that were
    kept, masks held.

    Without recordings only generated sounds are used. Repeatable; continues from `checkpoint` if that file
    exists. Raises BadInputError for recordings that cannot be decoded and a network whose embedding
    overflows, UsageError for a checkpoint of another run and training that diverges.
    """
    load_tensorflow()
    training, judged = split(recordings, held_out, seed)
    hears = front_end(dense.front_end)
    source = Source(hears, hears, training, recipe.batch_size, seed)

    def teacher(spectrogram: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        import tensorflow as tf

        maps, _ = frozen_forward(dense, spectrogram)
        kept = [tf.gather(full, indices, axis=-1) for full, indices in zip(maps, pruned.kept, strict=False)]
        return kept, tf.reduce_max(kept[-1], (1, 2))

    matched = [index for index in BLOCK_ENDS if index < len(pruned.kept) - 1]
    measured_windows = min(_MEASURED_WINDOWS, recipe.windows)
    measured = measure_teacher(teacher, source, matched, measured_windows, progress)
    objective = Objective.measured(
        measured.targets, measured.map_variances, map_weight=1.0, cosine_weight=0.5
    )
    masks = {f"{index}/kernel": mask for index, mask in enumerate(pruned.masks)}
    start = renormalize(dense, pruned, _first_windows(source, default_batch_size(dense)))
    trainer = Trainer(Trainable.from_network(start), teacher, objective, recipe, masks=masks, seed=seed)
    progress("preparing held-out windows")
    judge = Judge(teacher, source.held_out(judged, seed))
    settings = {
        "dense": fingerprint(dense),
        "pruned": fingerprint(pruned.network),
        "recordings": [recording.identity for recording in training],
        "held_out": [recording.identity for recording in judged],
        "measured_windows": measured_windows,
        "seed": seed,
    }
    trained = trainer.run(
        source.batch,
        lambda _: {},  # measuring a large network takes longer than training between two checkpoints
        settings,
        path=checkpoint,
        name=pruned.network.name,
        progress=progress,
    )
    return Recovered(
        trained.network,
        judge.closeness(pruned.network),
        judge.closeness(trained.network),
        trained.history,
        tuple(recording.path.name for recording in judged),
    )


def _first_windows(source: Source, count: int) -> FloatArray:
    """Spectrograms of the first `count` training windows, (count, mel, frames) dB."""
    batches = [source.batch(step)[0] for step in range(-(-count // source.batch_size))]
    return np.concatenate(batches)[:count]
