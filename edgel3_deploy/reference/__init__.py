"""What is true: TFLite Micro's int8 output, by its own interpreter, else by its arithmetic in numpy."""

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
    else by `graph.reference`. The model must be one that `graph.reader` accepts: TFLite Micro trusts what a
    file says. Raises BadInputError for inputs of another shape.
    """
    from edgel3_deploy.reference import tflm

    if tflm.available():
        return tflm.run_all(model, inputs, progress), "TFLite Micro"
    return _run_all(model, inputs, progress), "TFLite Micro's arithmetic in numpy"


def _run_all(model: bytes, inputs: NDArray[np.int8], progress: Progress) -> NDArray[np.int8]:
    import numpy as np

    from edgel3_deploy.graph.reader import read_network
    from edgel3_deploy.graph.reference import run
    from edgel3_deploy.reference.interpreter import check_input

    network = read_network(model)
    check_input(network.input.shape, np.int8, inputs.shape[1:])
    outputs = np.empty((len(inputs), int(np.prod(network.output.shape))), np.int8)
    for index, window in enumerate(inputs):
        progress("computing the reference", index, len(inputs))
        outputs[index] = run(network, window).reshape(-1)
    return outputs
