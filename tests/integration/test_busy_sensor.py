"""A virtual board whose network takes seconds for a window: who asks meanwhile is answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate import start
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import RefusedError
from edgel3_deploy.link.port import open_port
from edgel3_deploy.link.protocol import ErrorCode, SensorSource, SensorState
from edgel3_deploy.pipeline.builder import BuildRequest, build
from edgel3_deploy.pipeline.prepared import PreparedBuild, load_build

pytestmark = pytest.mark.slow

RATE = 48_000
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def thin_l3(repository: Path, arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedBuild:
    """A thin network of L3's shape, whose run takes more than a second here."""
    pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    output = tmp_path_factory.mktemp("thin") / "stm32f7"
    model = repository / "tests" / "data" / "thin-l3.tflite"
    build(BuildRequest(board=load_board("stm32f7"), model=str(model), output=output))
    return load_build(output)


@contextmanager
def computing(build: PreparedBuild, folder: Path) -> Iterator[Client]:
    """A board that computes its first window, and has heard more already."""
    heard = folder / "noise.wav"
    soundfile.write(heard, np.random.default_rng(1).normal(0, 0.1, 3 * RATE), RATE)
    with (
        start(build.board, image=build.bin, microphone=heard) as board,
        open_port(board.port, build.board.uart.baudrate) as port,
    ):
        client = Client(port)
        client.hello()
        deadline = time.monotonic() + PATIENCE_SECONDS
        client.start_sensor(SensorSource.MICROPHONE)
        while (sensor := client.read_sensor()).samples < RATE + 1:
            assert time.monotonic() < deadline
        assert sensor.windows == 0
        yield client


def test_who_comes_while_the_sensor_computes_is_greeted_at_once(
    thin_l3: PreparedBuild, tmp_path: Path
) -> None:
    with computing(thin_l3, tmp_path) as client:
        client.hello()
        assert client.identify().build_id.hex() == thin_l3.manifest.build_id
        assert client.memory().stack_peak < client.memory().stack_size
        assert client.read_summary() is None
        sensor = client.read_sensor()
        assert (sensor.state, sensor.windows, sensor.lost) == (SensorState.LISTENING, 0, 0)


def test_who_wants_the_network_has_it_behind_the_run(thin_l3: PreparedBuild, tmp_path: Path) -> None:
    with computing(thin_l3, tmp_path) as client:
        patient = client.run_timeout
        client.allow_run(0)
        with pytest.raises(RefusedError) as refused:
            client.load_input(bytes(512))
        assert refused.value.code == ErrorCode.BUSY
        client.allow_run(patient)
        client.load_input(bytes(512))
        sensor = client.read_sensor()
        assert (sensor.state, sensor.windows) == (SensorState.RESTING, 1)


def test_a_reset_does_not_wait(thin_l3: PreparedBuild, tmp_path: Path) -> None:
    with computing(thin_l3, tmp_path) as client:
        client.reset()
        client.hello()
        assert client.read_sensor().samples < RATE
