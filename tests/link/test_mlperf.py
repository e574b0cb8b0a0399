"""The host's side of the console, against answers as boards and strangers give them."""

from __future__ import annotations

from typing import cast

import pytest

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.mlperf import Console
from edgel3_deploy.link.port import Port


class Scripted:
    """A port on which each command is answered with the next text."""

    path = "/dev/ttyX"

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []
        self.waiting = b""
        self.parts = 2

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self.waiting = self.answers.pop(0) if self.answers else b""

    def read(self, timeout: float) -> bytes:
        # In pieces, as lines come.
        part = self.waiting[: len(self.waiting) // self.parts + 1]
        self.waiting = self.waiting[len(part) :]
        return part


def console(*answers: bytes) -> tuple[Console, Scripted]:
    port = Scripted(*answers)
    return Console(cast(Port, port)), port


def test_a_command_ends_with_a_percent_sign_and_gives_lines() -> None:
    asked, port = console(b"m-name-dut-[x]\r\nm-ready\r\n")
    assert asked.tell("name") == ["m-name-dut-[x]"]
    assert port.sent == [b"name%"]


def test_the_input_is_sent_as_the_runner_sends_it() -> None:
    asked, port = console(b"m-ready\r\n", b"m-ready\r\n", b"m-load-done\r\nm-ready\r\n")
    asked.load(bytes(range(40)))
    assert port.sent == [
        b"db load 40%",
        b"db " + bytes(range(31)).hex().encode() + b"%",
        b"db " + bytes(range(31, 40)).hex().encode() + b"%",
    ]


def test_results_are_numbers() -> None:
    asked, _ = console(b"m-infer-done\r\nm-results-[0.500000,-1.250000]\r\nm-ready\r\n")
    assert asked.infer(60) == [0.5, -1.25]


def test_an_answer_that_has_come_counts_however_late_the_host_looks() -> None:
    asked, port = console(b"m-ready\r\n")
    port.parts = 1
    assert asked.tell("name", timeout=0) == []


@pytest.mark.parametrize("answer", [b"", b"NMEA 1,2,3\r\n", b"m-ready"])
def test_who_has_no_console_is_told(answer: bytes) -> None:
    asked, _ = console(answer)
    with pytest.raises(LinkError, match="no console of MLPerf Tiny answers on /dev/ttyX") as refused:
        asked.tell("name", timeout=0.05)
    assert "--console mlperf" in refused.value.hint


def test_a_refusal_is_passed_on_without_escape_sequences() -> None:
    asked, _ = console(b"e-[no\x1b[2J]\r\nm-ready\r\n")
    with pytest.raises(LinkError, match=r"refuses 'infer 1 0': e-\[no\\x1b\[2J\]"):
        asked.infer(60)


@pytest.mark.parametrize("answer", [b"m-results-[]", b"m-results-[a]", b"m-results-[1e9]", b"nothing"])
def test_results_that_are_none_are_refused(answer: bytes) -> None:
    asked, _ = console(answer + b"\r\nm-ready\r\n")
    with pytest.raises(LinkError, match="answers 'infer' with"):
        asked.infer(60)
