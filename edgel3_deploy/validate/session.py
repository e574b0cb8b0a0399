"""One validation's dealings with the board: who is there, and what it computes for each window."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import LinkError
from edgel3_deploy.flash.virtual import port_to_run
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.link import diagnosis
from edgel3_deploy.link.answers import Identity
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import NotSupportedError, RefusedError
from edgel3_deploy.link.discover import find_port
from edgel3_deploy.link.port import AUTO, VIRTUAL, is_pseudo_terminal
from edgel3_deploy.link.probe import Session
from edgel3_deploy.link.protocol import ErrorCode, Role
from edgel3_deploy.pipeline.manifest import Manifest
from edgel3_deploy.pipeline.order import Order, shown_layer
from edgel3_deploy.validate.result import Body, LayerResult
from edgel3_deploy.validate.trace import LayerDifference

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.prepared import PreparedBuild


@dataclass
class BoardRun:
    """Runs windows on the board and keeps what belongs to layers.

    `steps` lists the layers of each step that the board reports: several where one kernel computes them
    together, and then the last one's output is what can be compared, shown in the step's order of `orders`.
    `compared_windows` counts the windows whose layers were compared; `notes` say what this runtime hides.
    `streamed` counts the windows that were to go on from the one before, and `begun_anew` those of them that
    the board wanted whole.
    """

    client: Client
    network: Network
    steps: tuple[tuple[int, ...], ...]
    orders: tuple[Order, ...]
    counters: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    compared_windows: int = 0
    front_end_counters: list[int] = field(default_factory=list)
    streamed: int = 0
    begun_anew: int = 0
    first_wrong: LayerDifference | None = None
    _layer_counters: list[tuple[int, ...]] = field(default_factory=list)
    _differing: list[int] = field(default_factory=list)
    _heard: int = 0
    _shows_timing: bool = True
    _shows_checksums: bool = True

    def hear(self, pcm: PcmArray, fresh: int | None = None) -> NDArray[np.int8]:
        """The input that the board's front end makes of one window, int16 (sample_rate,).

        With `fresh` its stream goes on, and only so many samples at the window's end are new. A board whose
        sensor took the front end back meanwhile, because the host was slow, begins a stream with the window,
        which is counted.
        """
        if fresh is None:
            self._push(pcm, 0)
        else:
            self._go_on(pcm, fresh)
        tensor = self.network.input
        return np.frombuffer(self.client.read_input(tensor.size), np.int8).reshape(tensor.shape)

    def _go_on(self, pcm: PcmArray, fresh: int) -> None:
        self.streamed += 1
        try:
            self._push(pcm[-fresh:], self._heard)
        except RefusedError as error:
            if error.code != ErrorCode.OUT_OF_RANGE:
                raise
            self.begun_anew += 1
            self._push(pcm, 0)

    def _push(self, pcm: PcmArray, at: int) -> None:
        self.front_end_counters.append(self.client.load_audio(pcm.astype("<i2").tobytes(), at))
        self._heard = at + len(pcm)

    def infer(self, window: NDArray[np.int8] | None) -> NDArray[np.int8]:
        """The board's output for one window, int8 (embedding,); for the one it heard if that is None."""
        output = self._run(window)
        if self._shows_timing:
            try:
                self._layer_counters.append(self.client.timing(len(self.steps)))
            except NotSupportedError:
                self._shows_timing = False
                self.notes.append("this runtime does not tell the time of its layers")
        return np.frombuffer(output, np.int8)

    def _run(self, window: NDArray[np.int8] | None) -> bytes:
        if window is not None:
            self.client.load_input(window.tobytes())
        self.counters.append(self.client.run(checksums=self._shows_checksums))
        return self.client.read_output(self.network.output.size)

    def scores(self, labels: int) -> NDArray[np.int8]:
        """The head's score of each label for the last window, int8 (labels,).

        Raises LinkError for another number of scores.
        """
        scores = np.frombuffer(self.client.labels().scores, np.int8)
        if len(scores) != labels:
            raise LinkError(
                f"the board has {len(scores)} label scores, and its build {labels}", "Flash the build again."
            )
        return scores

    def compare_layers(self, expected: Sequence[NDArray[np.int8]]) -> None:
        """Compare every layer's output of the last window with `expected`, one int8 array per layer."""
        if not self._shows_checksums:
            return
        try:
            found = self.client.checksums(len(self.steps))
        except NotSupportedError:
            self._shows_checksums = False
            self.notes.append("this runtime does not show the outputs of its layers")
            return
        shown = [
            order.shown(expected[shown_layer(self.network, step)])
            for step, order in zip(self.steps, self.orders, strict=True)
        ]
        wrong = [int(crc != zlib.crc32(data)) for crc, data in zip(found, shown, strict=True)]
        if self.first_wrong is None and any(wrong):
            step = wrong.index(1)
            crc = zlib.crc32(shown[step])
            name = " + ".join(self.network.layers[index].name for index in self.steps[step])
            self.first_wrong = LayerDifference(len(self.counters) - 1, name, crc, found[step])
        self._differing = [a + b for a, b in zip(self._differing or [0] * len(wrong), wrong, strict=True)]
        self.compared_windows += 1

    def layers(self) -> tuple[LayerResult, ...]:
        """The steps in order: median counters and how many of the compared windows differed."""
        medians = np.median(np.array(self._layer_counters), axis=0) if self._layer_counters else None
        return tuple(
            LayerResult(
                name=" + ".join(layer.name for layer in layers),
                operator=" + ".join(type(layer).__name__ for layer in layers),
                output_shape=layers[-1].output.shape,
                macs=sum(layer.macs for layer in layers),
                counter=int(medians[index]) if medians is not None else None,
                differing_windows=self._differing[index] if self._differing else None,
            )
            for index, layers in enumerate([self.network.layers[i] for i in step] for step in self.steps)
        )


