"""One judgement of a model file for all commands: what this reads, the references run too."""

from __future__ import annotations

from pathlib import Path

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import read_file
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.normal import normal_model
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.reference.interpreter import open_interpreter


def read_network_file(path: Path, name: str = "") -> tuple[Network, bytes]:
    """The network in a .tflite file, as `read_network` gives it, and its bytes as `normal_model` does.

    Raises BadInputError, naming the file, for what cannot be read, and for what LiteRT does not run.
    """
    content = read_file(path, "a .tflite model")
    try:
        model = normal_model(content)
        network = read_network(model, name)
        open_interpreter(model)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error.message}", error.hint) from error
    return network, model
