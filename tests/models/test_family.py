"""The family table against published figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.errors import UsageError
from edgel3_deploy.models.family import FAMILY, member, member_of, model_name


def test_sizes_of_sea_64() -> None:
    sea_64 = member("sea-64")
    assert sea_64.parameters == 398_306
    assert sea_64.int8_weight_bytes == 396_576
    assert sea_64.embedding == 64
    assert (sea_64.n_mels, sea_64.frames) == (64, 50)


def test_sizes_of_the_large_ones() -> None:
    assert member("sea-512").parameters == 4_688_066
    assert member("sparse-ft-95.45").parameters == 4_688_066 - 2 * 512
    assert (member("sparse-kd-53.5").n_mels, member("sparse-kd-53.5").frames) == (256, 199)


def test_names_files_and_blob_ids_are_unique() -> None:
    assert len(FAMILY) == 14
    for key in ("name", "file_name", "blob_id"):
        assert len({getattr(candidate, key) for candidate in FAMILY}) == len(FAMILY)
    assert all(len(bytes.fromhex(candidate.blob_id)) == 20 for candidate in FAMILY)


def test_a_misspelt_name_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="sea64") as caught:
        member("sea64")
    assert "Did you mean sea-64?" in caught.value.hint


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("edgel3_sea_ust_audio_emb_128.h5.gz", "sea-128"),
        ("edgel3_kd_audio_sparsity_95.45.h5", "sparse-kd-95.45"),
        ("my model (2).H5", "my-model-2"),
        ("student.tflite", "student"),
        ("..h5", "model"),
        ('x";rm -rf.h5.gz', "x-rm--rf"),
    ],
)
def test_models_are_named_after_their_files(file_name: str, name: str) -> None:
    assert model_name(Path("/folder") / file_name) == name


def test_original_files_are_recognised() -> None:
    assert member_of(Path("edgel3_sea_ust_audio_emb_64.h5")) is member("sea-64")
    assert member_of(Path("sea-64.h5")) is None
