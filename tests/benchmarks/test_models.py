"""Random weights: a model that every machine makes alike and every fast kernel is exact for."""

from __future__ import annotations

from pathlib import Path

from benchmarks.models import input_window, random_tflite, sparse_model
from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.bounds import exact
from edgel3_deploy.reference.accept import read_network_file

SEA_64 = member("sea-64")


def test_the_shape_is_the_family_members() -> None:
    network = read_network(random_tflite(SEA_64))
    convolutions = [layer for layer in network.layers if isinstance(layer, Conv2D)]
    assert network.macs == 122_425_344
    assert network.output.shape == (64,)
    assert [layer.output.shape[2] for layer in convolutions] == list(SEA_64.widths)


def test_it_is_the_same_each_time() -> None:
    assert random_tflite(SEA_64) == random_tflite(SEA_64)


def test_every_layer_may_take_the_kernels_that_published_weights_take() -> None:
    first, *others = (
        layer for layer in read_network(random_tflite(SEA_64)).layers if isinstance(layer, Conv2D)
    )
    assert exact("mono", first)
    assert all(exact("f44", layer) for layer in others)


def test_the_pruned_model_is_all_of_l3(tmp_path: Path) -> None:
    model = sparse_model(tmp_path)
    network, _ = read_network_file(Path(model.source))
    assert network.input.shape == (256, 199, 1)
    assert network.output.shape == (512,)
    assert input_window(model, network).shape == network.input.shape
