"""The engines that are compared."""

from __future__ import annotations

from dataclasses import dataclass

TFLM = "TFLite Micro + CMSIS-NN"
CMSIS_NN = "CMSIS-NN"


@dataclass(frozen=True)
class Variant:
    """An engine by its name in the table, as the builder's `runtime` and, for the native one, goal and limit.

    `ram_limit` is in bytes, None for what the board has. With `front_end` the image carries front end and
    sensor, as users build it; without, all RAM is the network's.
    """

    name: str
    runtime: str
    optimize: str = "balanced"
    ram_limit: int | None = None
    front_end: bool = False

    @property
    def slug(self) -> str:
        """For folder names."""
        if self.runtime != "native":
            return self.runtime
        limit = f"-ram-{self.ram_limit}" if self.ram_limit is not None else ""
        return f"{self.runtime}-{self.optimize}{limit}{'-front-end' if self.front_end else ''}"


BALANCED = Variant("native (default)", "native")
NATIVE = (
    BALANCED,
    Variant("native --optimize speed", "native", "speed"),
    Variant("native --optimize size", "native", "size"),
)
AS_BUILT = Variant("native with front end and sensor", "native", front_end=True)
BASELINES = (Variant(TFLM, "tflm"), Variant(CMSIS_NN, "cmsis-nn"))
LIMITED = Variant("native --ram 256K", "native", ram_limit=256 << 10)
