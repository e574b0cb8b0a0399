"""Recovery of a pruned network: it learns the dense network's embedding again, what was left out stays
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgel3_deploy.audio.frontend import front_end
from edgel3_deploy.compress.backend import load_tensorflow
from edgel3_deploy.compress.fidelity import Closeness
from edgel3_deploy.compress.objective import Objective
from edgel3_deploy.compress.pruning import Pruned
from edgel3_deploy.compress.recordings import scan, split
from edgel3_deploy.compress.source import Judge, Source, measure_teacher
from edgel3_deploy.compress.trainable import BLOCK_ENDS, Trainable, frozen_forward
from edgel3_deploy.compress.trainer import Recipe, Trainer
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent

if TYPE_CHECKING:
    import tensorflow as tf

_MEASURED_WINDOWS = 256
RECIPE = Recipe(windows=20_000, learning_rate=3e-4, maps_until=0.9, average=0.99)


@dataclass(frozen=True)
class Recovered:
    """The network after recovery; closeness to the dense one on held-out windows, before and after."""

    network: FloatNetwork
    pruned: Closeness
    recovered: Closeness
    history: tuple[Mapping[str, float], ...]
    held_out: tuple[str, ...]
    warnings: tuple[str, ...]


def recover(
    dense: FloatNetwork,
    pruned: Pruned,
    recordings: tuple[Path, ...],
    recipe: Recipe = RECIPE,
    *,
    held_out: float = 0.2,
    seed: int = 0,
    checkpoint: Path | None = None,
    progress: Progress = silent,
) -> Recovered:
    """Distil `dense` into `pruned`: embedding and block outputs of the filters that were kept, masks held.

    Without recordings only generated sounds are used. Raises BadInputError for recordings that cannot be
    read.
    """
    load_tensorflow()
    progress("scanning recordings")
    usable, warnings = scan(recordings)
    training, judged = split(usable, held_out, seed)
    hears = front_end(dense.front_end)
    source = Source(hears, hears, training, recipe.batch_size, seed)

    def teacher(spectrogram: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        import tensorflow as tf

        maps, _ = frozen_forward(dense, spectrogram)
        kept = [tf.gather(full, indices, axis=-1) for full, indices in zip(maps, pruned.kept, strict=False)]
        return kept, tf.reduce_max(kept[-1], (1, 2))

    matched = [index for index in BLOCK_ENDS if index < len(pruned.kept) - 1]
    measured = measure_teacher(teacher, source, matched, _MEASURED_WINDOWS, progress)
    objective = Objective.measured(
        measured.targets, measured.map_variances, map_weight=1.0, cosine_weight=0.5
    )
    masks = {f"{index}/kernel": mask for index, mask in enumerate(pruned.masks)}
    trainer = Trainer(
        Trainable.from_network(pruned.network), teacher, objective, recipe, masks=masks, seed=seed
    )
    judge = Judge(teacher, source.held_out(judged, seed))
    settings = {
        "network": pruned.network.name,
        "widths": [len(indices) for indices in pruned.kept],
        "sparsity": pruned.sparsity,
        "recordings": [recording.path.name for recording in training],
        "held_out": [recording.path.name for recording in judged],
        "seed": seed,
    }
    trained = trainer.run(
        source.batch,
        lambda network: judge.closeness(network).to_json(),
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
        warnings,
    )
