"""The whole way through the ROM bootloader, and every way in which it can end early."""

from __future__ import annotations

import dataclasses
import time

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError, LinkError, UsageError
from edgel3_deploy.flash import flash, rom_bootloader
from edgel3_deploy.flash.an3155 import EXTENDED_ERASE, WRITE_MEMORY
from edgel3_deploy.flash.base import Image, Part
from edgel3_deploy.progress import silent
from tests.flash.fake_bootloader import FakeBootloader
from tests.flash.images import image_for
from tests.link.fake_board import FakeBoard
from tests.link.pty_device import Chatters, PtyDevice


@pytest.fixture(scope="module")
def board(stm32f7: Board) -> Board:
    """A board whose ROM bootloader listens on the link's own port."""
    assert stm32f7.bootloader is not None
    facts = dataclasses.replace(stm32f7.bootloader, over_vcp=True, deaf="", boot0="jumper JP3")
    return dataclasses.replace(stm32f7, name="rom-board", bootloader=facts)


# Five sectors of the F7 (4 x 32K, then 128K), and an odd end.
SIZE = 4 * 32 * 1024 + 5_003


def test_an_image_is_erased_written_verified_and_started(board: Board) -> None:
    image = image_for(board, SIZE)
    steps: list[tuple[str, int, int]] = []

    def progress(stage: str, done: int = 0, total: int = 0) -> None:
        steps.append((stage, done, total))

    with FakeBootloader(board) as chip:
        result = flash(image, board, chip.path, via="rom", progress=progress)
    assert chip.flash[:SIZE] == image
    assert chip.flash[SIZE : SIZE + 4] == b"\xff" * 4
    assert chip.erased == [0, 1, 2, 3, 4]
    assert set(chip.flash[256 * 1024 :]) == {0}, "sectors that the image does not reach stay as they were"
    assert chip.started_at == board.flash.origin
    assert (result.bytes_written, result.sectors, result.verified) == (SIZE, (0, 1, 2, 3, 4), True)
    stages = list(dict.fromkeys(stage for stage, _, _ in steps))
    assert stages == [
        "reaching the ROM bootloader",
        "erasing",
        "writing",
        "verifying",
        "starting the firmware",
    ]
    assert ("writing", SIZE, SIZE) in steps and ("verifying", SIZE, SIZE) in steps


def test_writes_are_padded_to_the_flash_word_of_the_h7(stm32h7: Board) -> None:
    image = image_for(stm32h7, 1_001)
    with FakeBootloader(stm32h7) as chip:
        flash(image, stm32h7, chip.path, via="rom")
    assert chip.flash[:1_001] == image
    assert chip.flash[1_001:1_024] == b"\xff" * 23
    assert chip.block_sizes == [256, 256, 256, 256]
    assert chip.erased == [0]


def test_writes_are_padded_no_further_than_a_word_of_the_f7(board: Board) -> None:
    with FakeBootloader(board) as chip:
        flash(image_for(board, 601), board, chip.path, via="rom")
    assert chip.block_sizes == [256, 256, 92]


def test_a_bootloader_that_is_synchronized_already_is_accepted(board: Board) -> None:
    with FakeBootloader(board, synchronized=True) as chip:
        assert flash(image_for(board, 600), board, chip.path, via="rom").verified


def test_a_bootloader_left_in_the_middle_of_a_block_is_recovered(board: Board) -> None:
    with FakeBootloader(board, synchronized=True) as chip:
        chip.received(
            bytes([WRITE_MEMORY, 0xFF ^ WRITE_MEMORY]) + b"\x08\x00\x00\x00\x08" + b"\xff" + bytes(100)
        )
        assert flash(image_for(board, 600), board, chip.path, via="rom").verified


def test_the_running_firmware_is_asked_to_start_the_bootloader(board: Board) -> None:
    firmware = FakeBoard()
    with FakeBootloader(board, asleep=firmware) as chip:
        assert flash(image_for(board, 600), board, chip.path, via="rom").verified
    assert firmware.requests == ["hello", "enter_bootloader"]


def test_the_wrong_chip_is_refused_before_anything_is_erased(board: Board) -> None:
    with (
        FakeBootloader(board, device_id=0x450) as chip,
        pytest.raises(
            FlashError, match=r"STM32H74x/H75x \(id 0x450\), rom-board has .*0x451.*nothing was"
        ) as caught,
    ):
        flash(image_for(board, 600), board, chip.path, via="rom")
    assert EXTENDED_ERASE not in chip.log
    assert "--board" in caught.value.hint


