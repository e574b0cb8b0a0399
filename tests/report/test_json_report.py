"""report.json: keys that other tools rely on, and nothing that JSON cannot say."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from edgel3_deploy.pipeline.manifest import MemoryUse
from edgel3_deploy.plan.table import ScheduleRow
from edgel3_deploy.report.json_report import LISTED_DIFFERENCES, to_json
from tests.report.sample import BUILD_ID, EMBEDDING, SHA, sample_report


def test_the_keys_of_a_passed_validation() -> None:
    content = to_json(sample_report())
    assert (content["verdict"], content["bit_exact"], content["windows"]) == ("pass", True, 5)
    assert set(content["metrics"]) == {
        "cosine_min",
        "cosine_p5",
        "cosine_median",
        "sqnr_db",
        "rmse",
        "max_abs_error",
    }
    assert content["device"]["board"] == "stm32f7"
    assert content["device"]["runtime"] == "native"
    assert (content["device"]["model_sha256"], content["device"]["build_id"]) == (SHA, BUILD_ID)
    assert content["device"]["counter_unit"] == "cpu_cycles"
    assert content["device"]["memory"] == {
        "stack_peak": 708,
        "stack_size": 8_192,
        "data_size": 352,
        "arena_size": 204_800,
    }
    assert content["recordings"][1] == {"name": "two.wav", "first": 3, "windows": 2}


def test_qemu_reports_instructions() -> None:
    content = to_json(sample_report(body="qemu"))
    assert content["instructions_per_inference"] == 8_001_000
    assert [layer["instructions"] for layer in content["layers"]] == [8_000_000, 1_000]
    assert content["timing"]["meaningful"] is True


def test_a_chip_reports_cycles_and_milliseconds() -> None:
    content = to_json(sample_report(body="silicon"))
    assert content["cycles_per_inference"] == 8_001_000
    assert content["milliseconds_per_inference"] == pytest.approx(37.042, abs=1e-3)
    assert content["layers"][0]["cycles"] == 8_000_000
    assert content["layers"][0]["milliseconds"] == pytest.approx(37.037, abs=1e-3)


def test_the_virtual_board_reports_no_times() -> None:
    content = to_json(sample_report(body="unicorn"))
    assert content["timing"]["meaningful"] is False
    assert "no model of time" in content["timing"]["note"]
    assert not any("per_inference" in key for key in content)
    assert not {"cycles", "instructions", "milliseconds"} & set(content["layers"][0])


def test_differences_are_counted_and_the_first_ones_listed() -> None:
    content = to_json(sample_report(wrong=((2, 5), (4, 1), (4, 2))))
    assert (content["verdict"], content["bit_exact"]) == ("fail", False)
    assert (content["differences"]["count"], content["differences"]["windows"]) == (3, 2)
    second = content["differences"]["first"][1]
    assert (second["window"], second["element"], second["recording"], second["seconds"]) == (
        4,
        1,
        "two.wav",
        0.1,
    )
    assert second["got"] == second["expected"] + 1


def test_the_list_of_differences_is_bounded() -> None:
    report = sample_report(wrong=((2, 5),))
    many = dataclasses.replace(report, differences=report.differences * 500)
    content = to_json(many)
    assert content["differences"]["count"] == 500
    assert len(content["differences"]["first"]) == LISTED_DIFFERENCES


def test_a_layer_that_differs_fails_even_behind_equal_outputs() -> None:
    report = sample_report()
    layers = (dataclasses.replace(report.layers[0], differing_windows=1), report.layers[1])
    content = to_json(dataclasses.replace(report, layers=layers))
    assert (content["verdict"], content["bit_exact"]) == ("fail", True)


def test_without_a_float_network_metrics_are_null_and_say_why() -> None:
    content = to_json(sample_report(fidelity=None, fidelity_note="no float network"))
    assert (content["metrics"], content["metrics_note"]) == (None, "no float network")


def test_infinity_is_null() -> None:
    report = sample_report()
    assert report.fidelity is not None
    perfect = dataclasses.replace(report.fidelity, sqnr_db=math.inf)
    content = to_json(dataclasses.replace(report, fidelity=perfect))
    assert content["metrics"]["sqnr_db"] is None
    json.dumps(content, allow_nan=False)


def test_values_are_plain_json() -> None:
    content = to_json(sample_report(wrong=((0, EMBEDDING - 1),)))
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_memory_over_time_is_listed_as_it_is_drawn() -> None:
    memory = (MemoryUse("conv1's rows", "dtcm", 0, 60_000, 0, 1),)
    first, *others = to_json(sample_report(memory=memory))["memory_over_time"]
    assert first == {
        "label": "conv1's rows",
        "kind": "ring",
        "region": "dtcm",
        "offset": 0,
        "size": 60_000,
        "first": 0,
        "last": 1,
    }
    assert [use["label"] for use in others] == ["input", "output", "stack"]
    assert to_json(sample_report())["memory_over_time"] == []


def test_a_schedule_is_numbers_as_plan_prints_them() -> None:
    row = ScheduleRow(1, "conv1", (64, 50, 32), 12, "direct", "", 9, 8, 7, "4 of 64", "dtcm +0x01234")
    note = "optimized for size: it is asked for"
    content = to_json(dataclasses.replace(sample_report(), schedule=(row,), schedule_note=note))
    assert content["schedule"]["steps"] == [dataclasses.asdict(row)]
    assert content["schedule"]["note"] == note
