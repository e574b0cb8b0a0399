"""The declaration of settings holds together, and a client reads and changes them."""

from __future__ import annotations

import pytest

from edgel3_deploy.link.settings import SETTINGS, Setting, setting_names

RANGES = {"u8": (0, 255), "u16": (0, 65_535), "u32": (0, 2**31 - 1), "i16": (-32_768, 32_767)}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_defaults_are_in_range_and_ranges_in_type(setting: Setting) -> None:
    low, high = RANGES[setting.type]
    assert low <= setting.low <= setting.default <= setting.high <= high


def test_every_key_and_every_name_is_there_once() -> None:
    names = setting_names()
    keys = [key for key, _ in names.values()]
    assert len(names) == sum(setting.count for setting in SETTINGS) == len(set(keys))
    # Key 0 is the record that makes a sector count.
    assert min(keys) >= 1


def test_settings_that_there_are_several_of_are_numbered() -> None:
    key, setting = setting_names()["threshold_on.31"]
    assert (key, setting.name) == (0x20 + 31, "threshold_on")
    assert "threshold_on" not in setting_names()
