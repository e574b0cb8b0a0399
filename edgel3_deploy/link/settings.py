"""The settings of a board that runs, declared once.

`firmware/settings/table.h` and the section of `docs/protocol.md` are rendered from this declaration
(`edgel3_deploy.link.render`); a test fails when either differs. Keys are kept in the flash of boards: a key
is never given another meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgel3_deploy.boards.table import nearest
from edgel3_deploy.errors import UsageError

LABELS = 32
"""Labels that can have thresholds of their own."""

SettingType = Literal["u8", "u16", "u32", "i16"]


@dataclass(frozen=True)
class Setting:
    """One setting, or `count` of consecutive keys, called `name.0`, `name.1` and so on.

    `key` is its number in flash and on the wire, `type` what its value needs, `unit` that of the value;
    `default` counts until a value is stored, and values are `low` to `high`.
    """

    name: str
    key: int
    type: SettingType
    unit: str
    default: int
    low: int
    high: int
    doc: str
    count: int = 1


SETTINGS: tuple[Setting, ...] = (
    Setting("hop", 1, "u16", "ms", 1000, 100, 60_000, "from the start of one window to that of the next"),
    Setting("report_interval", 2, "u16", "s", 60, 1, 43_200, "from one summary to the next"),
    Setting(
        "gain", 3, "u32", "1/65536", 1 << 16, 1, 1 << 22, "factor on the microphone's samples; 65536 is one"
    ),
    Setting(
        "calibration",
        4,
        "i16",
        "1/100 dB",
        0,
        -6_000,
        20_000,
        "added to every level, from an acoustic calibrator",
    ),
    Setting("duty_cycle", 5, "u16", "s", 0, 0, 43_200, "from one waking to the next; 0 listens all the time"),
    Setting(
        "smoothing", 6, "u8", "windows", 1, 1, 255, "over how many windows labels are smoothed; 1 is none"
    ),
    Setting("node_id", 7, "u16", "", 0, 0, 65_535, "of the sensor, in its summaries"),
    Setting(
        "threshold_on",
        0x20,
        "u8",
        "1/256",
        128,
        0,
        255,
        "score from which a label is on; one for each label",
        LABELS,
    ),
    Setting("threshold_off", 0x40, "u8", "1/256", 102, 0, 255, "score below which it is off again", LABELS),
)


def setting_names() -> dict[str, tuple[int, Setting]]:
    """Every setting by its full name, such as `hop` and `threshold_on.3`: its key and its declaration."""
    names = {}
    for setting in SETTINGS:
        for number in range(setting.count):
            name = setting.name if setting.count == 1 else f"{setting.name}.{number}"
            names[name] = (setting.key + number, setting)
    return names


def parse_changes(texts: Sequence[str]) -> dict[str, int]:
    """New values by full name from texts such as `hop=500`.

    Raises UsageError for a text of another form, a name that is unknown or given twice, and a value that is
    out of range.
    """
    names = setting_names()
    changes: dict[str, int] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not re.fullmatch(r"-?[0-9]{1,10}", value):
            raise UsageError(f"'{text}' is no change of a setting", "Write NAME=NUMBER, such as hop=500.")
        if name not in names:
            several = next((s for s in SETTINGS if s.name == name and s.count > 1), None)
            hint = (
                f"Name one of them: {name}.0 to {name}.{several.count - 1}."
                if several
                else nearest(name, names)
            )
            raise UsageError(
                f"there is no setting '{name}'", hint or f"Settings: {', '.join(s.name for s in SETTINGS)}."
            )
        if name in changes:
            raise UsageError(f"'{name}' is given twice", "Give each setting once.")
        setting = names[name][1]
        if not setting.low <= int(value) <= setting.high:
            unit = f" {setting.unit}" if setting.unit else ""
            raise UsageError(
                f"{name} is {setting.low} to {setting.high}{unit}, not {value}", f"It means: {setting.doc}."
            )
        changes[name] = int(value)
    return changes
