"""The STM32F7x6/F7x7/F7x9: everything at its address (RM0410 section 2.2)."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path

from edgel3_deploy.boards.board import Board, Clock, PdmMicrophone, Sector
from edgel3_deploy.emulate.core.bus import Log, OutOfSpecError
from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.sleep import Sleep
from edgel3_deploy.emulate.core.watchdog import ChipTime
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.microphone import Microphone
from edgel3_deploy.emulate.options import Quirks
from edgel3_deploy.emulate.stm32 import rom_state
from edgel3_deploy.emulate.stm32.dbgmcu import DbgMcu
from edgel3_deploy.emulate.stm32.dfsdm import DATA, Dfsdm
from edgel3_deploy.emulate.stm32.dma import Dma, Source
from edgel3_deploy.emulate.stm32.flash_f7 import NOT_DUAL_BANK, OPTIONS, FlashF7
from edgel3_deploy.emulate.stm32.flash_memory import flash_of
from edgel3_deploy.emulate.stm32.gpio import Gpio
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
from edgel3_deploy.emulate.stm32.pwr_f7 import PwrF7
from edgel3_deploy.emulate.stm32.rcc_f7 import RccF7
from edgel3_deploy.emulate.stm32.rom_version import f7_rom
from edgel3_deploy.emulate.stm32.sai import Sai
from edgel3_deploy.emulate.stm32.syscfg import SysCfg
from edgel3_deploy.emulate.stm32.usart import Usart

ITCM_FLASH = 0x0020_0000
SYSTEM_MEMORY, SYSTEM_MEMORY_SIZE = 0x1FF0_0000, 0x1_0000
UID, FLASH_SIZE, BOOTLOADER_ID = 0x1FF0_F420, 0x1FF0_F442, 0x1FF0_EDBE
OPTION_BYTES = 0x1FFF_0000
_REVISION_Z = 0x1001
_HZ_PER_WAIT_STATE = 30e6
_DEFAULT_DEVICE_ID = 0x451
_ITCM, _DTCM = range(0x4000), range(0x2000_0000, 0x2002_0000)
_DMA_BASES = 0x4002_6000, 0x4002_6400
_RECEIVED = {
    "USART1": ((2, 2, 4), (2, 5, 4)),
    "USART2": ((1, 5, 4),),
    "USART3": ((1, 1, 4),),
    "UART4": ((1, 2, 4),),
    "UART5": ((1, 0, 4),),
    "USART6": ((2, 1, 5), (2, 2, 5)),
    "UART7": ((1, 3, 5),),
    "UART8": ((1, 6, 5),),
}
"""Controller, stream and channel of what each USART receives (RM0410 tables 27 and 28)."""


def stm32f7(
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
    sectors = dual_bank_sectors(board) if quirks.dual_bank else board.sectors
    flash = flash_of(replace(board, sectors=sectors), flash_file)
    counter = CycleCounter()
    chip_time = ChipTime()
    watchdog = Iwdg(log, chip_time.seconds)
    clock: Clock = replace(board.clock, hse_hz=0) if quirks.hse_fails else board.clock
    rcc = RccF7(clock, log, pace, hse_sticks=quirks.hse_sticks)
    interface = FlashF7(flash, log, pace, dual_bank=quirks.dual_bank)
    pwr = PwrF7(log, pace, rcc)
    syscfg = SysCfg(log)
    # With the option bytes as delivered, BOOT0 low boots through the flash's address on the ITCM bus.
    control, dwt = core(log, counter, ITCM_FLASH, mpu_regions=8)
    gpios = ports(log, rcc, {"A": 0xA800_0000, "B": 0x0000_0280}, 0)
    serials = usarts(log, rcc, gpios, board.uart, line)
    device_id = board.bootloader.device_id if board.bootloader else _DEFAULT_DEVICE_ID
    # Samples come from the same clock as the CPU's cycles.
    sound = Microphone(
        microphone,
        (lambda: counter.cycles / rcc.clocks().cpu) if pace.real else None,
        awaited=lambda: line.heard,
    )
    dfsdm = _dfsdm(board, log, rcc, gpios, sound)
    sleep = Sleep(counter, control, dwt, chip_time, real=pace.real)
    sleep.told.append(sound.sleep)
    serial_audio = sai(board, log, rcc, gpios, sound, doubled=True)
    dmas = _dmas(log, dfsdm, serial_audio, serials)
    for peripheral in (pwr, syscfg, dfsdm, *dmas):
        rcc.attach(peripheral)

    def clock_changed() -> None:
        clocks = rcc.clocks()
        counter.set_frequency(clocks.cpu)
        wanted = math.ceil(clocks.bus / _HZ_PER_WAIT_STATE) - 1
        mhz = f"{clocks.bus / 1e6:.0f} MHz"
        if clocks.bus > pwr.cpu_limit:
            raise OutOfSpecError(f"{mhz} is over what voltage scale and over-drive allow")
        if interface.wait_states < wanted:
            raise OutOfSpecError(f"{mhz} needs {wanted} flash wait states, {interface.wait_states} are set")
        if clocks.apb1 > (54e6 if pwr.overdrive else 45e6) or clocks.apb2 > (
            108e6 if pwr.overdrive else 90e6
        ):
            raise OutOfSpecError(
                f"APB1 at {clocks.apb1 / 1e6:.0f} or APB2 at {clocks.apb2 / 1e6:.0f} MHz is too fast"
            )

    rcc.on_change = clock_changed
    interface.on_latency = pwr.on_change = clock_changed
    clock_changed()
    rom = f7_rom(quirks.rom_version)
    return Part(
        rams=rams(board, lambda _name: lambda: True),
        flash=flash,
        flash_aliases=(ITCM_FLASH,),
        interface=interface,
        system_memory=SystemMemory(
            SYSTEM_MEMORY,
            SYSTEM_MEMORY_SIZE,
            board.bootloader.entry if board.bootloader else SYSTEM_MEMORY,
            (
                (UID, b"VIRTUAL F7\0\0"),
                (FLASH_SIZE, (flash.size // 1024).to_bytes(2, "little")),
                (BOOTLOADER_ID, bytes([rom.identifier])),
            ),
        ),
        peripherals=(
            (SCS_BASE, PPB_BLOCK, control),
            (DWT_BASE, PPB_BLOCK, dwt),
            (0x4002_3800, PERIPHERAL_BLOCK, rcc),
            (0x4002_3C00, PERIPHERAL_BLOCK, interface),
            (0x4000_7000, PERIPHERAL_BLOCK, pwr),
            (0x4001_3800, PERIPHERAL_BLOCK, syscfg),
            (0xE004_2000, PERIPHERAL_BLOCK, DbgMcu(log, device_id, _REVISION_Z)),
            (0x4000_3000, PERIPHERAL_BLOCK, watchdog),
            (0x4001_7400, PERIPHERAL_BLOCK, dfsdm),
            (0x4001_5800, PERIPHERAL_BLOCK, serial_audio),
            *((base, PERIPHERAL_BLOCK, dma) for base, dma in zip(_DMA_BASES, dmas, strict=True)),
            *(
                (0x4002_0000 + 0x400 * place, PERIPHERAL_BLOCK, gpio)
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
        rom_state=rom_state.stm32f7,
        device_id=device_id,
        boot_address=ITCM_FLASH,
        rom=rom,
        dmas=dmas,
        beyond_dma=(_ITCM,),
        tcm=(_ITCM, _DTCM),
        option_bytes=_option_bytes(OPTIONS & ~NOT_DUAL_BANK if quirks.dual_bank else OPTIONS),
    )


def _dmas(log: Log, dfsdm: Dfsdm, serial_audio: Sai, serials: list[Usart]) -> tuple[Dma, ...]:
    """DMA1 and DMA2, with what is wired to their streams' channels."""
    wired = dict.fromkeys(((2, 0, 8), (2, 4, 8)), Source(DATA, {2: (0, 2), 4: (0,)}, dfsdm.take))
    wired |= dict.fromkeys(((2, 1, 0), (2, 3, 0), (2, 6, 10)), slots_of(serial_audio))
    for usart in serials:
        wired |= dict.fromkeys(_RECEIVED[usart.name], receiver(usart))
    return tuple(
        Dma(f"DMA{number}", log, partial(_wired, wired, number)) for number in range(1, len(_DMA_BASES) + 1)
    )


