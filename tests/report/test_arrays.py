"""outputs.npz: the board's embeddings and where they come from, readable without pickle."""

from __future__ import annotations

import io

import numpy as np

from edgel3_deploy.report.arrays import to_npz
from tests.report.sample import sample_report


def test_every_row_can_be_traced_to_recording_and_second() -> None:
    report = sample_report()
    arrays = np.load(io.BytesIO(to_npz(report)), allow_pickle=False)
    np.testing.assert_array_equal(arrays["embeddings"], report.outputs.embeddings)
    assert arrays["embeddings"].dtype == np.int8
    np.testing.assert_array_equal(arrays["timestamps"], report.outputs.timestamps)
    assert arrays["clip_names"][arrays["clip_index"]].tolist() == ["one.wav"] * 3 + ["two.wav"] * 2
    assert (float(arrays["scale"]), int(arrays["zero_point"])) == (0.1, -128)


def test_the_same_result_gives_the_same_bytes() -> None:
    assert to_npz(sample_report()) == to_npz(sample_report())
