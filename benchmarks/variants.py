"""The engines that are compared."""

from __future__ import annotations

from dataclasses import dataclass

TFLM = "TFLite Micro + CMSIS-NN"
CMSIS_NN = "CMSIS-NN"


@dataclass(frozen=True)
class Variant:
    """An engine by its name in the table, as the builder's `runtime` and, for the native one, goal."""

    name: str
    runtime: str
    optimize: str = "balanced"

    @property
    def slug(self) -> str:
        """For folder names."""
        return f"{self.runtime}-{self.optimize}" if self.runtime == "native" else self.runtime


BALANCED = Variant("native (default)", "native")
NATIVE = (
    BALANCED,
    Variant("native --optimize speed", "native", "speed"),
    Variant("native --optimize size", "native", "size"),
)
BASELINES = (Variant(TFLM, "tflm"), Variant(CMSIS_NN, "cmsis-nn"))
