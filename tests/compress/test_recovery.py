"""Recovery: closer to the dense network than right after pruning, and what was left out stays out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.clips import find_clips
from edgel3_deploy.compress.pruning import Pruned, prune_filters, prune_weights
from edgel3_deploy.compress.recovery import recover
from edgel3_deploy.compress.trainer import Recipe
from edgel3_deploy.models.network import FloatNetwork

pytest.importorskip("tensorflow")

RECIPE = Recipe(windows=640, batch_size=16, learning_rate=3e-3, average=0.9, measure_every=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("prune", [prune_weights, prune_filters])
def test_a_recovered_network_is_closer_than_the_pruned_one(
    prune: object, teacher: FloatNetwork, recordings: Path
) -> None:
    pruned: Pruned = prune(teacher, (0, 50, 50, 50, 50, 50, 50, 25))
    result = recover(teacher, pruned, find_clips([recordings]), RECIPE)
    assert result.recovered.relative_mse < 0.8 * result.pruned.relative_mse
    assert result.recovered.cosine_median >= result.pruned.cosine_median
    for conv, mask in zip(result.network.convs, pruned.masks, strict=False):
        assert not conv.weights[mask == 0].any()
        assert np.count_nonzero(conv.weights) == np.count_nonzero(mask)
