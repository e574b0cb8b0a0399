"""A finished build as the stages behind it take it: checked files and the values read from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import read_ordinary, sha256
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.head.file import HeadFile
from edgel3_deploy.image.layout import FlashLayout
from edgel3_deploy.image.pack import BIN, HEX, application_name
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.pipeline.manifest import Manifest, read_manifest
from edgel3_deploy.pipeline.order import shown_layer
from edgel3_deploy.plan.front_end import image_front_end, without_front_end

MODEL = "model.tflite"
HEAD = "head.npz"
REFERENCE = "reference.npz"
ELF = "firmware.elf"
LOADER_ELF = "loader/loader.elf"
LOADER_BIN = "loader/loader.bin"


def elf_name(slot: int) -> str:
    """The application linked for a slot."""
    return f"firmware-{slot}.elf" if slot else ELF


def image_files(layout: FlashLayout) -> frozenset[str]:
    """Names of all files that make produces in a build folder."""
    slots = range(len(layout.slots))
    resident = {
        *(application_name(slot) for slot in slots),
        *(str(Path(elf_name(slot)).with_suffix(suffix)) for slot in slots for suffix in (".elf", ".map")),
        *(f"loader/loader{suffix}" for suffix in (".elf", ".bin", ".hex", ".map")),
    }
    return frozenset({ELF, BIN, HEX, "firmware.map", *(resident if layout.slots else ())})


@dataclass(frozen=True)
class PreparedBuild:
    """A linked build whose model and image are the ones that its manifest names.

    `model` is the .tflite, `network` its graph, without `front_end` if the image has none;
    `float_network` the float original where the build had it, `head` what makes labels of the embedding, if
    the image has such.
    """

    directory: Path
    board: Board
    manifest: Manifest
    network: Network
    model: bytes
    float_network: FloatNetwork | None
    head: HeadFile | None = None

    @property
    def layout(self) -> FlashLayout:
        """What the build was linked for."""
        return self.manifest.layout

    @property
    def elf(self) -> Path:
        """The linked application with symbols, of the first slot if there are slots."""
        return self.directory / ELF

    @property
    def bin(self) -> Path:
        """The bytes to program from the start of the board's flash: loader, image header and application."""
        return self.directory / BIN

    @property
    def hex(self) -> Path:
        """The same with its addresses, as Intel HEX; gaps are left out."""
        return self.directory / HEX

    @property
    def applications(self) -> tuple[Path, ...]:
        """Image header and application for each slot; none for a bare image."""
        return tuple(self.directory / application_name(slot) for slot in range(len(self.layout.slots)))

    def application(self, slot: int = 0) -> Path:
        """Image header and application for `slot`; IndexError if the layout has no such slot."""
        return self.applications[slot]

    @property
    def loader(self) -> Path | None:
        """The loader's bytes; None for a bare image."""
        return self.directory / LOADER_BIN if self.layout.loader else None

    @property
    def loader_elf(self) -> Path | None:
        """The linked loader with symbols; None for a bare image."""
        return self.directory / LOADER_ELF if self.layout.loader else None


def load_build_for(board: Board, directory: Path) -> PreparedBuild:
    """`load_build` of a build that must be `board`'s.

    Raises UsageError if it is another board's, BadInputError if the board file has changed since.
    """
    build = load_build(directory, board.name)
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


def load_build(directory: Path, board_name: str = "") -> PreparedBuild:
    """Read the build in `directory` and check its model and image against the manifest.

    `board_name` is for the hint on how to build where there is none.

    Raises BadInputError if there is no build, it was not linked, or a file was changed or lost since.
    """
    from edgel3_deploy.graph.reader import read_network

    manifest = read_manifest(directory, board_name)
    if manifest.status != "linked":
        raise BadInputError(
            f"{directory}: the project was rendered but not linked, so there is no image",
            "Build with --tflm-root, or with another --runtime.",
        )
    model = _checked(directory, manifest, MODEL)
    for name in sorted(image_files(manifest.layout)):
        _checked(directory, manifest, name)
    network = read_network(model, name=manifest.model_name)
    if not manifest.front_end:
        network = without_front_end(network)
    elif (front_end := image_front_end(network)) is None or front_end.name != manifest.front_end:
        raise BadInputError(
            f"{directory}: 'front_end' is {manifest.front_end}, which does not suit the model",
            f"Build again: edgel3-deploy build --board {manifest.board.name}",
        )
    last = max((layer for step in manifest.steps for layer in step), default=0)
    if last >= len(network.layers):
        raise BadInputError(
            f"{directory}: 'steps' names layer {last}, but the model has {len(network.layers)} layers",
            f"Build again: edgel3-deploy build --board {manifest.board.name}",
        )
    for step, order in zip(manifest.steps, manifest.orders, strict=True):
        shape = network.layers[shown_layer(network, step)].output.shape
        if not order.fits(shape):
            raise BadInputError(
                f"{directory}: 'orders' shows layer {step[-1]} by {order.axis}, but its shape is {shape}",
                f"Build again: edgel3-deploy build --board {manifest.board.name}",
            )
    return PreparedBuild(
        directory=directory,
        board=manifest.board,
        manifest=manifest,
        network=network,
        model=model,
        float_network=_float_network(directory, manifest),
        head=_head(directory, manifest),
    )


def _float_network(directory: Path, manifest: Manifest) -> FloatNetwork | None:
    from edgel3_deploy.models.forward import load_network

    if REFERENCE not in manifest.files:
        return None
    _checked(directory, manifest, REFERENCE)
    return load_network(directory / REFERENCE)


def _head(directory: Path, manifest: Manifest) -> HeadFile | None:
    from edgel3_deploy.head.file import load_head

    if manifest.head_sha256 is None:
        return None
    _checked(directory, manifest, HEAD)
    head, _ = load_head(directory / HEAD)
    return head


def _checked(directory: Path, manifest: Manifest, name: str) -> bytes:
    path = directory / name
    hint = f"Build again: edgel3-deploy build --board {manifest.board.name}"
    try:
        content = read_ordinary(path)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}", hint) from error
    if sha256(content) != manifest.files.get(name):
        raise BadInputError(f"{path} is not the file that the build wrote", hint)
    return content
