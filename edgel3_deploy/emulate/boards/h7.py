"""The STM32H743/H753: everything at its address (RM0433 section 2.3)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.emulate.core.bus import Log, OutOfSpecError
from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.sleep import Sleep
from edgel3_deploy.emulate.core.untouched import Untouched
from edgel3_deploy.emulate.core.watchdog import ChipTime
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.microphone import Microphone
from edgel3_deploy.emulate.options import Quirks
from edgel3_deploy.emulate.stm32 import axi, rom_state
from edgel3_deploy.emulate.stm32.dbgmcu import DbgMcu
from edgel3_deploy.emulate.stm32.dma import STREAMS, Dma, Dmamux, Source
from edgel3_deploy.emulate.stm32.flash_h7 import BASE as FLASH_BASE
from edgel3_deploy.emulate.stm32.flash_h7 import FlashH7
from edgel3_deploy.emulate.stm32.flash_memory import flash_of
from edgel3_deploy.emulate.stm32.iwdg import Iwdg
from edgel3_deploy.emulate.stm32.pace import Pace
from edgel3_deploy.emulate.stm32.part import (
    DWT_BASE,
    PERIPHERAL_BLOCK,
    PPB_BLOCK,
    SCS_BASE,
    USARTS,
    Part,
    SystemMemory,
    core,
    ports,
    rams,
    receiver,
    sai,
    slots_of,
    usarts,
)
from edgel3_deploy.emulate.stm32.pwr_h7 import PwrH7
from edgel3_deploy.emulate.stm32.rcc_h7 import HSI_HZ, RccH7
from edgel3_deploy.emulate.stm32.rom_version import h7_rom
from edgel3_deploy.emulate.stm32.syscfg import SysCfg

SYSTEM_MEMORY, SYSTEM_MEMORY_SIZE = 0x1FF0_0000, 0x2_0000
BOOTLOADER = 0x1FF0_9800
UID, FLASH_SIZE, BOOTLOADER_ID = 0x1FF1_E800, 0x1FF1_E880, 0x1FF1_E7FE
_REVISIONS = {"V": 0x2003, "Y": 0x1003}
_WIDE_VCO_MAX_HZ = {"V": 960e6, "Y": 836e6}
_HZ_PER_WAIT_STATE = {0: 70e6, 1: 70e6, 2: 55e6, 3: 45e6}
_FOUR_WAIT_STATES_HZ = 225e6
_HZ_PER_PROGRAMMING_DELAY = {0: (70e6, 185e6), 1: (70e6, 185e6), 2: (55e6, 165e6), 3: (45e6, 135e6)}
"""The highest bus clock with WRHIGHFREQ 0 and 1 at each VOS (RM0433 table 17)."""
_DEFAULT_DEVICE_ID = 0x450
_ITCM, _DTCM = range(0x1_0000), range(0x2000_0000, 0x2002_0000)
_DMA_BASES, _DMAMUX1_BASE = (0x4002_0000, 0x4002_0400), 0x4002_0800
_RECEIVED = {
    "USART1": 41,
    "USART2": 43,
    "USART3": 45,
    "UART4": 63,
    "UART5": 65,
    "USART6": 71,
    "UART7": 79,
    "UART8": 81,
}
_SAI1_A = 87
"""Inputs of DMAMUX1 for what each USART receives, and block A of SAI1 (RM0433 table 121)."""


def stm32h7(
    board: Board,
    flash_file: Path | None,
    line: Line,
    log: Log,
    quirks: Quirks | None = None,
    seed: int = 0,
    *,
    microphone: Path | None = None,
) -> Part:
    """The part on `board`, reset, its flash kept in `flash_file` if one is named. Raises BadInputError.

    `seed` decides how long its flags take; its microphone, if it has one, hears the recording `microphone`.
    """
    quirks = quirks or Quirks()
    pace = Pace(real=quirks.pace == "real", seed=seed)
    is_old = quirks.revision == "Y"
    flash = flash_of(board, flash_file)
    counter = CycleCounter()
    chip_time = ChipTime()
    watchdog = Iwdg(log, chip_time.seconds)
    clock = replace(board.clock, hse_hz=0) if quirks.hse_fails else board.clock
    rcc = RccH7(clock, log, pace, hse_sticks=quirks.hse_sticks, vco_max_hz=_WIDE_VCO_MAX_HZ[quirks.revision])
    interface = FlashH7(flash, log, pace)
    interconnect = axi.AxiInterconnect(log, corrupts_reads=is_old)
    syscfg = SysCfg(log)
    # Revision Y has no VOS0.
    pwr = PwrH7(log, pace, lambda: syscfg.overdrive and not is_old)
    syscfg.on_overdrive = pwr.overdrive_changed
    control, dwt = core(log, counter, board.flash.origin, mpu_regions=16)
    gpios = ports(log, rcc, {"A": 0xABFF_FFFF, "B": 0xFFFF_FEBF}, 0xFFFF_FFFF)
    serials = usarts(log, rcc, gpios, board.uart, line, prescaler=True)
    sleep = Sleep(counter, control, dwt, chip_time, real=pace.real)
    device_id = board.bootloader.device_id if board.bootloader else _DEFAULT_DEVICE_ID
    # Samples come from the same clock as the CPU's cycles.
    sound = Microphone(
        microphone,
        (lambda: counter.cycles / rcc.clocks().cpu) if pace.real else None,
        awaited=lambda: line.heard,
    )
    sleep.told.append(sound.sleep)
    serial_audio = sai(board, log, rcc, gpios, sound)
    requests = {_RECEIVED[usart.name]: receiver(usart) for usart in serials}
    dmamux = Dmamux(log, requests | {_SAI1_A: slots_of(serial_audio)})
    dmas = _dmas(log, dmamux)
    for peripheral in (syscfg, *dmas):
        rcc.attach(peripheral)

    def clock_changed() -> None:
        clocks = rcc.clocks()
        counter.set_frequency(clocks.cpu)
        wanted = math.ceil(clocks.bus / _HZ_PER_WAIT_STATE[pwr.scale]) - 1
        if clocks.bus > _FOUR_WAIT_STATES_HZ:
            wanted = max(wanted, 4)
        limit = pwr.cpu_limit
        if (
            clocks.cpu > limit
            or clocks.bus > limit / 2
            or max(clocks.apb1, clocks.apb2) > max(limit / 4, HSI_HZ)
        ):
            raise OutOfSpecError(
                f"CPU {clocks.cpu / 1e6:.0f}, bus {clocks.bus / 1e6:.0f}, APB {clocks.apb1 / 1e6:.0f} and "
                f"{clocks.apb2 / 1e6:.0f} MHz are over what VOS{pwr.scale} allows"
            )
        if interface.wait_states < wanted:
            raise OutOfSpecError(
                f"a bus clock of {clocks.bus / 1e6:.0f} MHz at VOS{pwr.scale} needs {wanted} flash wait "
                f"states, {interface.wait_states} are set"
            )
        delay = sum(clocks.bus > highest for highest in _HZ_PER_PROGRAMMING_DELAY[pwr.scale])
        if interface.programming_delay < delay:
            raise OutOfSpecError(
                f"a bus clock of {clocks.bus / 1e6:.0f} MHz at VOS{pwr.scale} needs WRHIGHFREQ {delay}, "
                f"{interface.programming_delay} is set"
            )

    rcc.on_change = clock_changed
    interface.on_latency = pwr.on_change = clock_changed
    clock_changed()

    def powered(name: str) -> Callable[[], bool]:
        return (lambda: rcc.enabled(name)) if name in rcc.ENABLES else lambda: True

    rom = h7_rom(quirks.rom_version)
    # Of RAM with ECC, only what was written can be read.
    memories = rams(board, powered)
    untouched = Untouched()
    for ram in memories:
        untouched.follow(ram.origin, ram.size)
    return Part(
        rams=memories,
        untouched=untouched,
        flash=flash,
        flash_aliases=(),
        interface=interface,
        system_memory=SystemMemory(
            SYSTEM_MEMORY,
            SYSTEM_MEMORY_SIZE,
            board.bootloader.entry if board.bootloader else BOOTLOADER,
            (
                (UID, b"VIRTUAL H7\0\0"),
                (FLASH_SIZE, (flash.size // 1024).to_bytes(2, "little")),
                (BOOTLOADER_ID, bytes([rom.identifier])),
            ),
        ),
        peripherals=(
            (SCS_BASE, PPB_BLOCK, control),
            (DWT_BASE, PPB_BLOCK, dwt),
            (0x5802_4400, PERIPHERAL_BLOCK, rcc),
            (0x5802_4800, PERIPHERAL_BLOCK, pwr),
            (FLASH_BASE, PERIPHERAL_BLOCK, interface),
            (0x5800_0400, PERIPHERAL_BLOCK, syscfg),
            (0x5C00_1000, PERIPHERAL_BLOCK, DbgMcu(log, device_id, _REVISIONS[quirks.revision])),
            (axi.BASE, PERIPHERAL_BLOCK, interconnect),
            (0x5800_4800, PERIPHERAL_BLOCK, watchdog),
            (0x4001_5800, PERIPHERAL_BLOCK, serial_audio),
            (_DMAMUX1_BASE, PERIPHERAL_BLOCK, dmamux),
            *((base, PERIPHERAL_BLOCK, dma) for base, dma in zip(_DMA_BASES, dmas, strict=True)),
            *(
                (0x5802_0000 + 0x400 * place, PERIPHERAL_BLOCK, gpio)
                for place, gpio in enumerate(gpios.values())
            ),
            *((USARTS[usart.name], PERIPHERAL_BLOCK, usart) for usart in serials),
        ),
        control=control,
        rcc=rcc,
        gpios=gpios,
        watchdog=watchdog,
        chip_time=chip_time,
        sleep=sleep,
        rom_state=rom_state.stm32h7,
        device_id=device_id,
        boot_address=board.flash.origin,
        rom=rom,
        interconnect=interconnect,
        dmas=dmas,
        beyond_dma=(_ITCM, _DTCM),
        tcm=(_ITCM, _DTCM),
    )


def _dmas(log: Log, dmamux: Dmamux) -> tuple[Dma, ...]:
    """DMA1 and DMA2 behind DMAMUX1."""
    dmas = tuple(
        Dma(
            f"DMA{number + 1}",
            log,
            partial(_routed, dmamux, first),
            usarts_stall=True,
        )
        for number, first in enumerate((0, STREAMS))
    )
    dmamux.controllers = dmas
    return dmas


def _routed(dmamux: Dmamux, first: int, stream: int, _control: int) -> Source | None:
    return dmamux.source(first + stream)
