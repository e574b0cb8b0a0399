"""junit.xml: what build servers count is what the report found."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

from edgel3_deploy.report.junit import to_junit
from edgel3_deploy.validate.metrics import Difference
from edgel3_deploy.validate.result import InputResult, LabelScores, Source
from tests.report.sample import sample_report


def failures(content: bytes) -> dict[str, str | None]:
    """The message of each test case by its name, None where it passed."""
    suite = ElementTree.fromstring(content).find("testsuite")
    assert suite is not None
    cases = {str(case.get("name")): case.find("failure") for case in suite.iter("testcase")}
    found = {name: None if failure is None else failure.get("message") for name, failure in cases.items()}
    assert suite.get("tests") == str(len(found))
    assert suite.get("failures") == str(sum(message is not None for message in found.values()))
    return found


def test_a_pass_has_a_case_for_each_recording_and_layer() -> None:
    assert failures(to_junit(sample_report())) == {
        "one.wav": None,
        "two.wav": None,
        "conv1": None,
        "pool1": None,
    }


def test_failures_say_where_and_how_often() -> None:
    found = failures(to_junit(sample_report(wrong=((2, 5), (4, 1)))))
    assert found["one.wav"] == "1 of 3 windows differ from TFLite Micro"
    assert found["two.wav"] == "1 of 2 windows differ from TFLite Micro"
    assert found["pool1"] == "differs in 2 windows"
    assert found["conv1"] is None


def test_input_and_labels_count_too() -> None:
    report = sample_report()
    labels = LabelScores(("siren",), report.outputs.embeddings[:, :1], 2)
    inputs = InputResult(16_000, (Difference(0, 1, 2, 3),), 1, 0, 0)
    found = failures(to_junit(dataclasses.replace(report, labels=labels, inputs=inputs)))
    assert found["int8 input made of PCM"] == "1 of 16000 elements differ from the front end's twin"
    assert found["scores"] == "scores of 2 windows differ from the head's twin"


def test_names_that_xml_cannot_hold_are_replaced() -> None:
    report = sample_report(sources=(Source('<&"\x1b[0m', 0, 3), Source("two.wav", 3, 2)))
    assert '<&"\ufffd[0m' in failures(to_junit(report))
