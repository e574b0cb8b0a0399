"""What a student is asked to do: the loss falls with the error, by the rule that is set."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.train.objective import Objective

tf = pytest.importorskip("tensorflow")

VARIANCE = np.array([1.0, 4.0], np.float32)


def loss(error: tuple[float, float], **options: float) -> float:
    """Of one window whose embedding is off by `error`, without the cosine's part."""
    objective = Objective(VARIANCE, {}, cosine_weight=0.0, **options)
    target = np.array([[3.0, 5.0]], np.float32)
    given = target + np.array(error, np.float32)
    return float(objective.embedding_loss(tf.constant(given), tf.constant(target)))


def test_half_the_loss_is_relative_to_each_dimensions_variance() -> None:
    assert loss((1.0, 0.0)) == pytest.approx(0.5 * (0.5 / 2.5 + 0.5))
    assert loss((0.0, 2.0)) == pytest.approx(0.5 * (2 / 2.5 + 0.5))


def test_errors_beyond_the_huber_limit_count_linearly() -> None:
    small, large = (0.1, 0.2), (4.0, 8.0)
    assert loss(small, huber=0.5) == pytest.approx(loss(small))
    squares = 0.5 * np.mean(np.square(large)) / 2.5
    assert loss(large, huber=0.5) == pytest.approx(squares + 0.5 * 0.5 * (2 * 4 - 0.5))


def test_the_huber_loss_has_no_step_and_gradients_everywhere() -> None:
    assert loss((0.4999, 0.0), huber=0.5) == pytest.approx(loss((0.5001, 0.0), huber=0.5), abs=1e-3)
    target = tf.constant([[3.0, 5.0]])
    objective = Objective(VARIANCE, {}, huber=0.5)
    for error in (0.0, 0.5, 9.0):
        embedding = tf.Variable(target + error)
        with tf.GradientTape() as tape:
            value = objective.embedding_loss(embedding, target)
        assert np.isfinite(tape.gradient(value, embedding).numpy()).all()


def test_a_silent_dimension_does_not_dominate() -> None:
    targets = np.stack([np.linspace(0, 10, 50), np.zeros(50)], axis=1).astype(np.float32)
    variance = Objective.measured(targets, {}, 4.0, 0.5).variance
    assert variance[1] == pytest.approx(1e-3 * targets.var(axis=0).mean(), rel=1e-4)
