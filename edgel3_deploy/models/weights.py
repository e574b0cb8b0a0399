"""Read EdgeL3 weights from a file: at once where its bytes are the published ones, else guarded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edgel3_deploy.fileio import read_file
from edgel3_deploy.models.family import blob_id, member_of
from edgel3_deploy.models.guarded import parse_guarded
from edgel3_deploy.models.locate import bundled_weights
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.parse import MAX_FILE_BYTES, parse_weights


def read_weights(path: Path) -> FloatNetwork:
    """Read `path` (.h5, .h5.gz or .keras). The architecture is recognised from the arrays; widths are free.

    The front end is the one whose mel matrix the file holds, else the one its attribute names; a file with
    neither is a SEA model (64 x 50 input) if a BatchNorm follows the last convolution, else an L3 or sparse
    model (256 x 199), and a warning says so unless its name is a published one. An L3 embedding is taken
    before that BatchNorm, which OpenL3's files have too. Files of this project may end with `conv2d_5`, `_6`
    or `_7`. The network's name is the file's, made fit for identifiers.

    `warnings` of the network also says if the file bears a published name and is not the published file.
    Raises BadInputError, naming the array, if anything is missing, misshapen or not finite, or if the file is
    damaged or takes too long.
    """
    content = read_file(path, "a weight file", MAX_FILE_BYTES)
    known = member_of(path)
    if path == bundled_weights() or (known is not None and blob_id(content) == known.blob_id):
        return parse_weights(path, content)
    network = parse_guarded(path, content)
    if known is None:
        return network
    unknown = f"{path}: not the file that was published as {known.name}, whose name it bears"
    return replace(network, warnings=(unknown, *network.warnings))
