"""Which tensors share memory, who owns it, how long it lives."""

from __future__ import annotations

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.storage import live_bytes, storages
from tests.graph.models import ModelBuilder


def outline(network: Network) -> list[tuple[str, list[int], int, int]]:
    """(owner, sizes of the tensors, first layer, last layer) of each storage."""
    return [
        (storage.owner, [use.tensor.size for use in storage.uses], storage.first, storage.last)
        for storage in storages(network)
    ]


def test_views_share_memory() -> None:
    builder = ModelBuilder((4, 4, 2)).conv2d(4).max_pool2d().reshape((16,)).fully_connected(3)
    assert outline(read_network(builder.build())) == [
        ("input", [32], 0, 0),
        ("arena", [64], 0, 1),
        ("arena", [16, 16], 1, 3),
        ("output", [3], 3, 3),
    ]


def test_a_view_of_the_callers_input_is_the_callers() -> None:
    builder = ModelBuilder((4, 4, 2)).reshape((4, 4, 2)).max_pool2d().conv2d(1)
    assert outline(read_network(builder.build()))[:2] == [("input", [32, 32], 0, 1), ("arena", [8], 1, 2)]


def test_the_callers_output_takes_its_views() -> None:
    builder = ModelBuilder((4, 4, 2)).conv2d(4).max_pool2d((4, 4)).reshape((4,))
    assert outline(read_network(builder.build())) == [
        ("input", [32], 0, 0),
        ("arena", [64], 0, 1),
        ("output", [4, 4], 1, 2),
    ]


def test_a_network_of_views_has_one_storage() -> None:
    assert outline(read_network(ModelBuilder((4, 4, 2)).reshape((32,)).build())) == [
        ("input", [32, 32], 0, 0)
    ]


def test_live_bytes_count_what_each_layer_needs() -> None:
    network = read_network(ModelBuilder((4, 4, 2)).conv2d(4).max_pool2d().conv2d(1).build())
    assert live_bytes(network, storages(network), {2: 100}) == (32 + 64, 64 + 16, 16 + 4 + 100)
