"""The real firmware on the virtual boards: flashed, greeted, disturbed and validated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from edgel3_deploy.errors import LinkError
from edgel3_deploy.flash import flash_build
from edgel3_deploy.flash.virtual import port_to_run
from edgel3_deploy.link import client as client_module
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.framing import Frame, encode_frame
from edgel3_deploy.link.port import Port, open_port
from edgel3_deploy.pipeline.prepared import PreparedBuild
from edgel3_deploy.validate import validate_build
from tests.flash.test_virtual import build_small
from tests.link.pty_device import number_held
from tests.validate.prepared import numpy_layers


@pytest.fixture(scope="module")
def flashed(arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedBuild:
    """The small network, built for the STM32F7 and flashed into its virtual board."""
    pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    found = build_small("stm32f7", tmp_path_factory.mktemp("small"))
    flash_build(found, "virtual")
    return found


@contextmanager
def running(build: PreparedBuild) -> Iterator[tuple[Client, Port]]:
    with port_to_run(build.board, build.directory, build.elf) as path, open_port(path, 115_200) as port:
        yield Client(port), port


def test_the_virtual_stm32f7_is_bit_exact(flashed: PreparedBuild, recording: Path) -> None:
    report = validate_build(flashed, "virtual", [recording])
    assert (report.verdict, report.windows, report.layer_windows) == ("pass", 8, 1)
    assert report.inputs is not None
    assert (report.inputs.elements, report.inputs.differences) == (8 * 3200, ())
    assert report.device.body == "unicorn"
    assert 0 < report.device.memory.stack_peak < report.device.memory.stack_size


def test_the_running_firmware_makes_room_for_the_next_image(flashed: PreparedBuild, recording: Path) -> None:
    flash_build(flashed, "virtual")
    assert validate_build(flashed, "virtual", [recording], limit=1).verdict == "pass"


def test_qemu_is_bit_exact_and_counts_every_layer(
    arm_gcc: Path, qemu: Path, tmp_path: Path, recording: Path
) -> None:
    report = validate_build(build_small("mps2-an500", tmp_path), "virtual", [recording], limit=2)
    assert (report.verdict, report.device.body) == ("pass", "qemu")
    assert report.inputs is not None
    assert 500_000 < report.inputs.counter < 2_500_000
    counters = [layer.counter for layer in report.layers]
    assert all(isinstance(counter, int) for counter in counters)
    assert report.counter == pytest.approx(sum(counter or 0 for counter in counters), rel=0.01)
    assert report.counter > sum(layer.macs for layer in report.layers)


def test_the_firmware_survives_noise_text_and_damaged_frames(flashed: PreparedBuild) -> None:
    window = bytes(range(256)) * 12 + bytes(128)
    with running(flashed) as (client, port):
        client.hello()
        for noise in (
            b"\x7f" * 300,
            b"hello?\r\n",
            b"\x00\x00\x00",
            encode_frame(Frame(1, 1, b"ab"))[:-4] + b"\x00",
        ):
            port.write(noise)
            assert client.identify().board == "stm32f7"
        client.load_input(window)
        client.run(checksums=True)
        assert client.read_output(8) == numpy_layers(flashed)(window)[-1]


def test_the_firmware_names_its_protocol_version(
    flashed: PreparedBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(flashed) as (client, _):
        monkeypatch.setattr(client_module, "PROTOCOL_VERSION", 7)
        with pytest.raises(LinkError, match="speaks protocol version 4"):
            client.hello()


def test_the_firmware_refuses_what_is_out_of_order(flashed: PreparedBuild) -> None:
    with running(flashed) as (client, _):
        with pytest.raises(LinkError, match="refused 'identify': it restarted in the middle"):
            client.identify()
        client.hello()
        with pytest.raises(LinkError, match="no result to read"):
            client.read_output(8)
        with pytest.raises(LinkError, match="input tensor is incomplete"):
            client.run()
        with pytest.raises(LinkError, match="outside its tensors"):
            client.load_input(bytes(4_000))


def test_a_board_that_is_switched_off_is_noticed(flashed: PreparedBuild) -> None:
    with ExitStack() as held:
        with running(flashed) as (client, port):
            client.hello()
            path = port.path
            held.enter_context(number_held(path))
            client.reset()
            client.hello()
        with pytest.raises(LinkError, match=f"there is no port {path}"):
            open_port(path, 115_200)
