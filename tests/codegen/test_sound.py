"""The sound path's tables as C hold the exact values; tests/firmware/sound compiles and runs them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edgel3_deploy.audio.compensate import taps
from edgel3_deploy.audio.condition import shift
from edgel3_deploy.audio.decimate import filters
from edgel3_deploy.audio.sound_level import weighting
from edgel3_deploy.codegen.sound import SOURCE, sound_files, sound_tables
from edgel3_deploy.errors import BadInputError


def test_taps_and_coefficients_are_exact() -> None:
    text = sound_files(48_000, 8_000)[SOURCE].decode()
    arrays = re.findall(r"_taps_\d\[\d+\] [^=]*= \{([^}]*)\}", text)
    for array, stage in zip(arrays, filters(48_000, 8_000), strict=True):
        assert [int(number) for number in re.findall(r"-?\d+", array)] == stage.taps.tolist()
    curve = weighting(48_000)
    written = [np.float32(float.fromhex(number)) for number in re.findall(r"(-?0x[0-9a-f.]+p[+-]\d+)F", text)]
    assert written == [*curve.poles, *curve.biquad, curve.rise, curve.decay]
    assert f".mean_step = 1 << {32 - shift(48_000)}," in text
    assert f".offset = {curve.offset}," in text


def test_taps_of_the_compensation_are_there_where_they_are_asked_for() -> None:
    assert ".compensation = 0," in sound_files(48_000, 8_000)[SOURCE].decode()
    text = sound_files(48_000, 8_000, compensated=True)[SOURCE].decode()
    found = re.search(r"_compensation\[SOUND_COMPENSATION\] [^=]*= \{([^}]*)\}", text)
    assert found
    assert [int(number) for number in re.findall(r"-?\d+", found[1])] == taps().tolist()
    assert ".compensation = sound_tables_compensation," in text


def test_equal_rates_have_no_filters() -> None:
    text = sound_tables(48_000, 48_000).decode()
    assert "taps" not in text
    assert ".filters = 0,\n    .filter_count = 0," in text


def test_the_same_rates_give_the_same_bytes() -> None:
    assert sound_tables(16_000, 8_000) == sound_tables(16_000, 8_000)


@pytest.mark.parametrize(("rate", "target"), [(44_100, 8_000), (16_000, 48_000)])
def test_other_rates_are_refused(rate: int, target: int) -> None:
    with pytest.raises(BadInputError, match=str(rate)):
        sound_files(rate, target)


def test_the_name_is_an_identifier() -> None:
    with pytest.raises(BadInputError):
        sound_tables(48_000, 8_000, "x[1]; int y")
