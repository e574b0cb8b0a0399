"""The PLL of SAI1 reaches the rate, exactly on the boards that are built in, and stays within its limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import AudioPll, Family, I2sMicrophone, Pll
from edgel3_deploy.boards.pll import MHZ, PLL_LIMITS
from edgel3_deploy.boards.sai import CLOCKS_PER_SAMPLE, MAX_ERROR, solve_audio_pll
from edgel3_deploy.boards.sample_rate import sample_rate
from edgel3_deploy.link.protocol import MAX_BODY


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7"])
def test_microphones_of_the_boards_are_sampled_at_exactly_their_rate(name: str) -> None:
    board = load_board(name)
    assert board.microphone is not None
    assert sample_rate(board) == board.microphone.rate == 48_000


def test_the_main_pll_of_the_stm32f7_divides_its_input_as_the_microphone_wants_it() -> None:
    """Both multiply 8 MHz / 5; with the highest reference, 8 MHz / 4, the rate would be 186 ppm off."""
    board = load_board("nucleo-f767zi")
    assert isinstance(board.microphone, I2sMicrophone)
    assert board.microphone.pll == AudioPll(m=5, n=192, p=5, divider=5)
    assert board.clock.pll == Pll(m=5, n=270, p=2)
    nearest = solve_audio_pll("stm32f7", 8 * MHZ, 48_000, [4])
    assert nearest is not None
    assert round(1e6 * (8 * MHZ * nearest.n / nearest.total / CLOCKS_PER_SAMPLE / 48_000 - 1)) == -186


def test_without_an_i2s_microphone_the_main_pll_has_the_highest_reference(tmp_path: Path) -> None:
    file = tmp_path / "mute.toml"
    file.write_text('based_on = "nucleo-f767zi"\n[microphone]\nkind = "none"\n')
    assert load_board(file).clock.pll == Pll(m=4, n=216, p=2)


def test_other_crystals_come_as_near_as_they_can(tmp_path: Path) -> None:
    file = tmp_path / "crystal.toml"
    file.write_text('based_on = "nucleo-f767zi"\n[clock]\nhse_hz = 25_000_000\n')
    board = load_board(file)
    assert round(1e6 * (sample_rate(board) / 48_000 - 1)) == -186


@given(
    family=st.sampled_from(list(PLL_LIMITS)),
    hse_hz=st.integers(4 * MHZ, 50 * MHZ),
    rate=st.sampled_from([8_000, 16_000, 48_000]),
    m=st.integers(2, 63),
)
def test_what_is_found_keeps_all_limits(family: Family, hse_hz: int, rate: int, m: int) -> None:
    pll = solve_audio_pll(family, hse_hz, rate, [m])
    if pll is None:
        return
    reference = hse_hz / m
    assert pll.m == m
    assert abs(reference * pll.n / (pll.p * pll.divider * CLOCKS_PER_SAMPLE) / rate - 1) <= MAX_ERROR
    if family == "stm32f7":
        assert 1 * MHZ <= reference <= 2 * MHZ
        assert 50 <= pll.n <= 432
        assert 100 * MHZ <= reference * pll.n <= 432 * MHZ
        assert 2 <= pll.p <= 15
        assert 1 <= pll.divider <= 32
    else:
        assert 1 * MHZ <= reference <= 16 * MHZ
        assert 4 <= pll.n <= 512
        low, high = (150, 420) if reference < 2 * MHZ else (192, 836)
        assert low * MHZ <= reference * pll.n <= high * MHZ
        assert 1 <= pll.p <= 128
        assert pll.divider == 1


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7"])
def test_the_ring_in_the_memory_for_dma_outlasts_the_longest_reply(name: str) -> None:
    """The sensor's ring is what 4 KB leave of it (firmware/application/sensor.c), of which 7/8 may wait."""
    board = load_board(name)
    assert board.microphone is not None
    width = 2 if board.microphone.bits == 16 else 4
    samples = (board.region(board.dma_ram).size - 4096) // width
    reply_seconds = 10 * (MAX_BODY + 16) / board.uart.baudrate
    assert samples * 7 / 8 / board.microphone.rate > 1.4 * reply_seconds
