"""Specialisation on a tiny teacher: the student comes closer, and an interruption changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.clips import find_clips
from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.compress.report import learning_curves, report_json
from edgel3_deploy.compress.specialize import (
    Request,
    Specialized,
    _stream_seed,
    specialize,
    student_widths,
)
from edgel3_deploy.errors import UsageError
from edgel3_deploy.models.layout import weight_file
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.train.recordings import scan
from edgel3_deploy.train.source import Source
from edgel3_deploy.train.trainer import Recipe
from tests.models.synthetic_weights import random_weights

pytest.importorskip("tensorflow")


@pytest.fixture
def request_(teacher: FloatNetwork, recordings: Path) -> Request:
    recipe = Recipe(windows=480, batch_size=16, learning_rate=5e-3, average=0.9, measure_every=0.5)
    return Request(
        teacher, scan(find_clips([recordings]))[0], student_widths("4,4,8,8"), recipe, held_out=0.4
    )


def weights(result: Specialized) -> list[np.ndarray]:
    return [conv.weights for conv in result.network.convs]


@pytest.mark.slow
def test_a_student_comes_closer_to_its_teacher_than_random_weights(request_: Request) -> None:
    result = specialize(request_)
    assert result.closeness.cosine_median > result.untrained.cosine_median
    assert result.closeness.relative_mse < 0.8 * result.untrained.relative_mse
    assert len(result.held_out) == 1
    assert not set(result.held_out) & set(result.trained_on)
    assert set(result.filter_cosines) == {f"conv{number}" for number in range(1, 9)}
    report = json.loads(report_json(request_, result))
    assert report["history"][-1]["step"] == 30
    assert learning_curves(request_, result).startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_student_may_hear_through_l3s_front_end(request_: Request, tmp_path: Path) -> None:
    """Its last layer is not rectified, as L3's is not, and it comes back whole from its file."""
    recipe = replace(request_.recipe, windows=16, batch_size=4)
    result = specialize(replace(request_, student_front_end="l3", recipe=recipe))
    path = tmp_path / "student.h5"
    path.write_bytes(weight_file(result.network))
    read = read_weights(path)
    assert (read.front_end, read.n_mels, read.frames) == ("l3", 256, 199)
    assert [conv.relu for conv in read.convs] == [True] * 7 + [False]
    for stored, trained in zip(read.convs, result.network.convs, strict=True):
        np.testing.assert_allclose(stored.weights, trained.weights, rtol=1e-5)


def test_a_start_must_hear_what_the_student_hears(request_: Request, teacher: FloatNetwork) -> None:
    with pytest.raises(UsageError, match=r"front end sea, the student .* and l3"):
        specialize(replace(request_, start=teacher, student_front_end="l3"))


@pytest.mark.slow
def test_chosen_recordings_judge_instead_of_a_share(request_: Request) -> None:
    first, *others = request_.recordings
    recipe = replace(request_.recipe, windows=32)
    result = specialize(replace(request_, recordings=(first,), judges=tuple(others), recipe=recipe))
    assert result.trained_on == ("0.wav",)
    assert result.held_out == ("1.wav", "2.wav")


@pytest.mark.slow
def test_an_interrupted_run_ends_where_an_uninterrupted_one_ends(request_: Request, tmp_path: Path) -> None:
    request_ = replace(request_, recipe=replace(request_.recipe, windows=96))
    whole = specialize(request_)
    path = tmp_path / "checkpoint.npz"

    def interrupt(stage: str, done: int = 0, total: int = 0) -> None:
        if stage == "training" and done == 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        specialize(request_, checkpoint=path, progress=interrupt)
    assert path.exists()
    for expected, actual in zip(weights(whole), weights(specialize(request_, checkpoint=path)), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.slow
def test_a_narrower_student_learns_principal_components(request_: Request) -> None:
    request_ = replace(
        request_, widths=student_widths("4,4,8,3"), recipe=replace(request_.recipe, windows=320)
    )
    result = specialize(request_)
    assert result.projection is not None
    assert 0 < result.projection.explained <= 1
    assert result.network.embedding == 3
    assert result.closeness.relative_mse < result.untrained.relative_mse


@pytest.mark.slow
def test_an_l3_teacher_is_heard_through_its_own_front_end(tmp_path: Path) -> None:
    teacher = read_weights(random_weights(tmp_path / "l3.h5", (2, 2, 2, 4), "l3"))
    recipe = Recipe(windows=8, batch_size=4, measure_every=1.0)
    result = specialize(Request(teacher, (), student_widths("2,2,2,4"), recipe))
    assert result.network.front_end == "sea"
    assert result.network.embedding == 4


@pytest.mark.slow
def test_a_second_round_goes_on_from_the_first(request_: Request) -> None:
    first = specialize(request_)
    recipe = replace(request_.recipe, windows=96, learning_rate=1e-4)
    second = specialize(replace(request_, recipe=recipe, map_weight=0.0, start=first.network))
    assert second.held_out == first.held_out
    assert second.untrained == first.closeness
    assert second.closeness.relative_mse < 1.1 * first.closeness.relative_mse


def test_a_second_round_hears_other_windows_and_is_judged_on_the_same(
    request_: Request, teacher: FloatNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgel3_deploy.train.source._GENERATED_HELD_OUT", 4)
    further = replace(request_, start=teacher)
    seeds = {_stream_seed(replace(each, seed=seed)) for each in (request_, further) for seed in (0, 1)}
    assert len(seeds) == 4
    first, second = (
        Source(SEA, SEA, (), 4, _stream_seed(each)).held_out((), each.seed)[0] for each in (request_, further)
    )
    np.testing.assert_array_equal(first, second)


def test_a_start_of_another_shape_is_refused(request_: Request, teacher: FloatNetwork) -> None:
    with pytest.raises(UsageError, match="filters"):
        specialize(replace(request_, start=replace(teacher, convs=teacher.convs[:5])))


def test_a_student_wider_than_its_teacher_is_refused(request_: Request) -> None:
    with pytest.raises(UsageError, match="16 dimensions"):
        specialize(replace(request_, widths=student_widths("4,4,8,16")))


@pytest.mark.parametrize("student", ["sea-65", "1,2,3", "1,2,3,0", "a,b,c,d", "l3", ""])
def test_unknown_students_are_refused(student: str) -> None:
    with pytest.raises(UsageError, match="no student"):
        student_widths(student)


def test_family_names_are_students() -> None:
    assert student_widths("sea-64") == (32, 32, 64, 64, 128, 128, 64, 64)
