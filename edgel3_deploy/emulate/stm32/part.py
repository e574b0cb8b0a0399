"""A microcontroller as a value: memories and peripherals at their addresses, and what connects them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from edgel3_deploy.boards.board import Board, I2sMicrophone, Uart
from edgel3_deploy.boards.sai import ALTERNATE_FUNCTION
from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.dwt import Dwt
from edgel3_deploy.emulate.core.scs import SystemControl
from edgel3_deploy.emulate.core.sleep import Sleep
from edgel3_deploy.emulate.core.untouched import Untouched
from edgel3_deploy.emulate.core.watchdog import ChipTime
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.microphone import Microphone
from edgel3_deploy.emulate.stm32.axi import AxiInterconnect
from edgel3_deploy.emulate.stm32.clocks import ResetAndClockControl
from edgel3_deploy.emulate.stm32.dma import Dma, Source
from edgel3_deploy.emulate.stm32.flash_f7 import FlashInterface
from edgel3_deploy.emulate.stm32.flash_memory import FlashMemory
from edgel3_deploy.emulate.stm32.gpio import Gpio, Pin
from edgel3_deploy.emulate.stm32.iwdg import Iwdg
from edgel3_deploy.emulate.stm32.rom_state import RomState
from edgel3_deploy.emulate.stm32.rom_version import RomVersion
from edgel3_deploy.emulate.stm32.sai import DATA as SAI_DATA
from edgel3_deploy.emulate.stm32.sai import Sai
from edgel3_deploy.emulate.stm32.usart import RDR, Usart
from edgel3_deploy.errors import UsageError

SCS_BASE, DWT_BASE = 0xE000_E000, 0xE000_1000
PPB_BLOCK = 0x1000
PERIPHERAL_BLOCK = 0x400

USARTS = {
    "USART1": 0x4001_1000,
    "USART2": 0x4000_4400,
    "USART3": 0x4000_4800,
    "UART4": 0x4000_4C00,
    "UART5": 0x4000_5000,
    "USART6": 0x4001_1400,
    "UART7": 0x4000_7800,
    "UART8": 0x4000_7C00,
}
"""Base addresses, the same on STM32F7 and STM32H7."""


@dataclass(frozen=True)
class Ram:
    """A RAM; `powered` says whether it can be accessed now."""

    name: str
    origin: int
    size: int
    powered: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class SystemMemory:
    """ST's ROM area: `contents` at `origin`; its bootloader's vector table is at `entry`."""

    origin: int
    size: int
    entry: int
    contents: tuple[tuple[int, bytes], ...]

    @property
    def trap(self) -> int:
        """Address of the bootloader's first instruction, where the emulation takes over."""
        return self.entry + 0x100


@dataclass(frozen=True)
class Part:
    """`peripherals` are (base, block size, peripheral); `flash_aliases` further addresses of the flash.

    `untouched` knows the RAM that was never written. `rom` is the version of the ROM bootloader, which reads
    `option_bytes`, pieces of (address, content); `rom_state` is what its Go leaves behind. `dmas` reach all
    RAM but the addresses `beyond_dma`; no cache holds those of `tcm`.
    """

    rams: tuple[Ram, ...]
    flash: FlashMemory
    flash_aliases: tuple[int, ...]
    interface: FlashInterface
    system_memory: SystemMemory
    peripherals: tuple[tuple[int, int, Peripheral], ...]
    control: SystemControl
    rcc: ResetAndClockControl
    watchdog: Iwdg
    chip_time: ChipTime
    sleep: Sleep
    rom_state: RomState
    device_id: int
    boot_address: int
    rom: RomVersion
    gpios: dict[str, Gpio]
    option_bytes: tuple[tuple[int, bytes], ...] = ()
    interconnect: AxiInterconnect | None = None
    dmas: tuple[Dma, ...] = ()
    beyond_dma: tuple[range, ...] = ()
    tcm: tuple[range, ...] = ()
    untouched: Untouched = field(default_factory=Untouched)

    def reset(self) -> None:
        """What a reset of the chip does to everything but the memories."""
        for _, _, peripheral in self.peripherals:
            peripheral.reset()

    def pin(self, name: str) -> Pin:
        """The pin with that name, such as "PJ5". Raises UsageError if the chip has none."""
        port, number = self.gpios.get(name[1:2]), name[2:]
        if name[:1] != "P" or port is None or not (number.isdecimal() and int(number) < 16):
            raise UsageError(f"there is no pin {name!r} on this chip", "Pins are named like PJ5.")
        return port.pin(int(number))

    def dma_reaches(self, address: int, size: int) -> bool:
        """Whether [address, address + size) lies within RAM that `dmas` can write now."""
        return self.is_ram(address, size) and not any(address in beyond for beyond in self.beyond_dma)

    def caches(self, address: int) -> bool:
        """Whether the data cache is on and may hold what is at `address`."""
        in_tcm = any(address in tightly_coupled for tightly_coupled in self.tcm)
        return self.control.caches_data and not in_tcm and self.control.mpu.cacheable(address)

    def is_ram(self, address: int, size: int) -> bool:
        """Whether [address, address + size) lies within RAMs that can be accessed."""
        while size > 0:
            ram = next((ram for ram in self.rams if ram.origin <= address < ram.origin + ram.size), None)
            if ram is None or not ram.powered():
                return False
            step = min(size, ram.origin + ram.size - address)
            address, size = address + step, size - step
        return True