def _wired(
    sources: dict[tuple[int, int, int], Source], number: int, stream: int, control: int
) -> Source | None:
    return sources.get((number, stream, control >> 25 & 15))


def _dfsdm(board: Board, log: Log, rcc: RccF7, gpios: dict[str, Gpio], microphone: Microphone) -> Dfsdm:
    """DFSDM1 with the board's microphone at its pins."""
    dfsdm = Dfsdm(log, rcc.dfsdm_clock, microphone)
    wiring = board.microphone if isinstance(board.microphone, PdmMicrophone) else None

    def connected(channel: int) -> bool:
        return (
            wiring is not None
            and wiring.channel == channel
            and all(
                gpios[pin[1]].alternate_function(int(pin[2:])) == wiring.alternate_function
                for pin in (wiring.clock, wiring.data)
            )
        )

    dfsdm.connected = connected
    return dfsdm


def dual_bank_sectors(board: Board) -> tuple[Sector, ...]:
    """4 x 16 KB, 64 KB and 7 x 128 KB, once in each half (RM0410 table 4)."""
    unit = board.flash.size // 128
    sectors: list[Sector] = []
    origin = board.flash.origin
    for units in (1, 1, 1, 1, 4, *(8,) * 7) * 2:
        sectors.append(Sector(len(sectors), origin, units * unit))
        origin += units * unit
    return tuple(sectors)


def _option_bytes(options: int) -> tuple[tuple[int, bytes], ...]:
    """The two halves of FLASH_OPTCR where the bootloader reads them."""
    halves = options & 0xFFFF, options >> 16
    return tuple((OPTION_BYTES + 8 * place, half.to_bytes(2, "little")) for place, half in enumerate(halves))
