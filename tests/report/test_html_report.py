"""report.html: self-contained, well-formed, the same for the same result, and safe against hostile names."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from edgel3_deploy.pipeline.manifest import MemoryUse
from edgel3_deploy.report.html_report import to_html
from edgel3_deploy.validate.result import Body, Source
from tests.report.sample import BUILD_ID, SHA, sample_report

VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Checks that elements nest, and collects text and the addresses that the page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.references: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.references += [value or "" for name, value in attributes if name in ("src", "href", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("body", ["silicon", "unicorn", "qemu"])
def test_the_page_is_well_formed_and_needs_nothing_else(body: Body) -> None:
    reader = read(to_html(sample_report(body=body)))
    assert "script" not in reader.elements and "link" not in reader.elements
    assert [reference[:22] for reference in reader.references] == ["data:image/png;base64,"]


def test_a_pass_says_what_was_equal() -> None:
    text = read(to_html(sample_report())).text
    assert "Pass: bit-exact" in text
    assert "All 40 output elements of 5 windows equal those of TFLite Micro" in text
    assert SHA in text and BUILD_ID in text
    assert "What this report does not prove" in text
    assert "one.wav: all samples are zero" in text


def test_a_failure_lists_what_differs() -> None:
    text = read(to_html(sample_report(wrong=((2, 5), (4, 1))))).text
    assert "Fail: not bit-exact" in text
    assert "2 of 40 output elements, in 2 of 5 windows, differ" in text
    assert "differs in 2" in text


def test_a_wrong_layer_behind_equal_outputs_is_named() -> None:
    report = sample_report()
    layers = (dataclasses.replace(report.layers[0], differing_windows=1), report.layers[1])
    text = read(to_html(dataclasses.replace(report, layers=layers))).text
    assert "Fail: a layer differs" in text
    assert re.search(r"first layer that differs is\s+conv1", text)


def test_hostile_names_stay_text() -> None:
    hostile = '<script>alert("x")</script>'
    report = sample_report(
        model_name=hostile,
        sources=(Source(hostile, 0, 3), Source("two & <b>.wav", 3, 2)),
        warnings=(hostile,),
        tools={hostile: hostile},
    )
    reader = read(to_html(report))
    assert "script" not in reader.elements
    assert reader.text.count(hostile) >= 4


def test_instructions_are_shown_on_qemu_and_times_hidden_on_the_virtual_board() -> None:
    assert "8.0 M" in to_html(sample_report(body="qemu"))
    virtual = read(to_html(sample_report())).text
    assert "no model of time" in virtual
    assert "8,000,000" not in virtual
    assert "37.0 ms" in to_html(sample_report(body="silicon"))


def test_without_a_float_network_the_page_says_so() -> None:
    report = sample_report(fidelity=None, fidelity_note="made from a .tflite")
    example = dataclasses.replace(report.example, float_embedding=None)
    text = read(to_html(dataclasses.replace(report, example=example))).text
    assert "no comparison with a float network: made from a .tflite" in text
    assert "Closeness" not in text


def test_layers_that_a_runtime_hides_are_not_claimed_equal() -> None:
    report = sample_report(layer_note="this runtime does not show the outputs of its layers", layer_windows=0)
    hidden = tuple(
        dataclasses.replace(layer, counter=None, differing_windows=None) for layer in report.layers
    )
    text = read(to_html(dataclasses.replace(report, layers=hidden))).text
    assert "not compared one by one: this runtime does not show" in text
    assert "✓" not in text


def test_no_budget_leaves_the_stack_alone_in_the_table() -> None:
    text = read(to_html(sample_report(budget=()))).text
    assert "stack, deepest use seen" in text


def test_a_silent_window_can_be_drawn() -> None:
    report = sample_report()
    flat = dataclasses.replace(
        report.example,
        spectrogram=np.zeros((64, 50), np.float32),
        board_embedding=np.zeros(8, np.float32),
        float_embedding=np.zeros(8, np.float32),
    )
    read(to_html(dataclasses.replace(report, example=flat)))


def test_the_same_result_gives_the_same_page() -> None:
    assert to_html(sample_report()) == to_html(sample_report())


def test_memory_over_time_is_drawn_with_a_legend_where_the_build_knows_it() -> None:
    memory = (MemoryUse("conv1's rows", "dtcm", 0, 60_000, 0, 1),)
    with_chart, without = to_html(sample_report(memory=memory)), to_html(sample_report())
    assert "<title>conv1&#39;s rows: 60,000 bytes of dtcm, conv1 to pool1</title>" in with_chart
    assert "rings: the last rows of a map" in read(with_chart).text
    assert 'class="memory"' not in without
