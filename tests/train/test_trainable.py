"""Networks in TensorFlow compute what the numpy forward pass computes."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatNetwork

tf = pytest.importorskip("tensorflow")

from edgel3_deploy.train.trainable import StudentShape, Trainable, frozen_forward  # noqa: E402


@pytest.fixture
def spectrograms() -> np.ndarray:
    return np.random.default_rng(0).uniform(-80, 0, (3, 64, 50)).astype(np.float32)


def folded_now(trainable: Trainable) -> FloatNetwork:
    current = trainable.variables | trainable.statistics
    return trainable.fold({name: variable.numpy() for name, variable in current.items()}, "now")


def test_a_frozen_network_is_the_numpy_network(teacher: FloatNetwork, spectrograms: np.ndarray) -> None:
    maps, embedding = frozen_forward(teacher, tf.constant(spectrograms[..., None]))
    np.testing.assert_allclose(embedding, forward(teacher, spectrograms), rtol=1e-3, atol=1e-3)
    assert [tuple(map_.shape[1:]) for map_ in maps] == [
        *[(64, 50, 4)] * 2,
        *[(32, 25, 4)] * 2,
        *[(16, 12, 8)] * 2,
        *[(8, 6, 8)] * 2,
    ]


def test_a_student_folds_into_the_network_it_trained_as(spectrograms: np.ndarray) -> None:
    student = Trainable.random(StudentShape("sea", 64, 50, (3, 3, 4, 4, 5, 5, 6, 6)), 0.05, 1.5, seed=1)
    inputs = tf.constant(spectrograms[..., None])
    for _ in range(3):
        student.forward(inputs, training=True)
    _, embedding = student.forward(inputs, training=False)
    folded = folded_now(student)
    np.testing.assert_allclose(forward(folded, spectrograms), embedding, rtol=1e-3, atol=1e-3)


def test_a_network_taken_up_again_is_unchanged(teacher: FloatNetwork, spectrograms: np.ndarray) -> None:
    again = Trainable.from_network(teacher)
    np.testing.assert_array_equal(forward(folded_now(again), spectrograms), forward(teacher, spectrograms))
