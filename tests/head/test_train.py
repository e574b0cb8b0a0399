"""Training by folds, on embeddings that are drawn instead of computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.head.dataset import Dataset, LabelledClip
from edgel3_deploy.head.embeddings import ClipEmbeddings
from edgel3_deploy.head.mlp import fit_mlp
from edgel3_deploy.head.train import Choices, Windows, float_windows, int8_windows, train

TENSOR = Tensor(0, "embedding", (6,), 0.05, -128)
CHOICES = Choices(hidden=((), (8,)), penalties=(0.3,), poolings=("mean", "maximum"))


def drawn(
    labels: int, folds: tuple[str, ...], *, exclusive: bool = True, apart: float = 40, seed: int = 0
) -> tuple[Dataset, Windows]:
    """Clips of three windows, whose embeddings are `apart` int8 steps in a dimension of their label."""
    rng = np.random.default_rng(seed)
    clips, embeddings = [], []
    for fold in folds:
        for label in range(labels):
            for take in range(4):
                chosen = (label,) if exclusive else tuple({label, *range(take % labels)})
                name = f"{fold}-{label}-{take}"
                clips.append(LabelledClip(Path(name), name, fold, chosen))
                values = rng.normal(-60, 10, (3, 6))
                values[:, list(chosen)] += apart
                embeddings.append(ClipEmbeddings(values.clip(-128, 127).astype(np.int8), name))
    split = "train" in folds
    names = tuple(f"label {index}" for index in range(labels))
    return Dataset("drawn", names, tuple(clips), exclusive, split), int8_windows(embeddings, TENSOR)


def test_separate_labels_are_learned() -> None:
    trained = train(*drawn(3, ("1", "2", "3")), CHOICES)
    assert trained.metrics.accuracy == 1 and trained.int8_metrics is trained.metrics
    assert [fold for fold, *_ in trained.fold_metrics] == ["1", "2", "3"]
    assert np.trace(np.array(trained.metrics.confusion)) == trained.metrics.clips == 36


def test_noise_is_not_learned() -> None:
    """Labels without any relation to the sound: judged by folds a head does as chance does."""
    trained = train(*drawn(2, ("1", "2", "3", "4"), apart=0), CHOICES)
    assert trained.metrics.accuracy is not None and 0.2 < trained.metrics.accuracy < 0.8


def test_judging_fold_takes_no_part_in_its_own_judgement() -> None:
    """Fold 1 teaches the opposite of the others: heads that it judges never saw that, so all is wrong."""
    dataset, windows = drawn(2, ("1", "2", "3"))
    swapped = tuple(
        LabelledClip(clip.path, clip.row, clip.fold, (1 - clip.labels[0],)) if clip.fold == "1" else clip
        for clip in dataset.clips
    )
    trained = train(Dataset("drawn", dataset.labels, swapped, True), windows, CHOICES)
    first = {fold: metrics for fold, metrics, _ in trained.fold_metrics}["1"]
    assert first.accuracy == 0


def test_several_labels_a_clip_with_a_fixed_split() -> None:
    trained = train(*drawn(3, ("train", "validate", "test"), exclusive=False), CHOICES)
    assert trained.metrics.micro_auprc is not None and trained.metrics.micro_auprc > 0.95
    assert trained.metrics.macro_auprc > 0.95 and trained.metrics.accuracy is None
    assert trained.head.mlp.output == "logistic"
    assert trained.metrics.clips == 12


def test_same_data_give_the_same_head() -> None:
    first, second = (train(*drawn(2, ("1", "2", "3")), CHOICES) for _ in range(2))
    assert first.head.settings == second.head.settings
    for a, b in zip(first.head.mlp.layers, second.head.mlp.layers, strict=True):
        assert np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])


def test_two_folds_leave_nothing_to_choose_on() -> None:
    trained = train(*drawn(2, ("1", "2")), CHOICES)
    assert {settings for *_, settings in trained.fold_metrics} == {trained.fold_metrics[0][2]}
    assert trained.metrics.accuracy == 1


def test_head_in_int8_is_close_to_float() -> None:
    trained = train(*drawn(4, ("1", "2", "3"), apart=15), CHOICES)
    assert trained.int8_metrics is not None and trained.int8_metrics.accuracy is not None
    assert trained.float_metrics.accuracy is not None
    assert abs(trained.int8_metrics.accuracy - trained.float_metrics.accuracy) <= 0.05


def test_float_embeddings_give_a_float_head() -> None:
    dataset, windows = drawn(2, ("1", "2", "3"))
    clips = [
        ClipEmbeddings(part.astype(np.float32), "")
        for part in np.split(windows.embeddings, len(dataset.clips))
    ]
    trained = train(dataset, float_windows(clips), CHOICES)
    assert trained.int8_metrics is None and trained.head.network is None and trained.metrics.accuracy == 1


@pytest.mark.parametrize("present", [(0,), (1,), (0, 2)])
def test_labels_without_training_clips_are_never_found(present: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    targets = np.zeros((40, 3), bool)
    targets[np.arange(40), rng.choice(present, 40)] = True
    embeddings = rng.standard_normal((40, 5)).astype(np.float32)
    mlp = fit_mlp(embeddings, targets, "softmax", hidden=(), penalty=1, least_deviation=0)
    absent = [label for label in range(3) if label not in present]
    likely = mlp.probabilities(embeddings)
    assert likely.shape == (40, 3) and likely[:, absent].max() < 1e-3
    assert np.allclose(likely.sum(axis=1), 1, atol=1e-5)


def test_dimension_that_never_varies_is_no_trouble() -> None:
    embeddings = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)
    embeddings[:, 2] = 7
    targets = np.eye(2, dtype=bool)[(embeddings[:, 0] > 0).astype(int)]
    mlp = fit_mlp(embeddings, targets, "softmax", hidden=(4,), penalty=0.1, least_deviation=0)
    assert np.isfinite(mlp.probabilities(embeddings)).all()
