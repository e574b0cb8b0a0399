"""DFSDM1: it converts what its clocks, its filter and its pins let through."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.audio.compensate import sinc_db
from edgel3_deploy.emulate.microphone import BLOCK_SECONDS, Microphone
from edgel3_deploy.emulate.stm32.dfsdm import (
    CHCFGR1,
    CHCFGR2,
    CHEN,
    CKOUT,
    CR1,
    DELAY,
    DFEN,
    DFSDMEN,
    FAST,
    FCR,
    RCONT,
    RDATAR,
    RDMAEN,
    RSWSTART,
    Dfsdm,
    converted,
)

CHANNEL = 1
MODE = CHANNEL << 24 | FAST | RDMAEN | RCONT
FULL_SCALE = 50**4


class Tone(Microphone):
    """Half of full scale; remembers the rates that it was asked for."""

    def __init__(self) -> None:
        super().__init__(None)
        self.rates: list[float] = []

    def passed(self, rate: float, looked: bool) -> NDArray[np.float32]:
        self.rates.append(rate)
        return np.full(round(rate * BLOCK_SECONDS) if looked else 0, 0.5, np.float32)


@pytest.fixture
def tone() -> Tone:
    return Tone()


@pytest.fixture
def dfsdm(said: list[str], tone: Tone) -> Dfsdm:
    return Dfsdm(said.append, lambda: 108e6, tone)


def start(
    dfsdm: Dfsdm, *, divider: int = 45, mode: int = MODE, shift: int = 0, channel: int = CHEN | CKOUT
) -> None:
    """As the driver does."""
    dfsdm.write(CHCFGR1, divider - 1 << 16)
    dfsdm.write(CHCFGR1, divider - 1 << 16 | DFSDMEN)
    dfsdm.write(0x20 * CHANNEL + CHCFGR2, shift << 3)
    dfsdm.write(0x20 * CHANNEL + CHCFGR1, channel)
    dfsdm.write(FCR, 4 << 29 | 49 << 16)
    dfsdm.write(CR1, mode)
    dfsdm.write(CR1, mode | DFEN)
    dfsdm.write(CR1, mode | DFEN | RSWSTART)


def test_data_have_24_bits_above_their_channel(dfsdm: Dfsdm, tone: Tone) -> None:
    start(dfsdm)
    dfsdm.take(looked=True)
    words = dfsdm.take(looked=True)
    assert len(words) == 480
    assert tone.rates == [48_000.0] * 2
    assert set(words.tolist()) == {FULL_SCALE // 2 << 8 | CHANNEL}
    assert dfsdm.read(RDATAR) == words[-1]
    assert dfsdm.read(CR1) & RSWSTART == 0


def test_a_shift_makes_room(dfsdm: Dfsdm) -> None:
    start(dfsdm, shift=3)
    dfsdm.take(looked=True)
    assert dfsdm.take(looked=True)[0] >> 8 == FULL_SCALE // 2 >> 3


def settled(level: float, order: int) -> int:
    """What a constant is converted to."""
    return int(converted(np.full(100, level, np.float32), order, 50, 0)[-1])


def test_sums_saturate_and_are_signed() -> None:
    levels = (-1.0, 0.25, 1.0, 2.0)
    assert [settled(level, 4) for level in levels] == [-FULL_SCALE, FULL_SCALE // 4, FULL_SCALE, FULL_SCALE]
    assert [settled(level, 5) for level in levels] == [-(2**23), 2**23 - 1, 2**23 - 1, 2**23 - 1]


@pytest.mark.parametrize("frequency", [100.0, 1_000.0, 8_000.0, 16_000.0, 20_000.0])
def test_the_sinc_filter_takes_from_high_frequencies(frequency: float) -> None:
    tone = np.sin(2 * np.pi * frequency * np.arange(48_000) / 48_000) / 2
    words = converted(tone.astype(np.float32), 4, 50, 0)[480:].astype(float) / FULL_SCALE
    level = 10 * math.log10(8 * (words**2).mean())
    assert level == pytest.approx(sinc_db(np.array([frequency / 48_000]), 50)[0], abs=0.01)


def test_blocks_of_any_size_are_converted_as_one(
    dfsdm: Dfsdm, tone: Tone, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, 2_000).astype(np.float32)
    blocks = iter(np.split(noise, [1, 2, 33, 100, 700, 701]))
    monkeypatch.setattr(tone, "passed", lambda _rate, _looked: next(blocks))
    start(dfsdm)
    words = np.concatenate([dfsdm.take(looked=True) >> 8 for _ in range(7)])
    np.testing.assert_array_equal(words, converted(noise, 4, 50, 0))
    heard = np.correlate(words.astype(float), noise.astype(float), "full").argmax() - len(noise) + 1
    assert heard == DELAY


@pytest.mark.parametrize("missing", [FAST, RDMAEN, RCONT])
def test_nothing_comes_unless_all_is_set(dfsdm: Dfsdm, missing: int) -> None:
    start(dfsdm, mode=MODE & ~missing)
    assert len(dfsdm.take(looked=True)) == 0


def test_nothing_comes_before_the_start_and_after_a_reset(dfsdm: Dfsdm) -> None:
    assert len(dfsdm.take(looked=True)) == 0
    start(dfsdm)
    dfsdm.reset()
    assert len(dfsdm.take(looked=True)) == 0


def test_a_line_that_is_not_connected_stays_low(dfsdm: Dfsdm) -> None:
    dfsdm.connected = lambda channel: channel != CHANNEL
    start(dfsdm)
    assert dfsdm.take(looked=True)[0] >> 8 == -FULL_SCALE


@pytest.mark.parametrize("channel", [CHEN, CKOUT, CHEN | CKOUT | 1])
def test_the_channel_must_take_the_rising_edges_of_its_own_clock(dfsdm: Dfsdm, channel: int) -> None:
    start(dfsdm, channel=channel)
    assert dfsdm.take(looked=True)[0] >> 8 == -FULL_SCALE


def test_a_clock_that_the_microphone_does_not_take_is_told_once(dfsdm: Dfsdm, said: list[str]) -> None:
    start(dfsdm, divider=20)
    for _ in range(3):
        assert dfsdm.take(looked=True)[0] >> 8 == -FULL_SCALE
    assert said == ["CKOUT is 5.40 MHz, which the microphone does not take"]


def test_what_is_fixed_while_it_runs_cannot_be_written(dfsdm: Dfsdm, said: list[str]) -> None:
    start(dfsdm)
    dfsdm.write(CHCFGR1, 9 << 16 | DFSDMEN)
    dfsdm.write(FCR, 0)
    assert dfsdm.clock_hz == 2.4e6
    assert dfsdm.read(FCR) == 4 << 29 | 49 << 16
    assert len(said) == 2
