"""What is true: TFLite Micro's int8 output, or LiteRT's without delegates, which equals it bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgel3_deploy.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def truth(
    model: bytes, inputs: NDArray[np.int8], progress: Progress = silent
) -> tuple[NDArray[np.int8], str]:
    """The outputs every runtime must give, and the name of the engine that computed them.

    `inputs` int8 (n, height, width, channels) -> int8 (n, embedding), by TFLite Micro where its wheel exists,
    else LiteRT. The model must be one that `graph.reader` accepts: TFLite Micro trusts what a file says.
    """
    from edgel3_deploy.reference import interpreter, tflm

    if tflm.available():
        return tflm.run_all(model, inputs, progress), "TFLite Micro"
    return interpreter.run_all(model, inputs), "LiteRT without delegates"
