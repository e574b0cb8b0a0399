"""MLPerf Tiny's console between the frames: what its runner sends, and what it reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.firmware.link.conftest import Firmware, compile_harness

INPUT = bytes(value % 100 for value in range(1300))
FAILING_COMMAND = 103
BYTES_A_COMMAND = 31
"""As the public runner sends them."""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, host_gcc: Path, repository: Path) -> Path:
    folder = tmp_path_factory.mktemp("console")
    return compile_harness(host_gcc, repository, folder / "console.so", "-shared", "-fPIC")


@pytest.fixture
def console(library: Path) -> Firmware:
    return Firmware(library)


def tell(console: Firmware, command: str) -> list[str]:
    """The lines of the answer, without the m-ready that ends it."""
    lines = console.feed(f"{command}%".encode()).decode("ascii").split("\r\n")
    assert lines[-2:] == ["m-ready", ""]
    return lines[:-2]


def load(console: Firmware, data: bytes = INPUT) -> list[str]:
    assert tell(console, f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
    answers = []
    for at in range(0, len(data), BYTES_A_COMMAND):
        answers += tell(console, f"db {data[at : at + BYTES_A_COMMAND].hex()}")
    return answers


def test_name_and_profile_have_the_runners_form(console: Firmware) -> None:
    assert tell(console, "name") == ["m-name-dut-[host]"]
    assert tell(console, "profile") == ["m-profile-[edgel3-deploy 040506000000]", "m-model-[fake]"]
    assert tell(console, "help")[0].startswith("name")


def test_inference_gives_laps_and_results(console: Firmware) -> None:
    assert load(console) == ["m-load-done"]
    assert tell(console, "infer 3 2")[:3] == ["m-warmup-start-2", "m-warmup-done", "m-infer-start-3"]
    laps = [int(line.removeprefix("m-lap-us-")) for line in tell(console, "infer 1 0") if "lap" in line]
    assert len(laps) == 2
    assert laps[0] < laps[1]
    # The scores are the output's first two elements, exchanged, and the output is the input, inverted.
    scores = [(((value ^ 0x55) + 128) % 256 - 128 + 128) / 256 for value in (INPUT[1], INPUT[0])]
    (results,) = tell(console, "results")
    found = re.fullmatch(r"m-results-\[([0-9.,]+)\]", results)
    assert found is not None
    assert found[1] == ",".join(f"{score:.6f}" for score in scores)


def test_the_time_is_in_microseconds(console: Firmware) -> None:
    """The harness's counter has 1,000 units a second and takes 10 at each look."""
    (first,), (second,) = tell(console, "timestamp"), tell(console, "timestamp")
    assert int(second.removeprefix("m-lap-us-")) - int(first.removeprefix("m-lap-us-")) == 10_000


def test_the_input_can_be_read_back(console: Firmware) -> None:
    load(console)
    lines = tell(console, "db print")
    assert lines[0] == "m-buffer-00-01-02-03-04-05-06-07"
    assert bytes.fromhex("".join(line.removeprefix("m-buffer-") for line in lines).replace("-", "")) == INPUT


def test_frames_and_commands_share_the_line(console: Firmware) -> None:
    console.greet()
    load(console)
    assert tell(console, "infer 1 0")[-1].startswith("m-results-[")
    name, values = console.ask("read_output", offset=0, length=2)
    assert (name, values) == ("read_output", {"data": bytes(value ^ 0x55 for value in INPUT[:2])})
    assert tell(console, "name") == ["m-name-dut-[host]"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("nonsense", "e-[unknown command]"),
        ("infer 0", "e-[infer takes a number above 0 and a number of warmups]"),
        ("infer -1 0", "e-[infer takes a number above 0 and a number of warmups]"),
        ("infer 1 0", "e-[the input is not loaded]"),
        ("results", "e-[no results: infer first]"),
        ("db", "e-[db takes load, print or bytes]"),
        ("db load 5", "e-[db load takes 1300, the bytes of the input]"),
        ("db load 99999999999", "e-[db load takes 1300, the bytes of the input]"),
        ("db 00", "e-[db load first]"),
        ("x" * 81, "e-[the command is too long]"),
        ("db " + "0" * 500, "e-[the command is too long]"),
    ],
)
def test_what_cannot_be_done_is_said(console: Firmware, command: str, said: str) -> None:
    assert tell(console, command) == [said]
    assert tell(console, "name") == ["m-name-dut-[host]"]


@pytest.mark.parametrize("digits", ["0", "000", "0g", "g0"])
def test_digits_that_are_none_are_refused(console: Firmware, digits: str) -> None:
    tell(console, "db load 1300")
    assert tell(console, f"db {digits}") == ["e-[no pairs of hexadecimal digits]"]


def test_a_layer_that_fails_is_named(console: Firmware) -> None:
    load(console, bytes([FAILING_COMMAND]) + bytes(1299))
    assert tell(console, "infer 1 0")[-1] == "e-[layer 2 failed]"


@given(text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300))
def test_any_text_is_answered_and_harms_nothing(library: Path, text: str) -> None:
    console = Firmware(library)
    console.feed(f"{text}%".encode())
    assert tell(console, "name") == ["m-name-dut-[host]"]


@pytest.mark.parametrize("wrong", ["0", "0g", "00112", "0011zz", "00-1"])
def test_a_line_that_is_refused_takes_no_byte(console: Firmware, wrong: str) -> None:
    tell(console, f"db load {len(INPUT)}")
    tell(console, f"db {INPUT[:3].hex()}")
    assert tell(console, f"db {wrong}") == ["e-[no pairs of hexadecimal digits]"]
    assert tell(console, "db print") == ["m-buffer-00-01-02"]
