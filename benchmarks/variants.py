"""The engines that are compared."""

from __future__ import annotations

from dataclasses import dataclass

TFLM = "TFLite Micro + CMSIS-NN"
CMSIS_NN = "CMSIS-NN"


@dataclass(frozen=True)
class Variant:
    """An engine by its name in the table, as the builder's `runtime` and, for the native one, goal and limit.

    `ram_limit` is in bytes, None for what the board has.
    """

    name: str
    runtime: str
    optimize: str = "balanced"
    ram_limit: int | None = None

    @property
    def slug(self) -> str:
        """For folder names."""
        if self.runtime != "native":
            return self.runtime
        limit = f"-ram-{self.ram_limit}" if self.ram_limit is not None else ""
        return f"{self.runtime}-{self.optimize}{limit}"


BALANCED = Variant("native (default)", "native")
NATIVE = (
    BALANCED,
    Variant("native --optimize speed", "native", "speed"),
    Variant("native --optimize size", "native", "size"),
)
BASELINES = (Variant(TFLM, "tflm"), Variant(CMSIS_NN, "cmsis-nn"))
LIMITED = Variant("native --ram 256K", "native", ram_limit=256 << 10)
