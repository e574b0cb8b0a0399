"""Which files of a folder count as recordings, and what is said about the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgel3_deploy.audio.finding import FORMATS, find_clips, search, suffixes
from edgel3_deploy.errors import BadInputError


def touch(folder: Path, *names: str) -> list[Path]:
    files = [folder / name for name in names]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return files


class TestFolders:
    def test_they_are_searched_in_depth_and_sorted(self, tmp_path: Path) -> None:
        files = touch(tmp_path, "a/deep/er.wav", "a/z.WAV", "b.wav")
        touch(tmp_path, "notes.txt", "._b.wav")
        assert find_clips([tmp_path]) == tuple(files)

    def test_all_suffixes_that_libsndfile_reads_count(self, tmp_path: Path) -> None:
        touch(tmp_path, "table.csv", "weights.mat", *(f"sound{suffix.upper()}" for suffix in FORMATS))
        assert {path.suffix.lower() for path in find_clips([tmp_path])} == set(suffixes())
        assert {".wav", ".flac", ".ogg", ".aiff"} <= set(suffixes())

    def test_links_are_followed_once(self, tmp_path: Path) -> None:
        (file,) = touch(tmp_path, "store/a.wav")
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "link").symlink_to(tmp_path / "store")
        (tmp_path / "store" / "up").symlink_to(tmp_path)
        found = search([tmp_path / "site"])
        assert [path.resolve() for path in found.paths] == [file]
        assert found.warnings == ()

    def test_what_is_left_out_is_counted(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.wav", ".Trash-1000/b.wav", ".cache/c.wav")
        (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
        found = search([tmp_path])
        assert [path.name for path in found.paths] == ["a.wav"]
        assert found.warnings == (f"{tmp_path}: 2 hidden folders, 1 dangling link left out",)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files")
    def test_what_is_no_file_is_no_dangling_link(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.wav")
        os.mkfifo(tmp_path / "pipe.wav")
        (tmp_path / "device.wav").symlink_to("/dev/zero")
        assert search([tmp_path]).warnings == (f"{tmp_path}: 2 devices or pipes left out",)

    def test_one_without_recordings_is_named_with_the_reason(self, tmp_path: Path) -> None:
        (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
        with pytest.raises(BadInputError, match="no recording in this folder") as caught:
            search([tmp_path])
        assert "(1 dangling link left out)" in caught.value.message
        assert ".flac" in caught.value.hint

    def test_a_folder_called_like_a_recording_is_a_folder(self, tmp_path: Path) -> None:
        (file,) = touch(tmp_path, "x.wav/a.wav")
        assert find_clips([tmp_path]) == (file,)

    def test_names_that_are_no_unicode_are_found(self, tmp_path: Path) -> None:
        name = os.fsencode(tmp_path) + b"/stra\xdfe.wav"
        Path(os.fsdecode(name)).touch()
        assert [os.fsencode(path) for path in find_clips([tmp_path])] == [name]


class TestFiles:
    def test_a_named_file_counts_whatever_its_suffix_and_once(self, tmp_path: Path) -> None:
        text, sound = touch(tmp_path, "a.txt", "b.wav")
        found = search([text, sound, tmp_path, text])
        assert found.paths == (text, sound)
        assert found.folders == (tmp_path, tmp_path)

    def test_nothing_asked_for_is_nothing_found(self) -> None:
        assert find_clips([]) == ()

    def test_a_missing_path_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match=r"nowhere: no such file"):
            find_clips([tmp_path / "nowhere"])

    def test_a_device_is_no_recording(self) -> None:
        with pytest.raises(BadInputError, match="/dev/zero: neither a file nor a folder"):
            find_clips([Path("/dev/zero")])
