"""What the I2S microphone's driver writes, in which order, and what it makes of the FIFO's overrun."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from tests.firmware.drivers.bench import Bench
from tests.firmware.registers.vendor_table import rows_of

BOARDS = [load_board("nucleo-f767zi"), load_board("stm32h7")]
RING, COUNT = 0x2000_2000, 1_000
CLOCKS, TAKEN = 0x2000_1000, 0x2000_1100
PLL = {"stm32f7": ("RCC_CR_PLLSAION", "RCC_CR_PLLSAIRDY"), "stm32h7": ("RCC_CR_PLL2ON", "RCC_CR_PLL2RDY")}


class Driver:
    """The driver on a bench, whose PLL becomes ready when it is switched on, unless `broken`."""

    def __init__(self, gcc: Path, board: Board, folder: Path, *, broken: bool = False) -> None:
        self.facts = {row.macro: row.value for row in rows_of(board)}
        sources = [
            f"drivers/{name}.c" for name in ("microphone", "microphone_sai", "dma_stm32", "counter_dwt")
        ]
        self.bench = Bench(gcc, board, folder, [*sources, f"drivers/audio_clock_{board.family}.c"], {})
        self.bench.words(CLOCKS, [board.clock.cpu_hz, board.clock.cpu_hz // 4, board.clock.cpu_hz // 2])
        on, ready = (self.facts[name] for name in PLL[board.family])

        def answer(bench: Bench, address: int, value: int) -> None:
            if address == self.facts["RCC_CR"] and value & on and not broken:
                bench.read_as(address, value | ready)

        self.bench.answer(answer)

    def start(self, size: int = COUNT) -> bool:
        return bool(self.bench.call("microphone_start", CLOCKS, RING, size) & 0xFF)

    def at(self, name: str, value: int | None = None) -> int:
        """When a register was written first, with a value or any; by its name in the table of constants."""
        writes = self.bench.writes
        found = [n for n, (at, what) in enumerate(writes) if at == self.facts[name] and value in (None, what)]
        assert found, name
        return found[0]


@pytest.fixture(params=BOARDS, ids=lambda board: board.name)
def board(request: pytest.FixtureRequest) -> Board:
    found: Board = request.param
    return found


@pytest.fixture
def driver(arm_gcc: Path, board: Board, tmp_path: Path) -> Driver:
    return Driver(arm_gcc, board, tmp_path)


def test_the_block_is_set_up_before_the_dma_and_enabled_after_it(driver: Driver) -> None:
    facts = driver.facts
    mode = facts["SAI_CR1_MODE_MASTER_RECEIVER"] | facts["SAI_CR1_DS_32"] | facts["SAI_CR1_CKSTR_RISING"]
    frame = facts["SAI_FRCR_FRL(64u)"] | facts["SAI_FRCR_FSALL(32u)"]
    frame |= facts["SAI_FRCR_FSDEF"] | facts["SAI_FRCR_FSOFF"]
    slots = facts["SAI_SLOTR_SLOTSZ_32"] | facts["SAI_SLOTR_NBSLOT(2u)"] | facts["SAI_SLOTR_SLOTEN(0u)"]
    assert driver.start()
    configured = [
        driver.at("SAI_CR1", mode),
        driver.at("SAI_CR2", facts["SAI_CR2_FFLUSH"]),
        driver.at("SAI_FRCR", frame),
        driver.at("SAI_SLOTR", slots),
    ]
    dma = driver.at("DMA_SXNDTR(2u, 3u)", COUNT)
    asked = driver.at("SAI_CR1", mode | facts["SAI_CR1_DMAEN"])
    enabled = driver.at("SAI_CR1", mode | facts["SAI_CR1_DMAEN"] | facts["SAI_CR1_SAIEN"])
    assert max(configured) < dma < asked < enabled
    assert driver.at("DMA_SXPAR(2u, 3u)", facts["SAI_DR_ADDRESS"]) < dma
    assert driver.at("DMA_SXM0AR(2u, 3u)", RING) < dma


def test_the_dma_serves_sai1_by_words(driver: Driver, board: Board) -> None:
    facts = driver.facts
    control = facts["DMA_SXCR_PL_HIGH"] | facts["DMA_SXCR_MINC"] | facts["DMA_SXCR_CIRC"]
    control |= facts["DMA_SXCR_PSIZE(2u)"] | facts["DMA_SXCR_MSIZE(2u)"]
    assert driver.start()
    if board.family == "stm32f7":
        control |= facts["SAI1_A_REQUEST"] << 25
    else:
        driver.at("DMAMUX1_CCR(2u, 3u)", facts["SAI1_A_REQUEST"])
    chosen = driver.at("DMA_SXCR(2u, 3u)", control)
    assert chosen < driver.at("DMA_SXCR(2u, 3u)", control | facts["DMA_SXCR_EN"])


def test_a_pll_that_does_not_start_is_told(arm_gcc: Path, board: Board, tmp_path: Path) -> None:
    driver = Driver(arm_gcc, board, tmp_path, broken=True)
    assert not driver.start()
    assert not [value for at, value in driver.bench.writes if at == driver.facts["SAI_CR1"]]


@pytest.mark.parametrize("size", [0, 999, 65_536])
def test_a_ring_of_another_size_is_refused(driver: Driver, size: int) -> None:
    assert not driver.start(size)


def test_an_overrun_of_the_fifo_is_counted_once(driver: Driver) -> None:
    assert driver.start()
    driver.bench.preset(driver.facts["DMA_SXNDTR(2u, 3u)"], COUNT)
    assert driver.bench.call("microphone_read", TAKEN, 10) == 0
    assert driver.bench.call("microphone_lost") == 0
    driver.bench.preset(driver.facts["SAI_SR"], driver.facts["SAI_SR_OVRUDR"])
    assert driver.bench.call("microphone_read", TAKEN, 10) == 0
    driver.at("SAI_CLRFR", driver.facts["SAI_SR_OVRUDR"])
    assert driver.bench.call("microphone_lost") == 1
    driver.bench.preset(driver.facts["SAI_SR"], 0)
    driver.bench.call("microphone_read", TAKEN, 10)
    assert driver.bench.call("microphone_lost") == 1


def test_words_become_signed_samples_of_24_bits(driver: Driver) -> None:
    assert driver.start()
    driver.bench.words(RING, [0x7FFF_FF00, 0x8000_00AA, 0xFFFF_FFFF, 0x1234_5600])
    driver.bench.preset(driver.facts["DMA_SXNDTR(2u, 3u)"], COUNT - 4)
    assert driver.bench.call("microphone_read", TAKEN, 10) == 4
    assert driver.bench.read_words(TAKEN, 4) == [0x7F_FFFF, 0xFF80_0000, 0xFFFF_FFFF, 0x12_3456]
