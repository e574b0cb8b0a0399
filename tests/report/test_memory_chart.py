"""Memory over time: everything in RAM is in the picture, where it lies and as long as it lives."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from edgel3_deploy.pipeline.manifest import MemoryUse
from edgel3_deploy.report.memory_chart import MemoryChart, memory_chart, memory_held
from edgel3_deploy.toolchain.budget import Usage
from edgel3_deploy.validate.result import Report
from tests.report.sample import sample_report

MEMORY = (
    MemoryUse("conv1's rows", "dtcm", 0, 16_000, 0, 1),
    MemoryUse("conv1's scratch", "dtcm", 16_000, 8_000, 0, 0),
    MemoryUse("pool1's output", "dtcm", 16_000, 4_000, 1, 1),
    MemoryUse("conv1's decoded lists", "sram1", 0, 44_000, 0, 1),
)


def report(**changes: Any) -> Report:
    """Two steps, conv1 and pool1, with 3,200 bytes of input, 8 of output, 8,192 of stack."""
    budget = (
        Usage("RAM", 80_400, 512 << 10),
        Usage("dtcm", 36_400, 128 << 10),
        Usage("sram1", 44_000, 368 << 10),
    )
    return dataclasses.replace(sample_report(memory=MEMORY, budget=budget), **changes)


def drawn(shown: Report) -> MemoryChart:
    chart = memory_chart(shown, width=200, height=100)
    assert chart is not None
    return chart


def test_the_sizes_add_up_to_what_the_image_uses() -> None:
    held = memory_held(report())
    for region, used in (("dtcm", 36_400), ("sram1", 44_000)):
        members = [use for use in held if use.region == region]
        assert max(use.offset + use.size for use in members) == used


def test_what_stays_lies_above_the_arena_and_lives_through_all_steps() -> None:
    above = [use for use in memory_held(report()) if use.region == "dtcm" and use.offset >= 24_000]
    assert [(use.label, use.offset, use.size) for use in above] == [
        ("input", 24_000, 3_200),
        ("output", 27_200, 8),
        ("stack", 27_208, 8_192),
        ("data", 35_400, 1_000),
    ]
    assert {(use.first, use.last) for use in above} == {(0, 1)}


def test_colours_follow_what_the_plan_calls_it() -> None:
    assert [use.kind for use in memory_held(report())[:4]] == ["ring", "scratch", "map", "weights"]


def test_a_build_that_lists_nothing_has_no_picture() -> None:
    assert memory_held(report(memory=())) == ()
    assert memory_chart(report(memory=())) is None


def test_boxes_are_as_wide_as_their_lives_and_as_high_as_their_bytes() -> None:
    dtcm, sram = drawn(report()).panels
    ring, scratch, pool, *_ = dtcm.boxes
    assert (ring.x, ring.width) == (0, 200)
    assert (scratch.x, scratch.width) == (0, 100)
    assert (pool.x, pool.width) == (100, 100)
    assert ring.y + ring.height == pytest.approx(dtcm.top + dtcm.height, abs=0.02)
    assert ring.height / scratch.height == pytest.approx(2, rel=0.01)
    assert scratch.y + scratch.height == pytest.approx(ring.y, abs=0.02)
    assert sram.top > dtcm.top + dtcm.height
    assert all(dtcm.top <= box.y for box in dtcm.boxes)


def test_a_title_says_it_all_and_text_stands_only_where_there_is_room() -> None:
    ring, scratch, *_ = drawn(report()).panels[0].boxes
    assert ring.title == "conv1's rows: 16,000 bytes of dtcm, conv1 to pool1"
    assert scratch.title == "conv1's scratch: 8,000 bytes of dtcm, conv1"
    assert scratch.text == ""
    chart = memory_chart(report(), height=800)
    assert chart is not None
    assert chart.panels[0].boxes[0].text == "conv1's rows 16,000"


def test_regions_that_hold_nothing_are_left_out() -> None:
    only = report(memory=MEMORY[:3], budget=(Usage("dtcm", 36_400, 128 << 10),))
    assert [panel.name for panel in drawn(only).panels] == ["dtcm"]


def test_ticks_are_round() -> None:
    assert [tick.label for tick in drawn(report()).panels[0].ticks] == ["0", "128 K"]


def labels(*names: str, width: float = 1000) -> list[str]:
    one = report().layers[0]
    layers = tuple(dataclasses.replace(one, name=name) for name in names)
    chart = memory_chart(report(layers=layers), width=width)
    assert chart is not None
    return [step.label for step in chart.steps]


def test_labels_of_many_steps_do_not_touch() -> None:
    assert labels("conv1", "conv2 + pool1") == ["conv1", "conv2 + pool1"]
    assert labels("conv1", "conv2 + pool1", width=150) == ["conv1", "conv2"]
    assert labels(*(f"conv{index}" for index in range(40)))[:3] == ["conv0", "conv2", "conv4"]
