"""The official figures, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.head.metrics import best_thresholds, log_loss, measure

ONE_OF_THREE = np.eye(3, dtype=bool)[[0, 0, 1, 2]]
FOUND = np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.1, 0.7, 0.2], [0.3, 0.3, 0.4]], np.float32)


def test_one_label_a_clip() -> None:
    metrics = measure(FOUND, ONE_OF_THREE, exclusive=True)
    assert metrics.accuracy == 0.75 and metrics.micro_auprc is None and metrics.clips == 4
    assert metrics.confusion == ((1, 1, 0), (0, 1, 0), (0, 0, 1))
    assert sum(count for _, _, count in metrics.calibration) == 4
    assert "accuracy" in metrics.to_json() and "micro_auprc" not in metrics.to_json()


def test_any_labels_a_clip() -> None:
    targets = np.array([[1, 0], [1, 1], [0, 0]], bool)
    found = np.array([[0.9, 0.2], [0.4, 0.6], [0.7, 0.1]], np.float32)
    metrics = measure(found, targets, exclusive=False)
    assert metrics.accuracy is None
    assert metrics.macro_auprc == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2)
    # Ranked: 0.9 yes, 0.7 no, 0.6 yes, 0.4 yes.
    assert metrics.micro_auprc == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    # true negative, false positive, false negative, true positive
    assert metrics.confusion == ((0, 1, 1, 1), (2, 0, 0, 1))


def test_label_of_no_judged_clip_is_left_out_of_the_macro_figure() -> None:
    targets = np.array([[1, 0], [0, 0]], bool)
    found = np.array([[0.9, 0.9], [0.1, 0.8]], np.float32)
    assert measure(found, targets, exclusive=False).macro_auprc == 1


def test_log_loss_prefers_the_surer_truth() -> None:
    sure = np.where(ONE_OF_THREE, 0.9, 0.05).astype(np.float32)
    assert log_loss(sure, ONE_OF_THREE, True) == pytest.approx(-np.log(0.9), rel=1e-5)
    assert log_loss(FOUND, ONE_OF_THREE, True) > log_loss(sure, ONE_OF_THREE, True)
    assert np.isfinite(log_loss(1 - ONE_OF_THREE.astype(np.float32), ONE_OF_THREE, True))


def test_thresholds_divide_the_labels() -> None:
    targets = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], bool)
    found = np.array([[0.4, 0.1], [0.3, 0.1], [0.1, 0.1], [0.2, 0.1]], np.float32)
    thresholds = best_thresholds(found, targets)
    assert 0.2 < thresholds[0] <= 0.3 and thresholds[1] == 0.5
