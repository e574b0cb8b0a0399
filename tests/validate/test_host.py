"""What the host expects: the truth's outputs, the float network's, and every layer in the same arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgel3_deploy.graph.tensors import quantize_input
from edgel3_deploy.models.forward import forward
from edgel3_deploy.pipeline.prepared import PreparedBuild
from edgel3_deploy.progress import silent
from edgel3_deploy.validate.host import expectations, layer_outputs
from edgel3_deploy.validate.workload import prepare


def test_batches_keep_their_order_and_belong_together(build: PreparedBuild, recording: Path) -> None:
    workload = prepare(build.network, [recording, recording.parent], 0.05, None, silent)
    found = list(expectations(build, workload))
    batches = list(workload.batches())
    assert len(found) == len(batches) > 1
    assert build.float_network is not None
    for item, batch in zip(found, batches, strict=True):
        np.testing.assert_array_equal(item.inputs, quantize_input(build.network, batch.spectrograms))
        np.testing.assert_array_equal(item.floats, forward(build.float_network, batch.spectrograms))
        np.testing.assert_array_equal(item.batch.timestamps, batch.timestamps)


def test_the_last_layer_is_the_truth(build: PreparedBuild, recording: Path) -> None:
    workload = prepare(build.network, [recording], 0.1, 5, silent)
    for item in expectations(build, workload):
        for window, output in zip(item.inputs, item.outputs, strict=True):
            layers = layer_outputs(build.network, window)
            assert [layer.size for layer in layers] == [layer.output.size for layer in build.network.layers]
            np.testing.assert_array_equal(layers[-1].reshape(-1), output)
