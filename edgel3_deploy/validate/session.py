"""One validation's dealings with the board: who is there, and what it computes for each window."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import LinkError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.link.client import Client, Identity
from edgel3_deploy.link.diagnosis import NotSupportedError
from edgel3_deploy.validate.result import LayerResult


@dataclass
class BoardRun:
    """Runs windows on the board and keeps what belongs to layers."""

    client: Client
    network: Network
    counters: list[int] = field(default_factory=list)
    layer_counters: list[tuple[int, ...]] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _timing: bool = True
    _checksums: bool = True

    def infer(
        self, window: NDArray[np.int8], expected_layers: Sequence[NDArray[np.int8]]
    ) -> NDArray[np.int8]:
        """The output for one window, int8 (embedding,); its layers are compared with `expected_layers`."""
        count = len(self.network.layers)
        self.client.load_input(window.tobytes())
        self.counters.append(self.client.run(checksums=self._checksums))
        output = self.client.read_output(self.network.output.size)
        if self._timing:
            try:
                self.layer_counters.append(self.client.timing(count))
            except NotSupportedError:
                self._timing = False
                self.notes.append("this runtime does not tell the time of its layers")
        if self._checksums:
            try:
                found = self.client.checksums(count)
            except NotSupportedError:
                self._checksums = False
                self.notes.append(
                    "this runtime does not show the output of its layers: only the last one is compared"
                )
            else:
                self._compare(found, expected_layers)
        return np.frombuffer(output, np.int8)

    @property
    def compares_layers(self) -> bool:
        """Whether the board gives checksums of its layers, as far as is known."""
        return self._checksums

    def layers(self) -> tuple[LayerResult, ...]:
        """The layers in order: median counters and how many windows differed."""
        medians = np.median(np.array(self.layer_counters), axis=0) if self.layer_counters else None
        return tuple(
            LayerResult(
                name=layer.name,
                operator=type(layer).__name__,
                output_shape=layer.output.shape,
                macs=layer.macs,
                counter=int(medians[index]) if medians is not None else None,
                differing_windows=self.differing[index] if self._checksums and self.differing else None,
            )
            for index, layer in enumerate(self.network.layers)
        )

    def _compare(self, found: Sequence[int], expected_layers: Sequence[NDArray[np.int8]]) -> None:
        if not self.differing:
            self.differing = [0] * len(found)
        for index, (checksum, expected) in enumerate(zip(found, expected_layers, strict=True)):
            self.differing[index] += checksum != zlib.crc32(expected.tobytes())


def greet(client: Client, board: Board, network: Network, model_sha256: str, build_id: str) -> Identity:
    """Shake hands and make sure that the board runs this very build.

    Raises LinkError if it runs another model or build, or its tensors have other sizes.
    """
    client.hello()
    identity = client.identify()
    flash_it = f"Flash this build first: `edgel3-deploy flash --board {board.name} --port PORT`."
    if identity.model_sha256.hex() != model_sha256:
        raise LinkError(
            f"the board runs another model: {identity.model} for {identity.board} "
            f"({identity.model_sha256.hex()[:12]}, this build has {model_sha256[:12]})",
            flash_it,
        )
    if identity.build_id.hex() != build_id:
        raise LinkError(
            f"the board runs another build of this model: {identity.runtime} for {identity.board} "
            f"({identity.build_id.hex()[:12]}, this build is {build_id[:12]})",
            flash_it,
        )
    found = (identity.input_size, identity.output_size, identity.layer_count)
    expected = (network.input.size, network.output.size, len(network.layers))
    if found != expected:
        raise LinkError(
            f"the board's network has other sizes: input, output, layers are {found}, not {expected}",
            flash_it,
        )
    return identity
