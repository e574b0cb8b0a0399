"""Where models are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.models.family import member
from edgel3_deploy.models.locate import cache_dir, downloads_dir, find_weights, locate

ORIGINAL = "edgel3_sea_ust_audio_emb_64.h5"


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A models folder and a cache of this test's own."""
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("EDGEL3_DEPLOY_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(tmp_path / "cache"))
    downloads_dir().mkdir(parents=True)


def touch(path: Path) -> Path:
    path.touch()
    return path


def test_the_models_folder_comes_before_the_cache(tmp_path: Path) -> None:
    assert find_weights(member("sea-64")) is None
    cached = touch(downloads_dir() / f"{ORIGINAL}.gz")
    assert locate("sea-64").path == cached
    ours = touch(tmp_path / "models" / ORIGINAL)
    assert locate("sea-64").path == ours
    assert locate("sea-64").member is member("sea-64")


def test_without_a_models_folder_the_cache_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEL3_DEPLOY_MODELS")
    cached = touch(downloads_dir() / f"{ORIGINAL}.gz")
    assert locate("sea-64").path == cached


def test_absent_weights_come_with_the_command_that_gets_them() -> None:
    with pytest.raises(BadInputError, match="sea-256") as caught:
        locate("sea-256")
    assert "edgel3-deploy models pull sea-256" in caught.value.hint


@pytest.mark.parametrize(
    ("file_name", "kind", "name"),
    [("mine.h5", "weights", "mine"), ("mine.H5.GZ", "weights", "mine"), ("mine.tflite", "tflite", "mine")],
)
def test_paths_are_taken_by_suffix(tmp_path: Path, file_name: str, kind: str, name: str) -> None:
    found = locate(str(touch(tmp_path / file_name)))
    assert (found.kind, found.name, found.member) == (kind, name, None)


def test_an_original_file_is_recognised_by_its_name(tmp_path: Path) -> None:
    found = locate(str(touch(tmp_path / f"{ORIGINAL}.gz")))
    assert (found.name, found.member) == ("sea-64", member("sea-64"))


def test_missing_paths_folders_and_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.h5").mkdir()
    for path, problem in [
        ("nowhere.h5", "no such file"),
        ("folder.h5", "is a folder"),
        ("models", "neither"),
        ("model.onnx", "neither"),
    ]:
        with pytest.raises(BadInputError, match=problem):
            locate(str(tmp_path / path))


def test_a_name_nobody_bears_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="sea-65"):
        locate("sea-65")


def test_the_cache_defaults_to_the_platform_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEL3_DEPLOY_CACHE")
    assert cache_dir().name == "edgel3-deploy"


def test_a_home_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInputError, match="no such home folder"):
        locate("~nosuchuser/x.tflite")


def test_what_is_no_ordinary_file_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "z.tflite").symlink_to("/dev/zero")
    with pytest.raises(BadInputError, match="no ordinary file"):
        locate(str(tmp_path / "z.tflite"))
