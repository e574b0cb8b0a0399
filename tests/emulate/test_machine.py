"""The chips as a program sees them: a monitor runs on both, and what it does wrong ends as on the chip."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.emulate import Quirks
from edgel3_deploy.emulate.stm32.gpio import Pin
from edgel3_deploy.emulate.stm32.power_cut import PowerCut
from edgel3_deploy.errors import UsageError
from tests.emulate.conftest import PATIENCE_SECONDS, ROM_START_SECONDS, Build

CHIPS = [("f7", "stm32f7", "00000451"), ("h7", "stm32h7", "00000450")]
MSP_BASIC, MSP_FP = "fffffff9", "ffffffe9"
FORCED = "40000000"
FAULTS = {
    # A read is precise and names its address; with the FPU in use the frame is the long one.
    "f": (MSP_BASIC, "00008200", "60000000"),
    "F": (MSP_FP, "00008200", "60000000"),
    # A store is buffered, its fault imprecise.
    "w": (MSP_BASIC, "00000400", "00000000"),
    # Peripherals are never executable.
    "x": (MSP_BASIC, "00000001", "00000000"),
    "u": (MSP_BASIC, "00010000", "00000000"),
    # A stack overflow has no room for its frame.
    "o": (MSP_BASIC, "00001400", "00000000"),
}
"""Command of the monitor -> EXC_RETURN, CFSR and BFAR that its HardFault handler finds."""


@pytest.mark.parametrize(("chip", "board", "device"), CHIPS)
def test_starts_from_flash_at_full_clock_and_identifies(
    bench: Callable[..., Any], monitor: Build, chip: str, board: str, device: str
) -> None:
    with bench(board, image=monitor(chip)) as virtual:
        assert virtual.ask("?") == [chip, "411fc270", device]
        assert virtual.messages == ""


@pytest.mark.parametrize(("chip", "board"), [chip[:2] for chip in CHIPS])
def test_wrong_accesses_end_in_the_hard_fault_handler(
    bench: Callable[..., Any], monitor: Build, chip: str, board: str
) -> None:
    with bench(board, image=monitor(chip)) as virtual:
        for command, (exc_return, cfsr, bfar) in FAULTS.items():
            word, *registers = virtual.ask(command)
            assert word == "fault"
            assert registers[:4] == [exc_return, cfsr, FORCED, bfar]
        # The handler resets the chip, which then works again.
        assert virtual.ask("?")[0] == chip
        assert virtual.messages.count("virtual board: fault:") == len(FAULTS)


def test_what_the_mpu_closes_is_closed(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        answer = virtual.ask("m")
        assert answer[1] == "fault"
        assert answer[3] == "00000082"  # DACCVIOL and MMARVALID
        assert "read from 0x20008000, which the MPU denies" in virtual.messages
        assert virtual.ask("?")[0] == "f7"


def test_a_guard_of_32_bytes_is_closed_and_its_neighbours_are_not(
    bench: Callable[..., Any], monitor: Build
) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        copied, *fault = virtual.ask("G")
        assert copied == "00000007"
        assert fault[:3] == ["fault", MSP_BASIC, "00000082"]  # DACCVIOL and MMARVALID
        assert "write to 0x2000841c, which the MPU denies" in virtual.messages


def test_the_mpu_holds_at_negative_priority_only_where_told(
    bench: Callable[..., Any], monitor: Build
) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask("D") == ["00000005"]
        virtual.ask("r")
        with virtual.terminal() as terminal:
            terminal.write(b"E")
            virtual.await_message("the CPU is locked up: read from 0x20008000, which the MPU denies")


def test_what_the_mpu_closes_to_execution_is_not_executed(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask("X", lines=2)[:4] == ["ran", "fault", MSP_BASIC, "00000001"]  # IACCVIOL
        assert "execution at 0x20008420, which the MPU denies" in virtual.messages


def test_division_by_zero_traps_where_asked_for(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask("z") == ["00000000", "00000000"]
        assert virtual.ask("Z")[:3] == ["fault", MSP_BASIC, "02000000"]
        assert virtual.ask("z") == ["00000000", "00000000"], "a reset switches the trap off"
        assert "fault: a division by zero" in virtual.messages


@pytest.mark.parametrize(
    ("command", "exc_return"), [("A", MSP_BASIC), ("l", MSP_BASIC), ("v", MSP_FP), ("U", MSP_BASIC)]
)
def test_unaligned_accesses_that_fault(
    bench: Callable[..., Any], monitor: Build, command: str, exc_return: str
) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask(command)[:3] == ["fault", exc_return, "01000000"]


def test_an_unaligned_load_of_one_word_does_not_fault(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask("a") == ["55443322"]
        assert virtual.messages == ""


def test_ram_without_its_clock_does_not_answer(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32h7", image=monitor("h7", "SRAM_STAYS_OFF")) as virtual:
        virtual.await_message("fault: write to 0x30000000")


def test_precise_faults_stack_the_address_of_the_instruction(
    bench: Callable[..., Any], monitor: Build
) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        pc = virtual.ask("x")[5]
        assert pc == "40000000"


def test_exceptions_return_to_where_they_were_taken(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask("s") == ["0000002a", "00000001"]
        assert virtual.ask("S") == ["0000002a", "00000001"]  # with FPU registers in the frame
        assert virtual.messages == ""


def test_ram_survives_a_software_reset(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        first = int(virtual.ask("r")[1], 16)
        assert int(virtual.ask("r")[1], 16) == first + 1


def test_the_f7_programs_its_flash_from_ram(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        refused, programmed, locked = virtual.ask("p")
        assert refused == "00000080"  # ERSERR: a store without PG
        assert programmed == "0fff00ff"  # two programmings only ever clear bits
        assert locked == "80000000"  # a locked FLASH_CR ignores writes


def test_the_h7_programs_whole_flash_words(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32h7", image=monitor("h7")) as virtual:
        refused, *partial, programmed = virtual.ask("p")
        assert refused == "00040000"  # PGSERR: a store without PG
        assert partial == ["ffffffff"] * 8
        assert programmed == "ffff00f0"


def test_a_flash_word_programmed_twice_faults_on_reading(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32h7", image=monitor("h7")) as virtual:
        virtual.ask("p")
        neighbour, *fault = virtual.ask("t")
        assert neighbour == "ffff00f0"
        assert fault[:5] == ["fault", MSP_BASIC, "00008200", FORCED, "08100020"]
        assert "flash word 0x08100020 was programmed twice" in virtual.messages
        # The next erase makes it sound again.
        virtual.ask("p")
        assert virtual.ask("t")[1] == "fault"


def test_the_program_can_read_past_a_broken_flash_word(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32h7", image=monitor("h7")) as virtual:
        virtual.ask("p")
        assert virtual.ask("T")[1:] == ["00008200", "08100020", "ffffffff", "00000000", "00008200"]
        assert "fault:" not in virtual.messages
        assert virtual.ask("?")[0] == "h7"


@pytest.mark.parametrize(
    ("chip", "board", "software", "watchdog"),
    [("f7", "stm32f7", "14000000", "24000000"), ("h7", "stm32h7", "01420000", "04420000")],
)
def test_a_program_that_hangs_is_reset_by_the_watchdog(
    bench: Callable[..., Any], monitor: Build, chip: str, board: str, software: str, watchdog: str
) -> None:
    with bench(board, image=monitor(chip)) as virtual:
        virtual.ask("r")
        assert virtual.ask("c") == [software]
        with virtual.terminal() as terminal:
            terminal.write(b"g")
            virtual.await_message("the watchdog was not fed in time")
        assert virtual.ask("c") == [watchdog]
        resets = int(virtual.ask("r")[1], 16)
        assert resets == 2, "RAM kept its contents"


@pytest.mark.parametrize("command", [b"q", b"H"])
def test_the_watchdog_bites_while_the_program_waits_or_is_locked_up(
    bench: Callable[..., Any], monitor: Build, command: bytes
) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        virtual.ask("?")
        with virtual.terminal() as terminal:
            terminal.write(command)
            virtual.await_message("the watchdog was not fed in time")
        assert virtual.ask("?")[0] == "f7"


@pytest.mark.parametrize(("chip", "board"), [chip[:2] for chip in CHIPS])
def test_reading_ram_that_was_never_written_is_reported_once_where_it_has_ecc(
    bench: Callable[..., Any], monitor: Build, chip: str, board: str
) -> None:
    with bench(board, image=monitor(chip)) as virtual:
        for _ in range(2):
            assert virtual.ask("R") == ["00000000"] * 3
        reports = virtual.messages.splitlines()
        assert len(reports) == (1 if chip == "h7" else 0)
        assert all("RAM that was never written is read at 0x2001d000 (pc 0x0800" in line for line in reports)


def test_what_a_reset_does_not_define_may_be_anything(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask("M") == ["00000001"]
    with bench("stm32f7", image=monitor("f7"), seed=1) as virtual:
        assert virtual.ask("?")[0] == "f7"
        with virtual.terminal() as terminal:
            terminal.write(b"M")
            virtual.await_message("which the MPU denies")


def test_a_wrong_flash_key_is_a_bus_fault_on_the_h7(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32h7", image=monitor("h7")) as virtual:
        assert virtual.ask("k")[2] == "00000400"
        assert "fault: write to 0x52002004" in virtual.messages


def test_pins_can_be_looked_at(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.pin("PJ5") == Pin(high=False, changes=0)
        assert virtual.ask("L") == ["lit"]
        assert virtual.pin("PJ5") == Pin(high=True, changes=3)
        virtual.ask("r")
        assert virtual.pin("PJ5") == Pin(high=False, changes=4)
        with pytest.raises(UsageError, match="no pin 'PZ1'"):
            virtual.pin("PZ1")


@pytest.mark.parametrize("operation", [1, 2])
@pytest.mark.parametrize(("chip", "board"), [chip[:2] for chip in CHIPS])
def test_power_fails_while_the_program_writes_its_flash(
    bench: Callable[..., Any], monitor: Build, tmp_path: Path, chip: str, board: str, operation: int
) -> None:
    flash = tmp_path / "flash.bin"
    with bench(board, image=monitor(chip), flash_file=flash) as virtual:
        virtual.ask("p")
    whole = flash.read_bytes()
    cut = PowerCut(operation, seed=3)
    with bench(board, flash_file=flash, power_cut=cut) as virtual:
        virtual.ask("?")
        with virtual.terminal() as terminal:
            terminal.write(b"p")
            assert virtual.await_power_loss(PATIENCE_SECONDS)
    torn = flash.read_bytes()
    assert torn[:0x10_0000] == whole[:0x10_0000]
    assert torn[0x10_0020:] == whole[0x10_0020:], "all that is not in the first word was erased before"
    assert flash.with_name("flash.bin.ecc").exists() == (chip == "h7")
    with bench(board, flash_file=flash) as virtual:
        virtual.ask("p")
    assert flash.read_bytes() == whole
    assert not flash.with_name("flash.bin.ecc").exists()


def test_the_reset_button_works_whatever_the_program_does(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        virtual.ask("r")
        assert virtual.ask("N") == ["stuck"]
        virtual.press_reset()
        assert virtual.ask("c") == ["04000000"]
        assert int(virtual.ask("r")[1], 16) == 2, "RAM kept its contents"


def test_the_reset_button_works_in_the_bootloader(bench: Callable[..., Any]) -> None:
    with bench("nucleo-f767zi", boot0=True) as virtual:
        for _ in range(2):
            with virtual.bootloader() as bootloader:
                assert bootloader.device_id() == 0x451
            virtual.press_reset()


def test_sleeping_and_double_precision(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask("i") == ["awake"]
        assert virtual.ask("d") == [f"{10**9:08x}"]
        assert virtual.ask("n") == ["counted"]


def test_the_firmware_can_jump_into_the_rom_bootloader(bench: Callable[..., Any], monitor: Build) -> None:
    with (
        bench("stm32h7", image=monitor("h7")) as virtual,
        virtual.terminal() as terminal,
        virtual.adapter() as adapter,
    ):
        terminal.write(b"b")
        while terminal.read_until(b"\n") != b"leaving\n":
            pass
        time.sleep(ROM_START_SECONDS)
        terminal.write(b"\x7f")
        for _ in range(60):
            adapter.write(b"\x7f")
            if answer := adapter.read(1):
                break
        assert answer == b"\x79"
        terminal.timeout = 0.1
        assert terminal.read(1) == b"", "the ROM does not listen on the virtual COM port"


def test_the_rom_bootloader_of_the_discovery_board_is_deaf(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7"), boot0=True) as virtual:
        assert virtual.adapter_port is None
        virtual.await_message("no port of this board reaches it: PA5, the ROM's SPI1 clock")
        with virtual.terminal(timeout=0.3) as terminal:
            terminal.write(b"\x7f")
            assert terminal.read(1) == b""


@pytest.mark.parametrize(
    ("chip", "name", "entry"),
    [
        ("f7", "stm32f7", ["0000100a", "0000140d", "00000005", "1ff00000"]),
        ("h7", "stm32h7", ["00000000", "0000140d", "00000005", "1ff09800"]),
    ],
)
def test_go_starts_the_program_in_the_state_that_the_bootloader_leaves(
    bench: Callable[..., Any],
    monitor: Build,
    board_with_rom_on_vcp: Board,
    chip: str,
    name: str,
    entry: list[str],
) -> None:
    board = board_with_rom_on_vcp if chip == "f7" else load_board(name)
    with bench(board, image=monitor(chip)) as virtual:
        assert virtual.ask("e")[1:3] == ["00000000", "00000000"]
    with bench(board, image=monitor(chip), boot0=True) as virtual:
        with virtual.bootloader() as bootloader:
            bootloader.go(0x0800_0000)
        assert virtual.ask("e") == entry


def test_a_reset_loses_what_has_not_left_the_uart(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7", "NO_FLUSH")) as virtual:
        assert virtual.ask("x")[5] == "40000000up", "the line's end never left"


@pytest.mark.parametrize(("chip", "board"), [chip[:2] for chip in CHIPS])
def test_the_real_pace_changes_nothing_for_a_program_that_waits(
    bench: Callable[..., Any], monitor: Build, chip: str, board: str
) -> None:
    with bench(board, image=monitor(chip), quirks=Quirks(pace="real")) as virtual:
        assert virtual.ask("?")[0] == chip
        started = time.monotonic()
        assert len(virtual.ask("p")) >= 3
        assert time.monotonic() - started > 0.9, "erasing takes its time"


def test_erased_flash_with_boot0_low_locks_up(bench: Callable[..., Any]) -> None:
    with bench("stm32f7") as virtual:
        virtual.await_message("the CPU is locked up: the flash is erased and BOOT0 is low")
        with virtual.terminal(timeout=0.1) as terminal:
            terminal.write(b"\x7f" * 300)
            assert terminal.read(1) == b""


def test_bytes_at_another_speed_arrive_broken(bench: Callable[..., Any], monitor: Build) -> None:
    with bench("stm32f7", image=monitor("f7")) as virtual:
        assert virtual.ask("?")[0] == "f7"
        with virtual.terminal(57_600, timeout=0.3) as terminal:
            terminal.write(b"?")
            assert b"f7" not in terminal.read(100)
        with virtual.terminal(117_000) as terminal:  # 1.6 % off still works
            terminal.write(b"?")
            assert terminal.read_until(b"\n").startswith(b"f7")
