"""A user's checkout of tflite-micro with a library built in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.errors import ToolchainError

LIBRARY = "libtensorflow-microlite.a"
HOW_TO_LINK = (
    "Build the library in a checkout of tflite-micro: make -f tensorflow/lite/micro/tools/make/Makefile "
    "TARGET=cortex_m_generic TARGET_ARCH=cortex-m7+sfp OPTIMIZED_KERNEL_DIR=cmsis_nn BUILD_TYPE=release "
    "microlite; then build with --tflm-root CHECKOUT."
)


@dataclass(frozen=True)
class Tflm:
    """The checkout, its library, and the configuration that the library's folder names."""

    root: Path
    library: Path
    configuration: str

    @property
    def variables(self) -> tuple[str, ...]:
        """Arguments of make for the generated project."""
        return (f"TFLM_ROOT={self.root.resolve()}", f"TFLM_LIBRARY={self.library.resolve()}")


def find_tflm(root: Path) -> Tflm:
    """The Cortex-M7 library somewhere below gen/ of the checkout `root`; ToolchainError if there is none."""
    if not (root / "tensorflow/lite/micro/micro_interpreter.h").is_file():
        raise ToolchainError(f"{root} is no checkout of tflite-micro", HOW_TO_LINK)
    if re.search(r"[\s'$#]", str(root.resolve())):
        raise ToolchainError(
            f"{root}: make cannot use this path", "Move the checkout to a path without spaces and quotes."
        )
    found = sorted((root / "gen").rglob(LIBRARY))
    library = next((path for path in found if "cortex-m7" in str(path.relative_to(root))), None)
    if library is None:
        raise ToolchainError(f"{root}: no {LIBRARY} for cortex-m7 below gen/", HOW_TO_LINK)
    return Tflm(root, library, library.relative_to(root / "gen").parts[0])
