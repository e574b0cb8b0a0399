"""Data sets as they are laid out on disk, and whatever is wrong with them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgel3_deploy.errors import BadInputError, ExitCode
from edgel3_deploy.head.formats import Format, read_dataset
from tests.head.datasets import COARSE, make_esc50, make_folder, make_sonyc, make_us8k, write_tone


def refusal(folder: Path, format_: Format) -> str:
    with pytest.raises(BadInputError) as raised:
        read_dataset(folder, format_)
    assert raised.value.exit_code == ExitCode.BAD_INPUT
    assert "\n" not in raised.value.message and raised.value.hint
    return raised.value.message


def edit(table: Path, line: int, old: str, new: str) -> None:
    lines = table.read_text().split("\n")
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    table.write_text("\n".join(lines))


def test_esc50_has_its_official_folds(tmp_path: Path) -> None:
    make_esc50(tmp_path)
    dataset = read_dataset(tmp_path, "esc50")
    assert dataset.labels == ("high", "low") and dataset.exclusive
    assert dataset.folds == dataset.judged == ("1", "2", "3")
    assert all(clip.path.name.startswith(clip.fold) for clip in dataset.clips)
    assert all(dataset.labels[clip.labels[0]] in clip.path.name for clip in dataset.clips)


def test_a_subset_beside_its_audio_is_read_too(tmp_path: Path) -> None:
    make_esc50(tmp_path).rename(tmp_path / "esc10.csv")
    assert len(read_dataset(tmp_path, "esc50").clips) == 12


def test_esc10_is_whole(test_data: Path) -> None:
    dataset = read_dataset(test_data / "audio" / "esc10", "esc50")
    assert (len(dataset.clips), len(dataset.labels), len(dataset.folds)) == (318, 10, 4)


def test_us8k_has_its_official_folds(tmp_path: Path) -> None:
    make_us8k(tmp_path, folds=10)
    dataset = read_dataset(tmp_path, "us8k")
    assert dataset.folds == tuple(str(fold) for fold in range(1, 11)) and dataset.exclusive
    assert all(clip.path.parent.name == f"fold{clip.fold}" for clip in dataset.clips)


def test_sonyc_takes_verified_labels_first(tmp_path: Path) -> None:
    table = make_sonyc(tmp_path)
    zeros = ",".join("0" * 8)
    dog = ",".join("0000000") + ",1"
    rows = [
        f"train,1,crowd.wav,3,{dog}",  # one of two annotators heard a dog
        f"train,1,crowd.wav,4,{zeros}",
        f"train,1,team.wav,5,{dog}",  # what the team verified counts alone
        f"train,1,team.wav,0,{zeros}",
        f"train,1,team.wav,6,{dog}",
        f"test,1,unverified.wav,3,{dog}",  # judges nobody
    ]
    table.write_text(table.read_text() + "\n".join(rows) + "\n")
    for name in ("crowd", "team", "unverified"):
        write_tone(tmp_path / "audio" / f"{name}.wav", 500)
    dataset = read_dataset(tmp_path, "sonyc-ust")
    found = {clip.path.stem: clip.labels for clip in dataset.clips}
    assert found["crowd"] == (7,) and found["team"] == () and "unverified" not in found
    assert dataset.labels == tuple(name[2:] for name in COARSE)
    assert dataset.split and dataset.judged == ("test",) and not dataset.exclusive


def test_sonyc_finds_clips_in_the_archives_own_folders(tmp_path: Path) -> None:
    make_sonyc(tmp_path)
    (tmp_path / "audio-3").mkdir()
    shutil.move(tmp_path / "audio" / "test_0.wav", tmp_path / "audio-3" / "test_0.wav")
    paths = {clip.path for clip in read_dataset(tmp_path, "sonyc-ust").clips}
    assert tmp_path / "audio-3" / "test_0.wav" in paths


def test_folder_keeps_pieces_of_a_recording_in_one_fold(tmp_path: Path) -> None:
    make_folder(tmp_path, recordings=4)
    dataset = read_dataset(tmp_path, "folder")
    assert dataset.labels == ("high", "low") and len(dataset.folds) == 4
    folds: dict[tuple[str, str], set[str]] = {}
    for clip in dataset.clips:
        key = (clip.path.parent.name, clip.path.stem.rpartition("_")[0])
        folds.setdefault(key, set()).add(clip.fold)
    assert len(folds) == 8 and all(len(found) == 1 for found in folds.values())


def test_folder_keeps_equal_files_in_one_fold(tmp_path: Path) -> None:
    make_folder(tmp_path)
    shutil.copy(tmp_path / "low" / "take a_00.wav", tmp_path / "low" / "another name.wav")
    folds = {
        clip.path.name: clip.fold
        for clip in read_dataset(tmp_path, "folder").clips
        if "low" in str(clip.path)
    }
    assert folds["another name.wav"] == folds["take a_00.wav"]


def test_missing_file_is_refused_with_its_row(tmp_path: Path) -> None:
    table = make_esc50(tmp_path)
    (tmp_path / "audio" / "2-low-1.wav").unlink()
    message = refusal(tmp_path, "esc50")
    assert f"{table}, line 7" in message and "2-low-1.wav is missing" in message


@pytest.mark.parametrize("fold", ["6", "0", "-1", "two", "1.0", "١"])
def test_unknown_fold_is_refused_with_its_row(tmp_path: Path, fold: str) -> None:
    table = make_esc50(tmp_path)
    edit(table, 3, ",1,0", f",{fold},0")
    assert f"{table}, line 3: fold '{fold}'" in refusal(tmp_path, "esc50")


def test_empty_fold_is_refused_with_its_row(tmp_path: Path) -> None:
    table = make_us8k(tmp_path)
    edit(table, 2, ",1,0,low", ",,0,low")
    assert f"{table}, line 2: fold is empty" in refusal(tmp_path, "us8k")


def test_other_columns_are_refused(tmp_path: Path) -> None:
    table = make_esc50(tmp_path)
    edit(table, 1, "category", "label")
    assert f"{table}, line 1: there is no column category" in refusal(tmp_path, "esc50")


def test_table_of_another_data_set_is_refused(tmp_path: Path) -> None:
    make_esc50(tmp_path)
    assert "there is no metadata/UrbanSound8K.csv" in refusal(tmp_path, "us8k")


def test_clip_in_two_rows_is_refused(tmp_path: Path) -> None:
    table = make_esc50(tmp_path)
    table.write_text(table.read_text() + "1-low-0.wav,2,0,low,True,1,A\n")
    assert f"{table}, line 14: 1-low-0.wav again, as in line 2" in refusal(tmp_path, "esc50")


def test_label_in_one_fold_only_is_refused(tmp_path: Path) -> None:
    table = make_esc50(tmp_path)
    edit(table, 2, "low,True", "rare,True")
    assert "the label rare is in no fold but 1" in refusal(tmp_path, "esc50")


def test_one_label_only_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path)
    shutil.rmtree(tmp_path / "high")
    assert "only the label low" in refusal(tmp_path, "folder")


def test_label_with_one_recording_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path)
    write_tone(tmp_path / "rare" / "only.wav", 900)
    assert f"{tmp_path / 'rare'}: 1 recording" in refusal(tmp_path, "folder")


def test_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path)
    (tmp_path / "silent").mkdir()
    assert f"{tmp_path / 'silent'}: no recording" in refusal(tmp_path, "folder")


@pytest.mark.parametrize(
    ("line", "old", "new", "problem"),
    [
        (3, "train", "training", "split 'training'"),
        (3, ",0,1,", ",0,2,", "2_machinery-impact_presence is '2'"),
    ],
)
def test_values_that_sonyc_does_not_know_are_refused(
    tmp_path: Path, line: int, old: str, new: str, problem: str
) -> None:
    table = make_sonyc(tmp_path)
    lines = table.read_text().split("\n")
    lines[line - 1] = (
        lines[line - 1].replace(old, new, 1) if old == "train" else lines[line - 1].replace(old, new)
    )
    table.write_text("\n".join(lines))
    assert f"{table}, line {line}" in refusal(tmp_path, "sonyc-ust")
    assert problem in refusal(tmp_path, "sonyc-ust")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'filename,fold,category\n"open', b"filename\n"])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    make_esc50(tmp_path).write_bytes(content)
    assert "esc50.csv" in refusal(tmp_path, "esc50")
