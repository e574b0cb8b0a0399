"""Recovery: closer to the dense network than right after pruning, and what was left out stays out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from edgel3_deploy.audio.clips import find_clips
from edgel3_deploy.compress.pruning import Pruned, prune_filters, prune_weights
from edgel3_deploy.compress.recovery import default_batch_size, recover, renormalize
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.train.fidelity import closeness
from edgel3_deploy.train.recordings import Recording, scan
from edgel3_deploy.train.trainer import Recipe
from tests.models.synthetic_weights import random_weights

pytest.importorskip("tensorflow")

RECIPE = Recipe(windows=640, batch_size=16, learning_rate=3e-3, average=0.9, measure_every=1.0)
PLAN = (0, 50, 50, 50, 50, 50, 50, 25)
Prune = Callable[[FloatNetwork, Sequence[float]], Pruned]


@pytest.fixture
def sounds(recordings: Path) -> tuple[Recording, ...]:
    return scan(find_clips([recordings]))[0]


@pytest.mark.slow
@pytest.mark.parametrize("prune", [prune_weights, prune_filters])
def test_a_recovered_network_is_closer_than_the_pruned_one(
    prune: Prune, teacher: FloatNetwork, sounds: tuple[Recording, ...]
) -> None:
    pruned = prune(teacher, PLAN)
    result = recover(teacher, pruned, sounds, RECIPE)
    assert result.recovered.relative_mse < 0.8 * result.pruned.relative_mse
    assert result.recovered.cosine_median >= result.pruned.cosine_median
    for conv, mask in zip(result.network.convs, pruned.masks, strict=False):
        assert not conv.weights[mask == 0].any()
        assert np.count_nonzero(conv.weights) == np.count_nonzero(mask)


@pytest.mark.slow
def test_an_interrupted_recovery_gives_what_a_whole_one_gives(
    teacher: FloatNetwork, sounds: tuple[Recording, ...], tmp_path: Path
) -> None:
    recipe = Recipe(windows=48, batch_size=8, measure_every=0.2)
    pruned = prune_weights(teacher, PLAN)
    checkpoint = tmp_path / "checkpoint.npz"

    def stop(stage: str, done: int = 0, total: int = 0) -> None:
        if stage == "training" and done == 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recover(teacher, pruned, sounds, recipe, checkpoint=checkpoint, progress=stop)
    stages = []
    resumed = recover(
        teacher,
        pruned,
        sounds,
        recipe,
        checkpoint=checkpoint,
        progress=lambda stage, *_: stages.append(stage),
    )
    assert stages.count("training") == 3
    whole = recover(teacher, pruned, sounds, recipe)
    for conv, wanted in zip(resumed.network.convs, whole.network.convs, strict=True):
        np.testing.assert_array_equal(conv.weights, wanted.weights)


class TestRenormalize:
    @pytest.mark.parametrize("prune", [prune_weights, prune_filters])
    def test_a_signal_gets_through_again(self, prune: Prune, tmp_path: Path) -> None:
        dense = read_weights(random_weights(tmp_path / "dense.h5", (8, 16, 16, 16)))
        spectrograms = np.random.default_rng(0).uniform(-80, 0, (8, 64, 50)).astype(np.float32)
        pruned = prune(dense, (0, 80, 80, 80, 80, 80, 80, 0))
        targets = forward(dense, spectrograms)
        before = closeness(forward(pruned.network, spectrograms), targets)
        renormalized = renormalize(dense, pruned, spectrograms)
        after = closeness(forward(renormalized, spectrograms), targets)
        assert after.relative_mse < 0.5 * before.relative_mse
        for conv, mask in zip(renormalized.convs, pruned.masks, strict=False):
            assert not conv.weights[mask == 0].any()

    def test_a_whole_network_stays_as_it_is(self, teacher: FloatNetwork) -> None:
        spectrograms = np.random.default_rng(0).uniform(-80, 0, (4, 64, 50)).astype(np.float32)
        same = renormalize(teacher, prune_weights(teacher, (0,) * 8), spectrograms)
        for conv, wanted in zip(same.convs, teacher.convs, strict=True):
            np.testing.assert_allclose(conv.weights, wanted.weights, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(conv.bias, wanted.bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("filters", "front_end", "windows"), [((32, 64, 128, 64), "sea", 32), ((64, 128, 256, 512), "l3", 8)]
)
def test_large_networks_are_trained_in_smaller_batches(
    filters: tuple[int, ...], front_end: Literal["sea", "l3"], windows: int, tmp_path: Path
) -> None:
    network = read_weights(random_weights(tmp_path / "a.h5", filters, front_end))
    assert default_batch_size(network) == windows
