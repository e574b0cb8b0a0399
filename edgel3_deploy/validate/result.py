"""What a validation found out: frozen values that the report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.boards.board import Board
from edgel3_deploy.link.answers import Identity, MemoryUse
from edgel3_deploy.link.protocol import CounterUnit
from edgel3_deploy.pipeline.manifest import MemoryUse as PlannedUse
from edgel3_deploy.plan.table import ScheduleRow
from edgel3_deploy.toolchain.budget import Item, Usage
from edgel3_deploy.validate.metrics import Difference, Fidelity

Verdict = Literal["pass", "fail"]
Body = Literal["silicon", "unicorn", "qemu"]
"""What ran the firmware: a chip, the package's virtual board, or QEMU."""


@dataclass(frozen=True)
class Device:
    """The board that answered. `body` says what stood behind the port."""

    board: Board
    port: str
    body: Body
    identity: Identity
    memory: MemoryUse

    @property
    def counts_instructions(self) -> bool:
        """Whether its counter counts instructions, not cycles."""
        return self.identity.counter_unit is CounterUnit.INSTRUCTIONS

    @property
    def counter_is_meaningful(self) -> bool:
        """Whether its counter says something about speed: the package's virtual board models no time."""
        return self.counts_instructions or self.body == "silicon"


@dataclass(frozen=True)
class InputResult:
    """What the board's front end made of PCM, over all windows.

    `elements` were compared with the twin's, `differences` lists those that differ; `counter` is the median
    over windows in the device's unit. Fidelity: `inexact` elements of the twin's are not those of float64, by
    `largest` steps at most. `streamed` windows were to go on from the one before, of which `begun_anew` could
    not: the board refused, and they were sent whole.
    """

    elements: int
    differences: tuple[Difference, ...]
    counter: int
    inexact: int
    largest: int
    streamed: int = 0
    begun_anew: int = 0


@dataclass(frozen=True)
class LayerResult:
    """One layer: `counter` is the median over windows in the device's unit, None if the runtime hides it;
    `differing_windows` counts the windows whose output CRC was not the reference's, None if not compared."""

    name: str
    operator: str
    output_shape: tuple[int, ...]
    macs: int
    counter: int | None
    differing_windows: int | None


@dataclass(frozen=True)
class Source:
    """A recording: its windows are rows [first, first + windows) of the outputs."""

    name: str
    first: int
    windows: int


@dataclass(frozen=True)
class Outputs:
    """The board's embeddings, int8 (windows, embedding), and where each row comes from.

    `timestamps` in seconds, float64 (windows,); `source` is the index of the recording, int32 (windows,);
    real = scale * (embedding - zero_point).
    """

    embeddings: NDArray[np.int8]
    timestamps: NDArray[np.float64]
    source: NDArray[np.int32]
    scale: float
    zero_point: int


@dataclass(frozen=True)
class LabelScores:
    """What the head on the board made of each window: int8 scores (windows, labels), s being (s + 128) / 256.

    `differing_windows` counts the windows whose scores were not those of the head's numpy twin for the
    reference's embedding.
    """

    labels: tuple[str, ...]
    scores: NDArray[np.int8]
    differing_windows: int


@dataclass(frozen=True)
class Example:
    """One window shown in full: decibels (mel, frames), and its embedding by board and by float network."""

    source: str
    seconds: float
    spectrogram: NDArray[np.float32]
    board_embedding: NDArray[np.float32]
    float_embedding: NDArray[np.float32] | None


@dataclass(frozen=True)
class Modelled:
    """What the schedule's cost model says of one inference; nothing of it was measured.

    `cycles` assume what can be: pairs of instructions at once, and caches that hit.
    """

    instructions: int
    cycles: int


@dataclass(frozen=True)
class Calibration:
    """What the model was quantized with: `description` in words, empty where the build does not know.

    `judged_again` names the recordings that calibrated and were validated on as well.
    """

    description: str
    judged_again: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The result of a validation.

    `reference` names the engine behind the expected outputs. `differences` lists every differing element.
    `layer_windows` counts the windows whose layers were compared, and `layer_note` says what could not be.
    `fidelity` is None when the build knows no float network, and `fidelity_note` then says so. `counter` is
    the median over windows of the whole inference. `budget` has flash, RAM and its regions; `schedule` has a
    row for each step of a native schedule, is empty for other runtimes, and `schedule_note` is its goal and
    reason; `memory` lists what lies where in the arenas during which steps, empty where the build does not
    know; `tools` maps what took part to versions. `inputs` is None where the image has no front end, `labels`
    where it has no head; `first_difference` names the first boundary that differs, empty if none does.
    `finished` is when, ISO 8601 in UTC; `worst` shows the window farthest from the float network, None
    without one; `modelled` is None where no schedule is known; `symbols` are the image's largest;
    `layer_sqnr_db` is each convolution's signal-to-noise ratio on the recordings that calibrated.
    """

    device: Device
    model_name: str
    model_sha256: str
    build_id: str
    front_end: str
    reference: str
    layers: tuple[LayerResult, ...]
    layer_windows: int
    layer_note: str
    sources: tuple[Source, ...]
    outputs: Outputs
    differences: tuple[Difference, ...]
    fidelity: Fidelity | None
    fidelity_note: str
    counter: int
    example: Example
    budget: tuple[Usage, ...]
    tools: Mapping[str, str]
    warnings: tuple[str, ...]
    schedule: tuple[ScheduleRow, ...] = ()
    schedule_note: str = ""
    memory: tuple[PlannedUse, ...] = ()
    inputs: InputResult | None = None
    first_difference: str = ""
    labels: LabelScores | None = None
    finished: str = ""
    calibration: Calibration = Calibration("", ())
    worst: Example | None = None
    modelled: Modelled | None = None
    symbols: tuple[Item, ...] = ()
    layer_sqnr_db: Mapping[str, float] = field(default_factory=dict)

    @property
    def windows(self) -> int:
        """How many windows were compared."""
        return len(self.outputs.embeddings)

    @property
    def bit_exact(self) -> bool:
        """Whether every output element of every window equals the reference's."""
        return not self.differences

    @property
    def verdict(self) -> Verdict:
        """Pass: every input element made of PCM equals the twin's, and every output element, every layer's
        output that was compared and every score the reference's.
        """
        inputs_equal = self.inputs is None or not self.inputs.differences
        layers_equal = not any(layer.differing_windows for layer in self.layers)
        labels_equal = self.labels is None or self.labels.differing_windows == 0
        equal = inputs_equal and self.bit_exact and layers_equal and labels_equal
        return "pass" if equal else "fail"
