"""junit.xml: the verdict as test cases, which build servers show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from edgel3_deploy.validate.result import Report

_UNPRINTABLE = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def to_junit(report: Report) -> bytes:
    """One suite: the recordings, the input made of PCM, the layers, the labels. Failures say what differs."""
    cases = list(_cases(report))
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _text(f"{report.model_name} on {report.device.board.name}"),
            "tests": str(len(cases)),
            "failures": str(sum(bool(failure) for _, _, failure in cases)),
            "errors": "0",
            "skipped": "0",
            "timestamp": report.finished,
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("model_sha256", report.model_sha256), ("build_id", report.build_id)):
        ElementTree.SubElement(properties, "property", name=name, value=value)
    for group, name, failure in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=group, name=_text(name))
        if failure:
            ElementTree.SubElement(case, "failure", message=failure)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    content: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _cases(report: Report) -> Iterator[tuple[str, str, str]]:
    """Group, name and, if it failed, why."""
    wrong = {difference.window for difference in report.differences}
    for source in report.sources:
        count = len(wrong.intersection(range(source.first, source.first + source.windows)))
        why = f"{count} of {source.windows} windows differ from {report.reference}" if count else ""
        yield "recordings", source.name, why
    if report.inputs is not None:
        count, elements = len(report.inputs.differences), report.inputs.elements
        why = f"{count} of {elements} elements differ from the front end's twin" if count else ""
        yield "front end", "int8 input made of PCM", why
    for layer in report.layers:
        if layer.differing_windows is not None:
            why = f"differs in {layer.differing_windows} windows" if layer.differing_windows else ""
            yield "layers", layer.name, why
    if report.labels is not None:
        count = report.labels.differing_windows
        yield "labels", "scores", f"scores of {count} windows differ from the head's twin" if count else ""


def _text(text: str) -> str:
    """What XML 1.0 can hold of a text."""
    return _UNPRINTABLE.sub("\ufffd", text)
