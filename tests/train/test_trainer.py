"""The training loop: batches are made in a thread; neither an interruption nor a bad batch does harm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.train.checkpoint import load
from edgel3_deploy.train.objective import Objective
from edgel3_deploy.train.trainable import StudentShape, Trainable, frozen_forward
from edgel3_deploy.train.trainer import Batch, Recipe, Trained, Trainer

pytest.importorskip("tensorflow")

SHAPE = StudentShape("sea", 64, 50, (2, 2, 2, 2, 2, 2, 8, 8))
RECIPE = Recipe(windows=48, batch_size=8, measure_every=1 / 3)
"""Six steps, measured and saved behind each second one."""

Run = Callable[..., Trained]


def noise(step: int) -> Batch:
    """Eight spectrograms of noise, the same for student and teacher."""
    spectrograms = np.random.default_rng(step).uniform(-80, 0, (8, 64, 50)).astype(np.float32)
    return spectrograms, spectrograms


def mean_weight(network: FloatNetwork) -> Mapping[str, float]:
    return {"weight": float(np.mean([conv.weights.mean() for conv in network.convs]))}


@pytest.fixture
def run(teacher: FloatNetwork) -> Run:
    """Trains a student of `SHAPE` on `noise`, or on other batches, from the same random weights each time."""

    def train(
        batch: Callable[[int], Batch] = noise, *, recipe: Recipe = RECIPE, path: Path | None = None
    ) -> Trained:
        trainer = Trainer(
            Trainable.random(SHAPE, 0.05, 1.5, seed=0),
            lambda spectrogram: frozen_forward(teacher, spectrogram),
            Objective(np.ones(8, np.float32), {}),
            recipe,
        )
        return trainer.run(batch, mean_weight, {"seed": 0}, path=path)

    return train


def assert_same_weights(first: Trained, second: Trained) -> None:
    for ours, theirs in zip(first.network.convs, second.network.convs, strict=True):
        np.testing.assert_array_equal(ours.weights, theirs.weights)
        np.testing.assert_array_equal(ours.bias, theirs.bias)


def unreadable_at(bad: int) -> Callable[[int], Batch]:
    """Batches of noise up to number `bad`, which cannot be made."""

    def batch(step: int) -> Batch:
        if step == bad:
            raise BadInputError("siren.wav: cannot be decoded", "Repair it.")
        return noise(step)

    return batch


def test_batches_are_made_in_order_in_another_thread(run: Run) -> None:
    made: list[tuple[int, bool]] = []

    def batch(step: int) -> Batch:
        made.append((step, threading.current_thread() is threading.main_thread()))
        return noise(step)

    run(batch)
    assert made == [(step, False) for step in range(6)]


def test_a_bad_batch_is_told_and_the_thread_ends(run: Run) -> None:
    before = set(threading.enumerate())
    with pytest.raises(BadInputError, match=r"siren\.wav"):
        run(unreadable_at(3))
    assert set(threading.enumerate()) <= before


def test_after_a_bad_batch_the_run_goes_on_to_the_same_weights(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(BadInputError):
        run(unreadable_at(5), path=path)
    whole, resumed = run(), run(path=path)
    assert [entry["step"] for entry in resumed.history] == [2, 4, 6]
    assert resumed.history == whole.history
    assert_same_weights(resumed, whole)


def test_a_longer_run_goes_on_and_a_shorter_one_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    run(path=path)
    longer = run(recipe=replace(RECIPE, windows=64), path=path)
    assert [entry["step"] for entry in longer.history] == [2, 4, 6, 8]
    with pytest.raises(UsageError, match="64 windows already, more than the 48 asked for"):
        run(path=path)


def test_another_recipe_is_refused_by_its_values(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    run(path=path)
    with pytest.raises(UsageError, match=r"learning_rate 0\.002, now 0\.1"):
        run(recipe=replace(RECIPE, learning_rate=0.1), path=path)


def test_a_checkpoint_of_other_arrays_is_damaged(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    run(path=path)
    settings = {"seed": 0, **asdict(RECIPE)}
    del settings["windows"]
    found = load(path, settings)
    assert found is not None
    replace(found, arrays={**found.arrays, "0/kernel": np.zeros((1, 1), np.float32)}).save(path)
    with pytest.raises(BadInputError, match=r"damaged checkpoint \(array 0/kernel"):
        run(path=path)


def test_a_run_that_diverges_keeps_its_last_finite_checkpoint(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"

    def overflowing(step: int) -> Batch:
        student, teacher = noise(step)
        return (student, teacher * np.float32(1e30)) if step == 3 else (student, teacher)

    with pytest.raises(UsageError, match="diverged at step 3") as caught:
        run(overflowing, path=path)
    assert str(path) in caught.value.hint
    assert [entry["step"] for entry in run(path=path).history] == [2, 4, 6]
