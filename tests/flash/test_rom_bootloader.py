"""The whole way through the ROM bootloader, and every way in which it can end early."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError, LinkError, UsageError
from edgel3_deploy.flash import flash, rom_bootloader
from edgel3_deploy.flash.an3155 import EXTENDED_ERASE, WRITE_MEMORY
from edgel3_deploy.progress import silent
from tests.flash.fake_bootloader import FakeBootloader
from tests.flash.images import image_for
from tests.link.fake_board import FakeBoard
from tests.link.pty_device import PtyDevice

# Five sectors of the F7 (4 x 32K, then 128K), and an odd end.
SIZE = 4 * 32 * 1024 + 5_003


def test_an_image_is_erased_written_verified_and_started(stm32f7: Board) -> None:
    image = image_for(stm32f7, SIZE)
    steps: list[tuple[str, int, int]] = []

    def progress(stage: str, done: int = 0, total: int = 0) -> None:
        steps.append((stage, done, total))

    with FakeBootloader(stm32f7) as chip:
        result = flash(image, stm32f7, chip.path, progress=progress)
    assert chip.flash[:SIZE] == image
    assert chip.flash[SIZE : SIZE + 4] == b"\xff" * 4
    assert chip.erased == [0, 1, 2, 3, 4]
    assert set(chip.flash[256 * 1024 :]) == {0}, "sectors that the image does not reach stay as they were"
    assert chip.started_at == stm32f7.flash.origin
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
        flash(image, stm32h7, chip.path)
    assert chip.flash[:1_001] == image
    assert chip.flash[1_001:1_024] == b"\xff" * 23
    assert chip.erased == [0]


def test_a_bootloader_that_is_synchronized_already_is_accepted(stm32f7: Board) -> None:
    with FakeBootloader(stm32f7, synchronized=True) as chip:
        assert flash(image_for(stm32f7, 600), stm32f7, chip.path).verified


def test_a_bootloader_left_in_the_middle_of_a_block_is_recovered(stm32f7: Board) -> None:
    with FakeBootloader(stm32f7, synchronized=True) as chip:
        chip.received(
            bytes([WRITE_MEMORY, 0xFF ^ WRITE_MEMORY]) + b"\x08\x00\x00\x00\x08" + b"\xff" + bytes(100)
        )
        assert flash(image_for(stm32f7, 600), stm32f7, chip.path).verified


def test_the_running_firmware_is_asked_to_start_the_bootloader(stm32f7: Board) -> None:
    firmware = FakeBoard()
    with FakeBootloader(stm32f7, asleep=firmware) as chip:
        assert flash(image_for(stm32f7, 600), stm32f7, chip.path).verified
    assert firmware.requests == ["hello", "enter_bootloader"]


def test_the_wrong_chip_is_refused_before_anything_is_erased(stm32f7: Board) -> None:
    with (
        FakeBootloader(stm32f7, device_id=0x450) as chip,
        pytest.raises(
            FlashError, match=r"STM32H74x/H75x \(id 0x450\), stm32f7 has .*0x451.*nothing was"
        ) as caught,
    ):
        flash(image_for(stm32f7, 600), stm32f7, chip.path)
    assert EXTENDED_ERASE not in chip.log
    assert "--board" in caught.value.hint


def test_a_bootloader_without_extended_erase_is_refused(stm32f7: Board) -> None:
    with (
        FakeBootloader(stm32f7, commands=(0x00, 0x02, 0x11, 0x31, 0x43)) as chip,
        pytest.raises(FlashError, match="cannot erase by sector"),
    ):
        flash(image_for(stm32f7, 600), stm32f7, chip.path)


def test_a_protected_chip_says_how_to_lift_it(stm32f7: Board) -> None:
    with (
        FakeBootloader(stm32f7, protected=True) as chip,
        pytest.raises(FlashError, match="refuses Extended Erase") as caught,
    ):
        flash(image_for(stm32f7, 600), stm32f7, chip.path)
    assert "protected" in caught.value.hint


def test_a_block_refused_once_is_sent_again(stm32f7: Board) -> None:
    image = image_for(stm32f7, 1_000)
    with FakeBootloader(stm32f7, nack_writes=frozenset({1})) as chip:
        flash(image, stm32f7, chip.path)
    assert chip.flash[:1_000] == image


def test_a_block_refused_again_and_again_ends_it(stm32f7: Board) -> None:
    with (
        FakeBootloader(stm32f7, nack_writes=frozenset(range(1, 10))) as chip,
        pytest.raises(FlashError, match="refuses: writing at 0x08000100"),
    ):
        flash(image_for(stm32f7, 1_000), stm32f7, chip.path)


def test_a_lost_byte_is_recovered(stm32f7: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgel3_deploy.flash.an3155._REPLY_SECONDS", 0.3)
    image = image_for(stm32f7, 1_000)
    with FakeBootloader(stm32f7, swallow=2) as chip:
        flash(image, stm32f7, chip.path)
    assert chip.flash[:1_000] == image


def test_a_read_back_mismatch_names_address_expected_and_found(stm32f7: Board) -> None:
    image = image_for(stm32f7, 1_000)
    found = image[0x123] ^ 0xFF
    with (
        FakeBootloader(stm32f7, stuck={0x08000123: found}) as chip,
        pytest.raises(FlashError, match="read-back mismatch at 0x08000123") as caught,
    ):
        flash(image, stm32f7, chip.path)
    assert (
        f"expected 0x{image[0x123]:02x}, found 0x{found:02x} (1 of 1000 bytes differ)" in caught.value.message
    )
    assert chip.started_at is None


@pytest.mark.parametrize(("commands", "stage"), [(2, "erasing"), (3, "writing"), (7, "verifying")])
def test_unplugged_in_the_middle_says_that_the_image_is_incomplete(
    stm32f7: Board, commands: int, stage: str
) -> None:
    with (
        FakeBootloader(stm32f7, unplug_after=commands) as chip,
        pytest.raises(FlashError, match=f"unplugged .*while {stage}: the image on it is incomplete"),
    ):
        flash(image_for(stm32f7, 1_000), stm32f7, chip.path)


class Silence(PtyDevice):
    """Swallows everything."""

    def received(self, data: bytes) -> None:
        pass


def test_a_silent_board_asks_for_the_boot0_jumper(stm32f7: Board) -> None:
    with Silence() as device, pytest.raises(FlashError, match="no ROM bootloader answers") as caught:
        flash(image_for(stm32f7, 600), stm32f7, device.path)
    assert "BOOT0 high" in caught.value.hint


def test_a_board_whose_com_port_is_no_bootloader_port_names_the_other_ways(nucleo: Board) -> None:
    with Silence() as device, pytest.raises(FlashError, match="no ROM bootloader answers") as caught:
        flash(image_for(nucleo, 600), nucleo, device.path)
    assert "--via openocd" in caught.value.hint and "PA9/PA10" in caught.value.hint


def test_a_firmware_that_leaves_and_never_arrives(stm32f7: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rom_bootloader, "_JUMP_SECONDS", 0.1)
    with (
        FakeBootloader(stm32f7, asleep=FakeBoard(), wakes=False) as chip,
        pytest.raises(FlashError, match="left for the ROM bootloader, which does not answer"),
    ):
        flash(image_for(stm32f7, 600), stm32f7, chip.path)


def test_an_absent_port_is_a_link_error(stm32f7: Board) -> None:
    with pytest.raises(LinkError, match="there is no port"):
        flash(image_for(stm32f7, 600), stm32f7, "/dev/ttyACM77")


def test_a_port_is_needed(stm32f7: Board) -> None:
    with pytest.raises(UsageError, match="over a serial port"):
        flash(image_for(stm32f7, 600), stm32f7, None, progress=silent)
