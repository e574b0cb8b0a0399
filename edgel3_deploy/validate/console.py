"""Validation through MLPerf Tiny's console: what its runner would load and read, compared as ever."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.diagnosis import NotSupportedError
from edgel3_deploy.link.mlperf import Console
from edgel3_deploy.validate.session import BoardRun

_LEAST_SCALE = 1e-5
"""Results have six decimals: with smaller steps two of them could read alike."""
_SCORE_STEPS = 256


@dataclass
class ConsoleRun(BoardRun):
    """Windows go in by `db`, run by `infer`, and come out by `results`: the labels' scores if there is a
    head, else the embedding. `labels` counts the head's labels. Everything else is asked for in frames.
    """

    labels: int = 0
    _results: NDArray[np.int8] | None = None

    def __post_init__(self) -> None:
        self._console = Console(self.client.port)
        self._shows_checksums = False
        self.notes.append("the console of MLPerf Tiny computes no checksums")

    def _run(self, window: NDArray[np.int8] | None) -> bytes:
        assert window is not None
        self._console.load(window.tobytes())
        values = np.array(self._console.infer(self.client.run_timeout))
        with contextlib.suppress(NotSupportedError):
            self.counters.append(sum(self.client.timing(len(self.steps))))
        tensor = self.network.output
        if self.labels:
            self._results = self._as_int8(values * _SCORE_STEPS - 128, self.labels)
            return self.client.read_output(tensor.size)
        if tensor.scale < _LEAST_SCALE:
            raise LinkError(
                f"steps of the output are {tensor.scale:.3g}: six decimals cannot tell them apart",
                "Validate without --protocol.",
            )
        return self._as_int8(values / tensor.scale + tensor.zero_point, tensor.size).tobytes()

    def scores(self, labels: int) -> NDArray[np.int8]:
        """The scores as the console gave them."""
        assert self._results is not None
        return self._results

    def _as_int8(self, values: NDArray[np.float64], count: int) -> NDArray[np.int8]:
        nearest = np.rint(values)
        if len(values) != count or np.abs(nearest).max() > 128 or np.abs(values - nearest).max() > 0.25:
            raise LinkError(
                f"the console's results are no {count} int8 values of this build",
                "Flash the build that is validated.",
            )
        return nearest.astype(np.int8)
