"""The link under the address and undefined-behaviour sanitizers, fed with requests, mutations and noise."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.protocol import MAX_BODY, PROTOCOL_VERSION
from tests.firmware.link.conftest import compile_harness

HELLO = encode_frame(Frame(0x01, 1, PROTOCOL_VERSION.to_bytes(2, "little")))

frames = st.builds(
    Frame,
    type=st.one_of(st.integers(1, 10), st.integers(0, 255)),
    sequence=st.integers(0, 255),
    body=st.one_of(
        st.binary(max_size=10),
        st.integers(0, 1300).flatmap(
            lambda offset: st.binary(max_size=520).map(lambda data: offset.to_bytes(4, "little") + data)
        ),
        st.binary(max_size=MAX_BODY),
    ),
).map(encode_frame)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame with a few bytes overwritten, and cut."""
    wire = bytearray(draw(frames))
    for _ in range(draw(st.integers(1, 3))):
        wire[draw(st.integers(0, len(wire) - 1))] = draw(st.integers(0, 255))
    return bytes(wire[: draw(st.integers(1, len(wire)))])


streams = st.lists(st.one_of(frames, damaged(), st.binary(max_size=1000)), max_size=30)


@pytest.fixture(scope="module")
def sanitized(host_gcc: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The harness as a program that stops at the first undefined behaviour."""
    output = tmp_path_factory.mktemp("sanitized") / "link"
    options = ("-DHARNESS_MAIN", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    return compile_harness(host_gcc, repository, output, *options)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(stream=streams)
def test_no_stream_of_bytes_breaks_the_session(sanitized: Path, stream: Sequence[bytes]) -> None:
    sent = HELLO + b"".join(stream) + HELLO + HELLO
    run = subprocess.run([sanitized], input=sent, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    assert run.stderr == b""
    replies = FrameDecoder().feed(run.stdout)
    assert replies[0].type == 0x81
    assert replies[-1].type == 0x81
