"""Contradictions within a board: what each value alone cannot show."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import NoReturn, Protocol

from edgel3_deploy.boards.baud import DIVIDERS, MAX_ERROR, baud_range, rate_error, uart_clocks
from edgel3_deploy.boards.board import Board, Bootloader, I2sMicrophone, PdmMicrophone, Region
from edgel3_deploy.boards.dfsdm import CLOCK_HZ
from edgel3_deploy.boards.memories import (
    DMA_RESERVE,
    H7_D2_RAM,
    H7_DTCM,
    MEMORIES,
    in_memory,
    sectors_as_made,
)
from edgel3_deploy.boards.pins import (
    DFSDM_CLOCK,
    DFSDM_DATA,
    OSCILLATOR,
    SWD,
    UART_RX,
    UART_TX,
    Functions,
    has_pin,
)
from edgel3_deploy.boards.pll import PLL_LIMITS
from edgel3_deploy.boards.sai import CLOCKS_PER_SAMPLE
from edgel3_deploy.boards.sai import PINS as SAI_PINS
from edgel3_deploy.errors import BadInputError

_ADDRESS_SPACE = 1 << 32
_WORD = 8
_GUARD = 32
"""Bytes of the smallest MPU region: the guard under the stack, which stands at the bottom of the main RAM."""
_STM32_FLASH = 0x0800_0000
_SECTOR_UNIT = 1024
_SYSTEM_MEMORY = range(0x1FF0_0000, 0x2000_0000)
_VECTORS = 512
"""A vector table of these parts stands at a multiple of that (VTOR)."""
_QEMU_MACHINE = "mps2-an500"
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
    _check_memories(board, fail)
    _check_main_ram(board, fail)
    if board.dma_ram:
        _check_dma_ram(board, fail)
    _check_emulator(board, fail)
    if board.family == _QEMU_MACHINE:
        return
    _check_flash(board, fail)
    _check_clock(board, fail)
    _check_pins(board, fail)
    _check_microphone(board, fail)
    if board.bootloader:
        _check_bootloader(board.bootloader, fail)


def _check_memories(board: Board, fail: _Fail) -> None:
    for region in board.regions:
        if not in_memory(board.family, region):
            there = MEMORIES[board.family][region.kind]
            fail(
                f"'regions.{region.name}' is {region.size} bytes at {region.origin:#010x}, where "
                f"{board.family} has no {region.kind}",
                "Memory of that kind: "
                + ", ".join(f"{m.start:#010x}..{m.stop - 1:#010x}" for m in there)
                + ".",
            )
    if sum(region.kind == "itcm" for region in board.regions) > 1:
        fail("'regions' has several of kind itcm", "A chip has one: give it as one region.")


def _check_emulator(board: Board, fail: _Fail) -> None:
    if board.emulator is None:
        return
    kind = "qemu" if board.family == _QEMU_MACHINE else "unicorn"
    if board.emulator.kind != kind:
        fail(f"'emulator.kind' is {board.emulator.kind}, which has no {board.family}", f"Write {kind}.")
    if kind == "qemu" and board.emulator.machine != _QEMU_MACHINE:
        fail(f"'emulator.machine' is {board.emulator.machine}", f"Write {_QEMU_MACHINE}.")


def _check_bootloader(bootloader: Bootloader, fail: _Fail) -> None:
    if bootloader.program_unit not in (1, 2, 4, 8, 16, 32):
        fail(f"'bootloader.program_unit' is {bootloader.program_unit}", "Give a power of two, 32 at most.")
    if bootloader.entry not in _SYSTEM_MEMORY or bootloader.entry % _VECTORS:
        fail(
            f"'bootloader.entry' = {bootloader.entry:#010x} is no vector table in the system memory",
            f"AN2606 gives it for each part, from {_SYSTEM_MEMORY.start:#010x} on, a multiple of {_VECTORS}.",
        )
    if bootloader.id_address and bootloader.id_address not in _SYSTEM_MEMORY:
        fail(
            f"'bootloader.id_address' = {bootloader.id_address:#010x} is not in the system memory",
            "AN2606 gives it for each part; leave it out where it does not.",
        )


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
    if board.family == "stm32h7" and main_ram.origin in H7_D2_RAM:
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
    least = DMA_RESERVE * (2 if board.microphone else 1)
    if dma_ram.size < least and board.family != _QEMU_MACHINE:
        fail(
            f"'dma_ram' = {dma_ram.name} has {dma_ram.size} bytes",
            f"The serial port{' and the microphone need' if board.microphone else ' needs'} {least}.",
        )
    if board.family == "stm32h7" and dma_ram.origin in H7_DTCM:
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
    if not sectors_as_made(board.family, [sector.size for sector in board.sectors]):
        fail(
            f"'sectors' are not those of {board.family}",
            "STM32H7: all of 128K. STM32F7, in single bank mode, which the loader needs: four of 16K or 32K, "
            "one four times as large, all others eight times as large.",
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
    if board.led:
        _check_led(board, board.led.pin, fail)
    for key, pin, table in (("tx", uart.tx, UART_TX), ("rx", uart.rx, UART_RX)):
        functions = table[board.family][uart.instance]
        _check_signal(board, ("uart", key, pin), functions, f"{key.upper()} of {uart.instance}", fail)
        _check_function("uart", uart.alternate_function, functions[pin], pin, fail)


def _check_led(board: Board, pin: str, fail: _Fail) -> None:
    if not has_pin(board.part, pin):
        fail(f"'led.pin' = {pin} is no pin of {board.part}", "Give another pin, or leave [led] out.")
    if pin in SWD + OSCILLATOR:
        use = "the debugger" if pin in SWD else "the oscillator"
        fail(f"'led.pin' = {pin} belongs to {use}", "Give another pin, or leave [led] out.")


def _check_signal(
    board: Board, where: tuple[str, str, str], functions: Functions, signal: str, fail: _Fail
) -> None:
    """`where` is table, key and pin; the functions are those that bring the signal to pins."""
    table, key, pin = where
    there = [name for name in functions if has_pin(board.part, name)]
    if pin not in there:
        fail(
            f"'{table}.{key}' = {pin} does not carry {signal} on {board.part}",
            f"It is at {' or '.join(there) or 'no pin of this package'}.",
        )


def _check_function(table: str, given: int, needed: int, pin: str, fail: _Fail) -> None:
    if given != needed:
        fail(
            f"'{table}.alternate_function' = {given} does not bring the signal to {pin}",
            f"It is {needed} there; both pins of the table share one function.",
        )


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
    data = DFSDM_DATA[microphone.channel]
    for key, functions, signal in (
        ("clock", DFSDM_CLOCK, "DFSDM1's clock output"),
        ("data", data, f"the data of DFSDM1's channel {microphone.channel}"),
    ):
        pin = microphone.pins[key]
        _check_signal(board, ("microphone", key, pin), functions, signal, fail)
        _check_function("microphone", microphone.alternate_function, functions[pin], pin, fail)
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
