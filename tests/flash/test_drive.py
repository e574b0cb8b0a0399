"""Copying onto a folder that behaves as an ST-LINK's drive does."""

from __future__ import annotations

import dataclasses
import shutil
import threading
import time
from pathlib import Path

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash import drive, flash
from edgel3_deploy.flash.drive import linux_drive
from tests.flash.images import image_for

LABEL = "DIS_F769NI"


class FakeDrive:
    """Takes firmware.bin, goes away, and comes back unless it `stays_away`, with FAIL.TXT for a `failure`."""

    def __init__(self, folder: Path, *, failure: str = "", stays_away: bool = False) -> None:
        self.folder = folder
        self.programmed = b""
        self._failure, self._stays_away = failure, stays_away
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        folder.mkdir()
        (folder / "MBED.HTM").touch()

    def __enter__(self) -> FakeDrive:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        file = self.folder / "firmware.bin"
        while not self._stop.wait(0.02):
            if not file.exists() or not file.stat().st_size:
                continue
            time.sleep(0.1)
            self.programmed = file.read_bytes()
            # As mounts do, the folder goes and comes as a whole.
            shutil.rmtree(self.folder.rename(self.folder.with_name("gone")))
            if self._stays_away:
                return
            time.sleep(0.2)
            back = self.folder.with_name("back")
            back.mkdir()
            if self._failure:
                (back / "FAIL.TXT").write_text(self._failure)
            back.rename(self.folder)
            return


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the drive's folder will be; found as a mount is found, by the folder's name."""
    folder = tmp_path / LABEL
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n/dev/sdz {folder} vfat rw 0 0\n")
    monkeypatch.setattr(drive, "find_drive", lambda label: linux_drive(label, mounts, tmp_path / "labels"))
    monkeypatch.setattr(drive, "_RETURN_SECONDS", 60.0)
    return folder


def test_the_image_is_copied_and_the_drive_comes_back(stm32f7: Board, mounted: Path) -> None:
    image = image_for(stm32f7, 50_001)
    with FakeDrive(mounted) as fake:
        result = flash(image, stm32f7, None, via="drive")
    assert fake.programmed == image
    assert (result.tool, result.sectors, result.notes) == ("ST-LINK drive", (0, 1), ())
    assert not result.verified, "nobody has read the flash"


def test_what_the_st_link_complains_of_is_quoted(stm32f7: Board, mounted: Path) -> None:
    failure = "The interface firmware FAILED to reset/halt\r\nthe target MCU\x1b[2J"
    with (
        FakeDrive(mounted, failure=failure),
        pytest.raises(FlashError, match=r"did not program the board: .*reset/halt the target MCU") as caught,
    ):
        flash(image_for(stm32f7, 600), stm32f7, None, via="drive")
    assert "\x1b" not in caught.value.message


def test_a_drive_that_does_not_come_back_leaves_a_note(
    stm32f7: Board, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive, "_RETURN_SECONDS", 0.3)
    with FakeDrive(mounted, stays_away=True):
        (note,) = flash(image_for(stm32f7, 600), stm32f7, None, via="drive").notes
    assert "did not come back" in note


def test_a_folder_that_no_st_link_is_behind_leaves_a_note(
    stm32f7: Board, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive, "_PROGRAM_SECONDS", 0.3)
    mounted.mkdir()
    (note,) = flash(image_for(stm32f7, 600), stm32f7, None, via="drive").notes
    assert "said nothing" in note


def test_an_earlier_complaint_is_not_taken_for_this_one(
    stm32f7: Board, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive, "_PROGRAM_SECONDS", 0.3)
    mounted.mkdir()
    (mounted / "FAIL.TXT").write_text("an earlier failure")
    (note,) = flash(image_for(stm32f7, 600), stm32f7, None, via="drive").notes
    assert "said nothing" in note


def test_an_absent_drive_says_how_to_mount_it(stm32f7: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive, "find_drive", lambda _label: None)
    with pytest.raises(FlashError, match="no drive named DIS_F769NI is mounted") as caught:
        flash(image_for(stm32f7, 600), stm32f7, None, via="drive")
    assert "udisksctl mount" in caught.value.hint


def test_a_board_without_a_drive_says_which_key_is_missing(stm32f7: Board) -> None:
    board = dataclasses.replace(stm32f7, debug=None)
    with pytest.raises(FlashError, match="names no ST-LINK drive") as caught:
        flash(image_for(board, 600), board, None, via="drive")
    assert "debug.drive" in caught.value.hint


def test_the_volume_label_decides_before_the_folders_name(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    device = tmp_path / "sdb"
    device.touch()
    (labels / LABEL).symlink_to(device)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sdc /media/{LABEL} vfat rw 0 0\n{device} /media/my\\040board vfat rw 0 0\n")
    assert linux_drive(LABEL, mounts, labels) == Path("/media/my board")
    assert linux_drive("OTHER", mounts, labels) is None
    assert linux_drive(LABEL, tmp_path / "absent", labels) is None


def test_every_silicon_board_names_its_drive() -> None:
    for name in ("stm32f7", "nucleo-f767zi", "stm32h7"):
        debug = load_board(name).debug
        assert debug is not None and debug.drive
