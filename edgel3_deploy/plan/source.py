"""From what the user calls a model to what can be planned: a .tflite's network, or a shape alone."""

from __future__ import annotations

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.models.family import FAMILY
from edgel3_deploy.models.locate import locate
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.plan.skeleton import float_skeleton, skeleton
from edgel3_deploy.reference.accept import read_network_file


def plannable(model: str) -> Network:
    """The network of a .tflite; of a family name, "bundled" or float weights the shape alone, unquantized.

    A family name needs no weights at hand. Raises BadInputError or UsageError for what is none of these.
    """
    for known in FAMILY:
        if known.name == model:
            return skeleton(known)
    located = locate(model)
    if located.kind == "weights":
        return float_skeleton(read_weights(located.path))
    network, _ = read_network_file(located.path, located.name)
    return network
