"""Windows for student and teacher: held-out recordings are cut as `validate` cuts them, long ones thinned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.clips import load_clip, windows
from edgel3_deploy.audio.frontend import L3, SEA, log_mel
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.train.recordings import scan
from edgel3_deploy.train.source import Source, measure_teacher
from edgel3_deploy.train.trainable import frozen_forward
from tests.models.synthetic_weights import random_arrays, write_weights


def test_held_out_windows_are_those_of_validate(recordings: Path) -> None:
    usable, _ = scan(sorted(recordings.iterdir()))
    held_out, same = Source(SEA, SEA, (), 4, seed=0).held_out(usable, seed=0)
    cut = [windows(load_clip(recording.path, SEA), SEA)[0] for recording in usable]
    expected = [log_mel(window, SEA) for clip in cut for window in clip]
    np.testing.assert_array_equal(held_out, expected)
    assert same is held_out


def test_long_recordings_give_an_even_share_of_their_windows(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgel3_deploy.train.source._MOST_HELD_OUT", 9)
    usable, _ = scan(sorted(recordings.iterdir()))
    student, teacher = Source(L3, SEA, (), 4, seed=0).held_out(usable, seed=0)
    assert student.shape == (9, SEA.n_mels, SEA.frames)
    assert teacher.shape == (9, L3.n_mels, L3.frames)
    assert np.isfinite(student).all()
    assert len(np.unique(student, axis=0)) == 9


@pytest.mark.parametrize(("factor", "complaint"), [(1e12, "overflow"), (0.0, "the same for every sound")])
def test_a_teacher_that_says_nothing_is_refused(factor: float, complaint: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    network = read_weights(write_weights(tmp_path / "odd.h5", random_arrays((2, 2, 2, 3))))
    convs = [
        replace(conv, weights=conv.weights * np.float32(factor), bias=conv.bias * np.float32(factor))
        for conv in network.convs
    ]
    teacher: FloatNetwork = replace(network, convs=tuple(convs))
    with pytest.raises(BadInputError, match=complaint):
        measure_teacher(
            lambda spectrogram: frozen_forward(teacher, spectrogram), Source(SEA, SEA, (), 4, 0), (1, 7), 8
        )
