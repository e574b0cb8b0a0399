"""SAI1: it takes from an I2S microphone what clocks, frame, slots, edge and pins let through."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.emulate.microphone import BLOCK_SECONDS, Microphone
from edgel3_deploy.emulate.stm32.sai import (
    CKSTR,
    CLRFR,
    CR1,
    CR2,
    DMAEN,
    DR,
    FRCR,
    FSDEF,
    FSOFF,
    FSPOL,
    MASTER_RECEIVER,
    NODIV,
    OVRUDR,
    SAIEN,
    SLOTR,
    SR,
    WCKCFG,
    Sai,
    sampled,
)

KERNEL_HZ = 12.288e6
DATA_24, DATA_32 = 6 << 5, 7 << 5
MODE = MASTER_RECEIVER | DATA_32 | CKSTR
FRAME = 63 | 31 << 8 | FSDEF | FSOFF
TWO_SLOTS = 2 << 6 | 1 << 8
LEFT, RIGHT = 1 << 16, 2 << 16
SAMPLE = 0x123456
SOUND = SAMPLE / 2**23


class Tone(Microphone):
    """Always the same sample; remembers the rates that it was asked for."""

    def __init__(self) -> None:
        super().__init__(None)
        self.rates: list[float] = []

    def passed(self, rate: float, looked: bool) -> NDArray[np.float32]:
        self.rates.append(rate)
        return np.full(round(rate * BLOCK_SECONDS), SOUND, np.float32)


@pytest.fixture
def tone() -> Tone:
    return Tone()


@pytest.fixture
def sai(said: list[str], tone: Tone) -> Sai:
    return Sai(said.append, lambda: KERNEL_HZ, tone, right=False)


def start(sai: Sai, *, mode: int = MODE, frame: int = FRAME, slots: int = TWO_SLOTS | LEFT) -> None:
    """As the driver does."""
    for register, value in ((CR1, mode), (CR2, 1 << 3), (FRCR, frame), (SLOTR, slots)):
        sai.write(register, value)
    sai.write(CR1, mode | DMAEN)
    sai.write(CR1, mode | DMAEN | SAIEN)


def heard(sai: Sai) -> list[int]:
    """The different words that come with a look."""
    return sorted(set(sai.take(looked=True).tolist()))


def test_a_sample_stands_in_the_upper_bits_of_its_slot(sai: Sai, tone: Tone) -> None:
    start(sai)
    words = sai.take(looked=True)
    assert words.tolist() == [SAMPLE << 8] * 480
    assert tone.rates == [48_000.0]
    assert sai.bit_clock_hz == 3.072e6
    assert sai.read(DR) == SAMPLE << 8


def test_samples_are_signed_and_saturate() -> None:
    samples = np.array([-2.0, -1.0, -(2.0**-23), 0.5, 1.0], np.float32)
    assert sampled(samples).tolist() == [-(2**23), -(2**23), -1, 2**22, 2**23 - 1]


def test_data_of_24_bits_stand_at_the_right(sai: Sai) -> None:
    start(sai, mode=MASTER_RECEIVER | DATA_24 | CKSTR)
    assert heard(sai) == [SAMPLE]


def test_the_slot_of_the_other_side_is_silent(sai: Sai) -> None:
    start(sai, slots=TWO_SLOTS | RIGHT)
    assert heard(sai) == [0]


def test_both_slots_take_turns(sai: Sai) -> None:
    start(sai, slots=TWO_SLOTS | LEFT | RIGHT)
    words = sai.take(looked=True)
    assert len(words) == 960
    assert words[:4].tolist() == [SAMPLE << 8, 0, SAMPLE << 8, 0]


def test_the_right_side_comes_in_the_second_slot_or_first_with_fs_the_other_way(
    said: list[str], tone: Tone
) -> None:
    for frame, slot in ((FRAME, RIGHT), (FRAME | FSPOL, LEFT)):
        right = Sai(said.append, lambda: KERNEL_HZ, tone, right=True)
        start(right, frame=frame, slots=TWO_SLOTS | slot)
        assert heard(right) == [SAMPLE << 8]


def test_without_the_delay_of_a_clock_a_sample_comes_a_bit_late(sai: Sai) -> None:
    start(sai, frame=FRAME & ~FSOFF)
    assert heard(sai) == [SAMPLE << 7]


def test_slots_of_16_bits_miss_the_sample_s_lower_part(sai: Sai) -> None:
    start(sai, mode=MASTER_RECEIVER | 4 << 5 | CKSTR, slots=1 << 6 | 1 << 8 | LEFT)
    assert heard(sai) == [SAMPLE >> 8]


def test_a_line_that_nobody_drives_floats_unless_it_is_pulled_down(sai: Sai) -> None:
    sai.pulled_down = lambda: False
    start(sai)
    words = sai.take(looked=True)
    assert {int(word) >> 8 for word in words} == {SAMPLE}
    assert len({int(word) & 0xFF for word in words}) > 100


@pytest.mark.parametrize("pulled_down", [True, False])
def test_pins_that_are_not_connected_bring_no_sound(sai: Sai, pulled_down: bool) -> None:
    sai.connected = lambda: False
    sai.pulled_down = lambda: pulled_down
    start(sai)
    assert (heard(sai) == [0]) == pulled_down
    assert SAMPLE << 8 not in heard(sai)


def test_without_a_microphone_there_is_silence(said: list[str], tone: Tone) -> None:
    mute = Sai(said.append, lambda: KERNEL_HZ, tone, right=None)
    start(mute)
    assert heard(mute) == [0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frame": FRAME ^ 1 << 8}, "WS does not change every 32 clocks"),
        ({"frame": FRAME & ~FSDEF}, "not the side"),
        ({"mode": MODE & ~CKSTR}, "falling edges"),
        ({"frame": 127 | 63 << 8 | FSDEF | FSOFF}, "SCK is 6.14 MHz"),
        ({"mode": MODE | 7 << 20}, "SCK is 0.44 MHz"),
    ],
)
def test_a_microphone_that_does_not_understand_is_silent_and_says_so_once(
    sai: Sai, said: list[str], changes: dict[str, int], reason: str
) -> None:
    start(sai, **changes)
    for _ in range(3):
        assert heard(sai) == [0]
    (line,) = said
    assert reason in line


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frame": FRAME - 1}, "63 bits does not divide the master clock"),
        ({"mode": MODE ^ MASTER_RECEIVER}, "not a master that receives"),
        ({"mode": MODE | 1 << 2}, "not a master that receives"),
        ({"mode": MASTER_RECEIVER | CKSTR}, "slots are smaller"),
        ({"slots": 1 << 6 | 1 << 8 | LEFT}, "slots are smaller"),
        ({"slots": 2 << 6 | 2 << 8 | LEFT}, "do not fit a frame"),
    ],
)
def test_what_cannot_work_does_not_start(
    sai: Sai, said: list[str], changes: dict[str, int], reason: str
) -> None:
    start(sai, **changes)
    assert not sai.read(CR1) & SAIEN
    assert len(sai.take(looked=True)) == 0
    assert reason in said[0]
    assert bool(sai.read(SR) & WCKCFG) == ("master clock" in reason)


def test_nothing_comes_without_a_clock(said: list[str], tone: Tone) -> None:
    dead = Sai(said.append, lambda: 0.0, tone, right=False)
    start(dead)
    assert len(dead.take(looked=True)) == 0
    assert "its clock does not run" in said[0]


@pytest.mark.parametrize(
    ("doubled", "mode", "divided_by"),
    [
        (False, 0, 4),
        (False, 1 << 20, 4),
        (False, 2 << 20, 8),
        (False, 1 << 26, 8),
        (True, 0, 4),
        (True, 1 << 20, 8),
        (True, 2 << 20, 16),
        (False, NODIV | 4 << 20, 4),
        (True, NODIV | 4 << 20, 1),
    ],
)
def test_dividers_of_both_families(
    said: list[str], tone: Tone, doubled: bool, mode: int, divided_by: int
) -> None:
    """With NODIV the STM32F7 ignores MCKDIV; without, it divides by twice MCKDIV."""
    sai = Sai(said.append, lambda: KERNEL_HZ, tone, right=False, doubled=doubled)
    start(sai, mode=MODE | mode)
    assert sai.bit_clock_hz == KERNEL_HZ / divided_by


def test_nothing_comes_before_the_start_and_after_a_reset(sai: Sai) -> None:
    assert len(sai.take(looked=True)) == 0
    start(sai)
    sai.reset()
    assert len(sai.take(looked=True)) == 0


def test_the_fifo_runs_over_when_no_dma_is_asked(sai: Sai) -> None:
    start(sai)
    sai.write(CR1, MODE | SAIEN)
    assert len(sai.take(looked=True)) == 0
    assert sai.read(SR) & OVRUDR
    sai.write(CLRFR, OVRUDR)
    assert not sai.read(SR) & OVRUDR


def test_settings_are_fixed_while_it_runs(sai: Sai, said: list[str]) -> None:
    start(sai)
    sai.write(FRCR, 31)
    sai.write(SLOTR, 0)
    sai.write(CR1, MODE | DMAEN | SAIEN | 1 << 20)
    assert (sai.read(FRCR), sai.read(SLOTR)) == (FRAME, TWO_SLOTS | LEFT)
    assert sai.bit_clock_hz == 3.072e6
    assert len(said) == 3
