"""The linked image, on an emulated Cortex-M7, computes what the reference computes, and names itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.emulate import start
from edgel3_deploy.graph.reference import run
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import open_port
from edgel3_deploy.pipeline.prepared import PreparedBuild, load_build


@pytest.fixture(params=["native", "cmsis-nn"])
def prepared(request: pytest.FixtureRequest, images: dict[str, Path], qemu: Path) -> PreparedBuild:
    """The small model built for QEMU with each runtime."""
    return load_build(images[f"mps2-an500 {request.param}"])


@pytest.fixture
def client(prepared: PreparedBuild) -> Iterator[Client]:
    """A session with the image running in QEMU."""
    board = prepared.board
    with start(board, image=prepared.elf) as virtual, open_port(virtual.port, board.uart.baudrate) as port:
        client = Client(port)
        client.hello()
        yield client


def test_outputs_are_bit_exact(client: Client, prepared: PreparedBuild) -> None:
    network = prepared.network
    for seed in range(4):
        values = np.random.default_rng(seed).integers(-128, 128, network.input.shape).astype(np.int8)
        client.load_input(values.tobytes())
        client.run()
        assert client.read_output(network.output.size) == run(network, values).tobytes()


def test_the_image_identifies_its_build(client: Client, prepared: PreparedBuild) -> None:
    identity = client.identify()
    assert identity.build_id.hex() == prepared.manifest.build_id
    assert identity.model_sha256.hex() == prepared.manifest.model_sha256
    assert (identity.runtime, identity.model) == (prepared.manifest.runtime, "small")
