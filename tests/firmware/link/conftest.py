"""The firmware's link code compiled for the host."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from edgel3_deploy.link.codec import Value, decode, encode, reply_by_id, request
from edgel3_deploy.link.framing import Frame, FrameDecoder, encode_frame
from edgel3_deploy.link.protocol import PROTOCOL_VERSION, Role
from tests.firmware.host.compile import compile_firmware
from tests.firmware.stand_in import HEADER, write_header

HERE = Path(__file__).resolve().parent


NETWORK = HERE.parent / "fake_network" / "network.c"


def compile_harness(
    gcc: Path,
    repository: Path,
    output: Path,
    *options: str,
    network: Path = NETWORK,
    header: bytes = HEADER,
) -> Path:
    """The link sources, a stand-in network and the harness in one binary."""
    own = ("-DFIRMWARE_CONSOLE=1", write_header(output.parent, header))
    application = (repository / "firmware" / "application").glob("*.c")
    sources = [path for path in sorted(application) if path.name != "main.c"]
    sources += sorted((repository / "firmware" / "settings").glob("*.c"))
    sources += [network, HERE / "harness.c"]
    return compile_firmware(gcc, repository, output, sources, *own, *options, slots=0)


class Firmware:
    """A session of the firmware in this process: bytes in, frames and actions out."""

    role = Role.APPLICATION

    def __init__(self, library: Path) -> None:
        self.library = ctypes.CDLL(str(library))
        self._sequence = 0
        self.start()

    def start(self, *, bootloader: bool = True) -> None:
        """Begin again, as after reset."""
        self.library.harness_start(bootloader)
        self.action = 0

    def feed(self, data: bytes) -> bytes:
        """Send bytes; what the firmware wrote meanwhile."""
        size = ctypes.c_uint32.in_dll(self.library, "harness_written_size")
        size.value = 0
        self.action = self.library.harness_feed(data, len(data))
        return self.written()

    def written(self) -> bytes:
        """What stands in the harness's output buffer."""
        size = ctypes.c_uint32.in_dll(self.library, "harness_written_size").value
        return bytes((ctypes.c_uint8 * size).in_dll(self.library, "harness_written"))

    def exchange(self, frame: Frame) -> Frame:
        """Send a frame; the one frame of the answer."""
        (answer,) = FrameDecoder().feed(self.feed(encode_frame(frame)))
        return answer

    def ask(self, name: str, **values: Value) -> tuple[str, dict[str, Value]]:
        """Send a request; name and values of the reply."""
        message = request(name)
        self._sequence = self._sequence % 255 + 1
        answer = self.exchange(Frame(message.id, self._sequence, encode(message, values)))
        assert answer.sequence == self._sequence
        kind = reply_by_id(answer.type)
        assert kind is not None
        return kind.name, decode(kind, answer.body)

    def greet(self) -> None:
        """The handshake."""
        expected = {"version": PROTOCOL_VERSION, "role": self.role}
        assert self.ask("hello", version=PROTOCOL_VERSION) == ("hello", expected)


@pytest.fixture(scope="session")
def link_library(host_gcc: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("link") / "link.so"
    return compile_harness(host_gcc, repository, output, "-shared", "-fPIC")


@pytest.fixture
def firmware(link_library: Path) -> Firmware:
    """A fresh session."""
    return Firmware(link_library)


@pytest.fixture
def session(firmware: Firmware) -> Firmware:
    """A session that said hello."""
    firmware.greet()
    return firmware
