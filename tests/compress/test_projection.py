"""Principal components: they keep most variance, stay non-negative, and repeat."""

from __future__ import annotations

import io

import numpy as np

from edgel3_deploy.compress.projection import principal_components


def test_a_low_dimensional_embedding_is_kept_whole() -> None:
    rng = np.random.default_rng(0)
    embeddings = (rng.normal(size=(200, 3)) @ rng.normal(size=(3, 10))).astype(np.float32)
    projection = principal_components(embeddings, 3)
    projected = projection.apply(embeddings)
    assert projection.explained > 0.9999
    assert projected.min() >= 0
    distances = [np.linalg.norm(x[:, None] - x[None], axis=2) for x in (embeddings, projected)]
    np.testing.assert_allclose(distances[1], distances[0], atol=1e-3)


def test_the_projection_can_be_kept() -> None:
    embeddings = np.random.default_rng(1).normal(size=(50, 6)).astype(np.float32)
    projection = principal_components(embeddings, 2)
    with np.load(io.BytesIO(projection.to_bytes())) as arrays:
        np.testing.assert_array_equal(arrays["components"], projection.components)
        np.testing.assert_array_equal(arrays["offset"], projection.offset)