def core(log: Log, counter: CycleCounter, boot_address: int, mpu_regions: int) -> tuple[SystemControl, Dwt]:
    """The Cortex-M7's own registers."""
    control = SystemControl(log, counter, boot_address, mpu_regions)
    dwt = Dwt(log, counter, lambda: control.trace_enabled)
    control.on_trace = dwt.trace_changed
    return control, dwt


def ports(log: Log, rcc: ResetAndClockControl, moder: dict[str, int], default: int) -> dict[str, Gpio]:
    """GPIO ports A to K by letter; `moder` gives the reset values that differ from `default`."""
    gpios = {letter: Gpio(f"GPIO{letter}", log, moder.get(letter, default)) for letter in "ABCDEFGHIJK"}
    for gpio in gpios.values():
        rcc.attach(gpio)
    return gpios


def usarts(
    log: Log,
    rcc: ResetAndClockControl,
    gpios: dict[str, Gpio],
    uart: Uart,
    line: Line,
    *,
    prescaler: bool = False,
) -> list[Usart]:
    """All USARTs, the board's connected to `line` over its pins; with a `prescaler` on the STM32H7."""
    made = []
    for name in USARTS:
        own_line = line if name == uart.instance else None
        usart = Usart(name, log, partial(rcc.usart_clock, name), own_line, prescaler=prescaler)
        rcc.attach(usart)
        made.append(usart)
        if name == uart.instance:
            usart.connected = lambda: (_carries(gpios, uart.tx, uart), _carries(gpios, uart.rx, uart))
    return made


def sai(
    board: Board,
    log: Log,
    rcc: ResetAndClockControl,
    gpios: dict[str, Gpio],
    microphone: Microphone,
    *,
    doubled: bool = False,
) -> Sai:
    """SAI1 with the board's microphone at its pins, if that is one for it."""
    wiring = board.microphone if isinstance(board.microphone, I2sMicrophone) else None
    made = Sai(
        log, rcc.sai_clock, microphone, right=wiring.side == "right" if wiring else None, doubled=doubled
    )
    if wiring:
        made.connected = lambda: all(
            gpios[pin[1]].alternate_function(int(pin[2:])) == ALTERNATE_FUNCTION
            for pin in wiring.pins.values()
        )
        made.pulled_down = lambda: gpios[wiring.data[1]].pulled_down(int(wiring.data[2:]))
    rcc.attach(made)
    return made


def slots_of(serial_audio: Sai) -> Source:
    """What a DMA has to do with block A of SAI1: the words of its slots."""
    return Source(SAI_DATA, {4: (0,)}, serial_audio.take)


def receiver(usart: Usart) -> Source:
    """What a DMA has to do with a USART: the bytes that it received."""
    return Source(USARTS[usart.name] + RDR, {1: (0,), 2: (0,), 4: (0,)}, usart.take, usart=True)


def rams(board: Board, powered: Callable[[str], Callable[[], bool]]) -> tuple[Ram, ...]:
    """RAM and ITCM of the board, each with what says whether it is powered."""
    return tuple(
        Ram(region.name, region.origin, region.size, powered(region.name))
        for region in board.regions
        if region.kind != "flash"
    )


def _carries(gpios: dict[str, Gpio], pin: str, uart: Uart) -> bool:
    return gpios[pin[1]].alternate_function(int(pin[2:])) == uart.alternate_function