def test_a_bootloader_without_extended_erase_is_refused(board: Board) -> None:
    with (
        FakeBootloader(board, commands=(0x00, 0x02, 0x11, 0x31, 0x43)) as chip,
        pytest.raises(FlashError, match="cannot erase by sector"),
    ):
        flash(image_for(board, 600), board, chip.path, via="rom")


def test_a_protected_chip_says_how_to_lift_it(board: Board) -> None:
    with (
        FakeBootloader(board, protected=True) as chip,
        pytest.raises(FlashError, match="refuses Read Memory") as caught,
    ):
        flash(image_for(board, 600), board, chip.path, via="rom")
    assert "protected" in caught.value.hint


def test_a_block_refused_once_is_sent_again(board: Board) -> None:
    image = image_for(board, 1_000)
    with FakeBootloader(board, nack_writes=frozenset({1})) as chip:
        flash(image, board, chip.path, via="rom")
    assert chip.flash[:1_000] == image


def test_a_block_refused_again_and_again_ends_it(board: Board) -> None:
    with (
        FakeBootloader(board, nack_writes=frozenset(range(1, 10))) as chip,
        pytest.raises(FlashError, match="refuses: writing at 0x08000100"),
    ):
        flash(image_for(board, 1_000), board, chip.path, via="rom")


