"""Contradictions within a board: what each value alone cannot show."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import NoReturn, Protocol

from edgel3_deploy.boards.baud import DIVIDERS, MAX_ERROR, baud_range, rate_error, uart_clocks
from edgel3_deploy.boards.board import Board, I2sMicrophone, PdmMicrophone, Region
from edgel3_deploy.boards.dfsdm import CLOCK_HZ
from edgel3_deploy.boards.pll import PLL_LIMITS
from edgel3_deploy.boards.sai import CLOCKS_PER_SAMPLE
from edgel3_deploy.boards.sai import PINS as SAI_PINS
from edgel3_deploy.errors import BadInputError

_ADDRESS_SPACE = 1 << 32
_WORD = 8
_GUARD = 32
"""Bytes of the smallest MPU region: the guard under the stack, which stands at the bottom of the main RAM."""
_STM32_FLASH = 0x0800_0000
_H7_D2_RAM = range(0x3000_0000, 0x3004_8000)
"""SRAM1 to SRAM3 of the STM32H7: their clock is off until start-up, which needs a stack, turns it on."""
_H7_DTCM = range(0x2000_0000, 0x2002_0000)
_SECTOR_UNIT = 1024
MICROPHONE_RATES = (8_000, 16_000, 48_000)


class _Fail(Protocol):
    def __call__(self, problem: str, hint: str) -> NoReturn: ...


def check_board(board: Board, source: Path) -> None:
    """Raise BadInputError, naming `source` and the keys, when values of the board contradict each other."""

    def fail(problem: str, hint: str) -> NoReturn:
        raise BadInputError(f"{source}: {problem}", hint)

    flashes = [region for region in board.regions if region.kind == "flash"]
    if len(flashes) != 1:
        fail(
            f"'regions' has {len(flashes)} regions of kind flash", "Give exactly one, which holds the image."
        )
    for region in board.regions:
        if region.origin % _WORD or region.size % _WORD or region.end > _ADDRESS_SPACE:
            fail(
                f"'regions.{region.name}' is not aligned to {_WORD} bytes within 4 GB",
                "Check origin and size.",
            )
    for below, above in pairwise(sorted(board.regions, key=lambda region: region.origin)):
        if above.origin < below.end:
            fail(f"'regions.{below.name}' and 'regions.{above.name}' overlap", _extents(below, above))
    _check_main_ram(board, fail)
    if board.dma_ram:
        _check_dma_ram(board, fail)
    if board.family == "mps2-an500":
        return
    _check_flash(board, fail)
    _check_clock(board, fail)
    _check_pins(board, fail)
    _check_microphone(board, fail)
    if board.bootloader and board.bootloader.program_unit not in (1, 2, 4, 8, 16, 32):
        fail(
            f"'bootloader.program_unit' is {board.bootloader.program_unit}",
            "Give a power of two, 32 at most.",
        )
    if board.emulator and board.emulator.kind == "qemu":
        fail(f"'emulator.kind' is qemu, which has no {board.family}", "Write unicorn.")


def _check_main_ram(board: Board, fail: _Fail) -> None:
    main_ram = board.region(board.main_ram)
    if main_ram.origin % _GUARD or main_ram.size % _GUARD:
        fail(
            f"'regions.{main_ram.name}' is the main RAM and not aligned to {_GUARD} bytes",
            "The memory protection guards the stack in units of that size: check origin and size.",
        )
    if board.stack_size % _WORD or board.stack_size < 1024:
        fail(f"'stack_size' is {board.stack_size}", f"Give at least 1K and a multiple of {_WORD}.")
    if board.stack_size >= main_ram.size:
        fail(
            f"'stack_size' = {board.stack_size} leaves nothing of 'regions.{main_ram.name}'",
            f"The region has {main_ram.size} bytes: choose a smaller stack, or another 'main_ram'.",
        )
    if board.family == "stm32h7" and main_ram.origin in _H7_D2_RAM:
        fail(
            f"'main_ram' = {main_ram.name} has no clock when the chip starts",
            "Choose a region that always runs: DTCM, AXI SRAM or SRAM4.",
        )


def _check_dma_ram(board: Board, fail: _Fail) -> None:
    dma_ram = board.region(board.dma_ram)
    if board.dma_ram == board.main_ram:
        fail(
            f"'dma_ram' and 'main_ram' are both {board.main_ram}",
            "What DMA controllers write needs a region of its own, which start-up makes non-cacheable.",
        )
    if dma_ram.size < _GUARD or dma_ram.size.bit_count() != 1 or dma_ram.origin % dma_ram.size:
        fail(
            f"'dma_ram' = {dma_ram.name} is {dma_ram.size} bytes at {dma_ram.origin:#010x}",
            "The memory protection makes it non-cacheable: a power of two in size, at a multiple of that.",
        )
    if board.family == "stm32h7" and dma_ram.origin in _H7_DTCM:
        fail(
            f"'dma_ram' = {dma_ram.name} is DTCM, which DMA1 and DMA2 of the STM32H7 do not reach",
            "Choose the AXI SRAM or one of SRAM1 to SRAM4.",
        )


def _check_flash(board: Board, fail: _Fail) -> None:
    flash = board.flash
    if flash.origin != _STM32_FLASH:
        fail(
            f"'regions.{flash.name}.origin' is {flash.origin:#010x}",
            f"The flash of {board.family} starts at {_STM32_FLASH:#010x}.",
        )
    if any(sector.size % _SECTOR_UNIT for sector in board.sectors):
        fail("'sectors' has a size that is no multiple of 1K", "Give the flash's erase units.")
    tiled = sum(sector.size for sector in board.sectors)
    if tiled != flash.size:
        fail(
            f"'sectors' add up to {tiled} bytes, 'regions.{flash.name}' has {flash.size}",
            "The sectors must tile the flash.",
        )
    ends = {sector.origin + sector.size - flash.origin for sector in board.sectors[:-1]}
    if board.loader and board.loader.size not in ends:
        fail(
            f"'loader.size' = {board.loader.size} is not where a sector ends",
            "The loader takes the first sector or sectors, and leaves some to the application.",
        )


def _check_clock(board: Board, fail: _Fail) -> None:
    clock, limits = board.clock, PLL_LIMITS[board.family]
    low, high = limits.input_hz if clock.hse_bypass else limits.crystal_hz
    if not low <= clock.hse_hz <= high:
        source = "clock input" if clock.hse_bypass else "crystal"
        fail(
            f"'clock.hse_hz' = {clock.hse_hz} is no {source} of {board.family}",
            f"It takes {low} to {high} Hz; 'clock.hse_bypass' says whether a crystal or a clock is there.",
        )
    if clock.pll is None:
        fail(
            f"'clock.cpu_hz' = {clock.cpu_hz} cannot be reached from 'clock.hse_hz' = {clock.hse_hz}",
            f"The PLL of {board.family} multiplies by whole ratios, up to {limits.cpu_hz_max} Hz.",
        )
    clocks = uart_clocks(board)
    for clock_hz, when in zip(clocks, ("", " while it runs on its internal oscillator"), strict=True):
        error = rate_error(clock_hz, board.uart.baudrate)
        if error > MAX_ERROR:
            low, high = baud_range(clocks)
            makes = f"is {error:.1%} off" if isfinite(error) else "has no divider"
            fail(
                f"'uart.baudrate' = {board.uart.baudrate} {makes} at {board.uart.instance}'s clock of "
                f"{clock_hz} Hz{when}",
                f"It divides by whole numbers, {DIVIDERS[0]} to {DIVIDERS[1]}: rates from {low} to {high}.",
            )


def _check_pins(board: Board, fail: _Fail) -> None:
    uart = board.uart
    if uart.tx == uart.rx:
        fail(f"'uart.tx' and 'uart.rx' are both {uart.tx}", "Give each its own pin.")
    if board.led and board.led.pin in (uart.tx, uart.rx):
        fail(f"'led.pin' = {board.led.pin} is a pin of the UART", "Give another pin, or leave [led] out.")


def _check_microphone(board: Board, fail: _Fail) -> None:
    microphone = board.microphone
    if microphone is None:
        return
    if microphone.rate not in MICROPHONE_RATES:
        fail(
            f"'microphone.rate' is {microphone.rate}",
            f"Sound levels and decimators are for {', '.join(map(str, MICROPHONE_RATES))} samples a second.",
        )
    if isinstance(microphone, PdmMicrophone):
        _check_pdm(board, microphone, fail)
    else:
        _check_i2s(board, microphone, fail)
    taken = [board.uart.tx, board.uart.rx] + ([board.led.pin] if board.led else [])
    for key, pin in microphone.pins.items():
        if pin in taken:
            fail(
                f"'microphone.{key}' = {pin} is taken",
                "Give each of UART, LED and microphone its own pins.",
            )
        taken.append(pin)


def _check_pdm(board: Board, microphone: PdmMicrophone, fail: _Fail) -> None:
    if board.family != "stm32f7":
        fail(
            f"'microphone.kind' is dfsdm, which has no driver for {board.family}",
            'Write kind = "i2s" or "none", or leave [microphone] out.',
        )
    if microphone.dfsdm is None:
        fail(
            f"'microphone.rate' = {microphone.rate} cannot be divided from 'clock.cpu_hz' / 2",
            f"The microphone's clock is {CLOCK_HZ[0]} to {CLOCK_HZ[1]} Hz: choose another rate or clock.",
        )


def _check_i2s(board: Board, microphone: I2sMicrophone, fail: _Fail) -> None:
    for key, pins in SAI_PINS.items():
        if (pin := microphone.pins[key]) not in pins:
            fail(
                f"'microphone.{key}' = {pin} does not carry that signal of SAI1, block A",
                f"On {board.family} it is at {' or '.join(pins)}.",
            )
    if microphone.pll is None:
        fail(
            f"'microphone.rate' = {microphone.rate} cannot be made from 'clock.hse_hz'",
            f"A PLL multiplies and divides it by whole numbers to {CLOCKS_PER_SAMPLE} times the rate: choose "
            "another rate or clock.",
        )


def _extents(*regions: Region) -> str:
    return ", ".join(f"{region.name} is {region.origin:#010x}..{region.end - 1:#010x}" for region in regions)
