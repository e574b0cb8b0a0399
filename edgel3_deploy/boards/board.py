"""What a board is: frozen values read from one TOML file by `edgel3_deploy.boards.load`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Family = Literal["stm32f7", "stm32h7", "mps2-an500"]


@dataclass(frozen=True)
class Region:
    """One memory region. `origin` and `size` in bytes; `name` is lower case, unique on its board."""

    name: str
    kind: Literal["flash", "ram", "itcm"]
    origin: int
    size: int

    @property
    def end(self) -> int:
        """First address behind the region."""
        return self.origin + self.size


@dataclass(frozen=True)
class Sector:
    """One erase unit of the flash: `number` as the ROM bootloader's Extended Erase counts it."""

    number: int
    origin: int
    size: int


@dataclass(frozen=True)
class Pll:
    """cpu_hz = hse_hz / m * n / p."""

    m: int
    n: int
    p: int


@dataclass(frozen=True)
class Clock:
    """CPU clock reached by the start-up code and the crystal or input it comes from, in Hz.

    `pll` is None where the clock is fixed (QEMU).
    """

    cpu_hz: int
    hse_hz: int
    hse_bypass: bool
    pll: Pll | None = None


@dataclass(frozen=True)
class Uart:
    """The serial port of the link: `instance` as the reference manual names it, pins such as "PA9"."""

    instance: str
    tx: str
    rx: str
    alternate_function: int
    baudrate: int


@dataclass(frozen=True)
class Bootloader:
    """ROM bootloader (AN2606, AN3155): `entry` is its vector table, `over_vcp`: it listens on the link.

    `id_address` holds the byte that names its version, `startup_ms` is how long it is deaf after a reset.
    For people: `boot0` says how that pin is raised on this board, `adapter` where an external serial adapter
    goes, `deaf` why the ROM does not answer at all; empty where there is nothing to say.
    """

    device_id: int
    entry: int
    baudrate: int
    over_vcp: bool
    program_unit: int
    id_address: int = 0
    startup_ms: int = 100
    boot0: str = ""
    adapter: str = ""
    deaf: str = ""


@dataclass(frozen=True)
class Loader:
    """This project's resident loader: it owns the first `size` bytes of the flash, whole sectors."""

    size: int


@dataclass(frozen=True)
class Led:
    """A light that the firmware may use: `pin` such as "PB0"."""

    pin: str
    active_high: bool


@dataclass(frozen=True)
class Dfsdm:
    """rate = bus clock / divider / oversampling."""

    divider: int
    oversampling: int


@dataclass(frozen=True)
class PdmMicrophone:
    """A PDM microphone on DFSDM1, which gives `rate` samples a second.

    `clock` and `data` are the pins of CKOUT and of the `channel`. `dfsdm` is None where the rate cannot be
    reached.
    """

    rate: int
    clock: str
    data: str
    channel: int
    alternate_function: int
    dfsdm: Dfsdm | None
    kind: Literal["dfsdm"] = "dfsdm"

    bits: ClassVar[int] = 16
    """Of a sample, as the firmware's driver gives it."""

    @property
    def pins(self) -> dict[str, str]:
        """The pins by the names of the board file."""
        return {"clock": self.clock, "data": self.data}


@dataclass(frozen=True)
class AudioPll:
    """SAI1's clock = hse_hz / m * n / p / divider.

    On the STM32F7 by PLLSAI, whose output Q PLLSAIDIVQ divides, on the STM32H7 by output P of PLL2.
    """

    m: int
    n: int
    p: int
    divider: int

    @property
    def total(self) -> int:
        """What n and the HSE are divided by."""
        return self.m * self.p * self.divider


@dataclass(frozen=True)
class I2sMicrophone:
    """A microphone with an I2S output on block A of SAI1, which gives `rate` samples a second.

    `clock`, `select` and `data` are the pins of SCK, WS and SD; `side` is what the microphone's L/R pin
    selects. `pll` is None where the rate cannot be reached.
    """

    rate: int
    clock: str
    select: str
    data: str
    side: Literal["left", "right"]
    pll: AudioPll | None
    kind: Literal["i2s"] = "i2s"

    bits: ClassVar[int] = 24

    @property
    def pins(self) -> dict[str, str]:
        """The pins by the names of the board file."""
        return {"clock": self.clock, "select": self.select, "data": self.data}


Microphone = PdmMicrophone | I2sMicrophone


@dataclass(frozen=True)
class Debug:
    """Names by which SWD tools know the board: an OpenOCD config, a pyOCD target, and the volume label of the
    USB drive that its ST-LINK shows, empty if it shows none.
    """

    openocd_config: str
    pyocd_target: str
    drive: str = ""


@dataclass(frozen=True)
class Emulator:
    """How the virtual board runs: `unicorn` (the package's own) or `qemu` with `machine`."""

    kind: Literal["unicorn", "qemu"]
    machine: str = ""


@dataclass(frozen=True)
class Board:
    """A board and its part.

    `regions` holds one flash region and the RAM regions in the order in which activations are placed, fastest
    first; `main_ram` names the region for stack, data and bss. `dma_ram` names the one that holds what DMA
    controllers write and nothing else, which start-up makes non-cacheable; it is empty where nothing needs
    that (QEMU). `sectors`, `bootloader`, `loader` and `debug` are empty or None where the board has no flash
    to program (QEMU).
    """

    name: str
    title: str
    part: str
    family: Family
    clock: Clock
    regions: tuple[Region, ...]
    main_ram: str
    stack_size: int
    uart: Uart
    dma_ram: str = ""
    sectors: tuple[Sector, ...] = ()
    bootloader: Bootloader | None = None
    loader: Loader | None = None
    led: Led | None = None
    microphone: Microphone | None = None
    debug: Debug | None = None
    emulator: Emulator | None = None

    @property
    def flash(self) -> Region:
        """The flash region that holds the image."""
        return next(region for region in self.regions if region.kind == "flash")

    @property
    def ram(self) -> tuple[Region, ...]:
        """The data RAM regions (ITCM is not among them), in placement order."""
        return tuple(region for region in self.regions if region.kind == "ram")

    def region(self, name: str) -> Region:
        """The region of that name; KeyError if there is none."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(name)