def test_a_lost_byte_is_recovered(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgel3_deploy.flash.an3155._REPLY_SECONDS", 1.0)
    image = image_for(board, 1_000)
    with FakeBootloader(board, swallow=2) as chip:
        flash(image, board, chip.path, via="rom")
    assert chip.flash[:1_000] == image


def test_a_read_back_mismatch_names_address_expected_and_found(board: Board) -> None:
    image = image_for(board, 1_000)
    found = image[0x123] ^ 0xFF
    with (
        FakeBootloader(board, stuck={0x08000123: found}) as chip,
        pytest.raises(FlashError, match="read-back mismatch at 0x08000123") as caught,
    ):
        flash(image, board, chip.path, via="rom")
    assert (
        f"expected 0x{image[0x123]:02x}, found 0x{found:02x} (1 of 1000 bytes differ)" in caught.value.message
    )
    assert chip.started_at is None


@pytest.mark.parametrize(("commands", "stage"), [(3, "erasing"), (4, "writing"), (8, "verifying")])
def test_unplugged_in_the_middle_says_that_the_image_is_incomplete(
    board: Board, commands: int, stage: str
) -> None:
    with (
        FakeBootloader(board, unplug_after=commands) as chip,
        pytest.raises(FlashError, match=f"unplugged .*while {stage}: the image on it is incomplete"),
    ):
        flash(image_for(board, 1_000), board, chip.path, via="rom")


class Silence(PtyDevice):
    """Swallows everything."""

    def received(self, data: bytes) -> None:
        pass


def test_a_silent_board_asks_for_the_boot0_jumper(board: Board) -> None:
    with Silence() as device, pytest.raises(FlashError, match="no ROM bootloader answers") as caught:
        flash(image_for(board, 600), board, device.path, via="rom")
    assert "BOOT0 high (jumper JP3)" in caught.value.hint


def test_a_board_whose_com_port_is_no_bootloader_port_names_the_other_ways(nucleo: Board) -> None:
    with Silence() as device, pytest.raises(FlashError, match="no ROM bootloader answers") as caught:
        flash(image_for(nucleo, 600), nucleo, device.path, via="rom")
    assert "--via openocd" in caught.value.hint and "RX to PA9, TX to PA10" in caught.value.hint


def test_a_firmware_that_leaves_and_never_arrives(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rom_bootloader, "_JUMP_SECONDS", 0.1)
    with (
        FakeBootloader(board, asleep=FakeBoard(), wakes=False) as chip,
        pytest.raises(FlashError, match="left for the ROM bootloader, which does not answer") as caught,
    ):
        flash(image_for(board, 600), board, chip.path, via="rom")

    assert caught.value.hint.startswith("Press reset first")


def test_an_absent_port_is_a_link_error(board: Board) -> None:
    with pytest.raises(LinkError, match="there is no port"):
        flash(image_for(board, 600), board, "/dev/ttyACM77", via="rom")


def test_a_port_is_needed(board: Board) -> None:
    with pytest.raises(UsageError, match="over a serial port"):
        flash(image_for(board, 600), board, None, via="rom", progress=silent)


def test_a_board_whose_rom_is_deaf_is_refused_with_the_reason(stm32f7: Board) -> None:
    with pytest.raises(FlashError, match="does not answer: PA5, the ROM's SPI1 clock") as caught:
        flash(image_for(stm32f7, 600), stm32f7, "/dev/ttyACM77", via="rom")
    assert "--via openocd" in caught.value.hint


def test_a_firmware_is_not_asked_where_the_rom_is_not_on_the_links_port(nucleo: Board) -> None:
    with FakeBoard() as firmware, pytest.raises(FlashError, match="no ROM bootloader answers") as caught:
        flash(image_for(nucleo, 600), nucleo, firmware.path, via="rom")
    assert firmware.requests == []
    assert "CN11 pin 7 (BOOT0) to pin 5 (VDD)" in caught.value.hint


def test_nothing_is_sent_while_the_rom_starts(board: Board) -> None:
    with FakeBootloader(board, asleep=FakeBoard()) as chip:
        flash(image_for(board, 600), board, chip.path, via="rom")
    assert chip.early == b""


def test_a_chip_in_dual_bank_mode_is_refused_before_anything_is_erased(board: Board) -> None:
    with (
        FakeBootloader(board, dual_bank=True) as chip,
        pytest.raises(FlashError, match=r"dual bank mode \(nDBANK is 0\).*nothing was erased") as caught,
    ):
        flash(image_for(board, 600), board, chip.path, via="rom")
    assert chip.erased == []
    assert "Set nDBANK to 1" in caught.value.hint


def test_version_9_0_of_the_h7_rom_starts_the_image_without_saying_so(stm32h7: Board) -> None:
    with FakeBootloader(stm32h7, rom_id=0x90) as chip:
        result = flash(image_for(stm32h7, 600), stm32h7, chip.path, via="rom")
        assert chip.await_start(60) == stm32h7.flash.origin
    assert result.verified
    assert "reset the board" in result.notes[0]


def test_version_9_1_of_the_h7_rom_gets_time_to_erase_bank_2(
    stm32h7: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rom_bootloader, "_SLOWEST_ERASE_SECONDS", 0.3)
    image = image_for(stm32h7, 600) + bytes(1024 * 1024)
    sparse = Image((Part(stm32h7.flash.origin, image[:600]), Part(0x08100000, image[:64])))
    with FakeBootloader(stm32h7, rom_id=0x91, erase_seconds=0.25) as chip:
        result = rom_bootloader.flash(sparse, stm32h7, chip.path, silent)
    assert result.sectors == (0, 8)
    assert chip.flash[0x100000 : 0x100000 + 64] == image[:64]


def test_one_misread_byte_is_not_called_worn_flash(board: Board) -> None:
    with FakeBootloader(board, misread=frozenset({0x08000123})) as chip:
        assert flash(image_for(board, 1_000), board, chip.path, via="rom").verified


@pytest.mark.parametrize("command", range(3, 12))
def test_a_stray_byte_before_a_reply_is_survived(board: Board, command: int) -> None:
    image = image_for(board, 1_000)
    with FakeBootloader(board, stray=command) as chip:
        assert flash(image, board, chip.path, via="rom").verified
    assert chip.flash[:1_000] == image


def test_a_lost_acknowledgement_does_not_program_a_block_twice(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgel3_deploy.flash.an3155._REPLY_SECONDS", 1.0)
    with FakeBootloader(board, lost_acks=frozenset({1})) as chip:
        assert flash(image_for(board, 1_000), board, chip.path, via="rom").verified
    assert chip.log.count(WRITE_MEMORY) == 4


def test_a_sector_with_a_garbled_block_is_erased_and_sent_again(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgel3_deploy.flash.an3155._REPLY_SECONDS", 1.0)
    image = image_for(board, 40_000)
    with FakeBootloader(board, garbled=frozenset({130})) as chip:
        assert flash(image, board, chip.path, via="rom").verified
    assert chip.erased == [0, 1, 1]
    assert chip.flash[:40_000] == image


def test_a_sector_that_arrives_damaged_each_time_is_given_up(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgel3_deploy.flash.an3155._REPLY_SECONDS", 1.0)
    with FakeBootloader(board, garbled=frozenset({0, 1, 2})) as chip:
        with pytest.raises(FlashError, match="arrived damaged"):
            flash(image_for(board, 600), board, chip.path, via="rom")
        assert chip.started_at is None
    assert chip.erased == [0, 0, 0]


def test_a_device_that_never_stops_sending_is_quoted(board: Board) -> None:
    started = time.monotonic()
    with (
        Chatters(b"$GPGGA,120000.00,0000.0000,N*5E\r\n", 0.1) as device,
        pytest.raises(LinkError, match=r"is not EdgeL3 firmware: it sends '.*GPGGA"),
    ):
        flash(image_for(board, 600), board, device.path, via="rom")
    assert time.monotonic() - started < 60