def restart_explained(client: Client, path: str, error: RefusedError) -> LinkError:
    """`error`, or, if it says that the board restarted, what the board itself has on record about that."""
    if error.code != ErrorCode.NO_HANDSHAKE:
        return error
    try:
        client.hello()
        return diagnosis.restarted(path, client.read_reset())
    except LinkError:
        return error


def greet(found: Session, board: Board, network: Network, manifest: Manifest) -> Identity:
    """Make sure that the board runs this very build.

    Raises LinkError if it waits in its loader, is another board, runs another model or build, or has other
    sizes.
    """
    client = found.client
    if found.role is Role.LOADER:
        raise diagnosis.loader_waits(found.path, board.name, client.read_reset())
    identity = client.identify()
    flash_it = f"Flash this build first: `edgel3-deploy flash --board {board.name} --port PORT`."
    if identity.model_sha256.hex() != manifest.model_sha256:
        raise LinkError(
            f"the board runs another model: {identity.model} for {identity.board} "
            f"({identity.model_sha256.hex()[:12]}, this build has {manifest.model_sha256[:12]})",
            flash_it,
        )
    if identity.build_id.hex() != manifest.build_id:
        raise LinkError(
            f"the board runs another build of this model: {identity.runtime} for {identity.board} "
            f"({identity.build_id.hex()[:12]}, this build is {manifest.build_id[:12]})",
            flash_it,
        )
    if identity.board != board.name:
        raise LinkError(
            f"the board on {found.path} is {identity.board}, not {board.name}",
            "Choose the board that is plugged in (--board), or the port of this one (--port).",
        )
    sizes = (identity.input_size, identity.output_size, identity.layer_count)
    expected = (network.input.size, network.output.size, len(manifest.steps))
    if sizes != expected:
        raise LinkError(
            f"the board's network has other sizes: input, output, layers are {sizes}, not {expected}",
            flash_it,
        )
    return identity


@contextmanager
def port_path(
    build: PreparedBuild, port: str, *, microphone: Path | None = None, paced: bool = False
) -> Iterator[str]:
    """The path of `port`, which may be "auto" or "virtual": then the virtual board runs as long as this
    lasts.

    It hears the recording `microphone`, and `paced` takes as long as a chip would. Raises LinkError if no
    port can be found, UsageError or LinkError as `port_to_run`.
    """
    if port != VIRTUAL:
        yield find_port(build.board) if port == AUTO else port
        return
    with port_to_run(build.board, build.directory, build.elf, microphone=microphone, paced=paced) as path:
        yield path


def body_of(board: Board, path: str) -> Body:
    """What the board behind an open port is made of."""
    if board.emulator is not None and board.emulator.kind == "qemu":
        return "qemu"
    return "unicorn" if is_pseudo_terminal(path) else "silicon"
