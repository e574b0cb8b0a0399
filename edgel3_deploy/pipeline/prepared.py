"""A finished build as the stages behind it take it: checked files and the values read from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import sha256
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.pipeline.manifest import Manifest, read_manifest

MODEL = "model.tflite"
REFERENCE = "reference.npz"
ELF = "firmware.elf"
BIN = "firmware.bin"


@dataclass(frozen=True)
class PreparedBuild:
    """A linked build whose model and image are the ones that its manifest names.

    `model` is the .tflite, `network` its graph, `float_network` the float original where the build had it.
    """

    directory: Path
    board: Board
    manifest: Manifest
    network: Network
    model: bytes
    float_network: FloatNetwork | None

    @property
    def elf(self) -> Path:
        """The linked image with symbols."""
        return self.directory / ELF

    @property
    def bin(self) -> Path:
        """The bytes to program from the start of the board's flash."""
        return self.directory / BIN


def load_build_for(board: Board, directory: Path) -> PreparedBuild:
    """`load_build` of a build that must be `board`'s.

    Raises UsageError if it is another board's, BadInputError if the board file has changed since.
    """
    build = load_build(directory)
    if build.board.name != board.name:
        raise UsageError(
            f"{directory} holds a build for {build.board.name}, not for {board.name}",
            f"Give --board {build.board.name}, or another --build-dir.",
        )
    if build.board != board:
        raise BadInputError(
            f"{directory} was built from another version of the board file of {board.name}",
            f"Build again: edgel3-deploy build --board {board.name}",
        )
    return build


def load_build(directory: Path) -> PreparedBuild:
    """Read the build in `directory` and check its model and image against the manifest.

    Raises BadInputError if there is no build, it was not linked, or a file was changed or lost since.
    """
    from edgel3_deploy.graph.reader import read_network

    manifest = read_manifest(directory)
    if manifest.status != "linked":
        raise BadInputError(
            f"{directory}: the project was rendered but not linked, so there is no image",
            "Build with --tflm-root, or with another --runtime.",
        )
    model = _checked(directory, manifest, MODEL)
    for name in (ELF, BIN):
        _checked(directory, manifest, name)
    return PreparedBuild(
        directory=directory,
        board=manifest.board,
        manifest=manifest,
        network=read_network(model, name=manifest.model_name),
        model=model,
        float_network=_float_network(directory, manifest),
    )


def _float_network(directory: Path, manifest: Manifest) -> FloatNetwork | None:
    from edgel3_deploy.models.forward import load_network

    if REFERENCE not in manifest.files:
        return None
    _checked(directory, manifest, REFERENCE)
    return load_network(directory / REFERENCE)


def _checked(directory: Path, manifest: Manifest, name: str) -> bytes:
    path = directory / name
    hint = f"Build again: edgel3-deploy build --board {manifest.board.name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}", hint) from error
    if sha256(content) != manifest.files.get(name):
        raise BadInputError(f"{path} is not the file that the build wrote", hint)
    return content
