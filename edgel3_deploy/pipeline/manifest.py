"""manifest.json: what a build was made from and what it wrote, so that others can trust the folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from edgel3_deploy.audio.frontend import L3, SEA
from edgel3_deploy.boards import board_names
from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.check import check_board
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.image.layout import FlashLayout, flash_layout
from edgel3_deploy.pipeline.decode import DecodeError, decode, read_json
from edgel3_deploy.pipeline.order import Order
from edgel3_deploy.plan.front_end import FrontEndMemory
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.measure import Measure

FORMAT = 5
FILE_NAME = "manifest.json"

Runtime = Literal["native", "cmsis-nn", "tflm"]
RUNTIMES: tuple[Runtime, ...] = ("native", "cmsis-nn", "tflm")
_DIGEST = re.compile("[0-9a-f]{64}")
_LONGEST_NAME = 255


@dataclass(frozen=True)
class MemoryUse:
    """`size` bytes at `offset` of the arena in `region`, alive while steps `first` to `last` run."""

    label: str
    region: str
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Manifest:
    """One build, without paths of the machine and without times, so that builds compare.

    Hashes are SHA-256 in hexadecimal. `status` is "linked", or "rendered" for a TFLite Micro project
    without a library to link. `head_sha256` is that of head.npz, None where the image has no head. `inputs`
    names the model and hashes what it came from; `recordings` has the SHA-256 of each that calibrated,
    `layer_sqnr_db` the signal-to-noise ratio behind each convolution on them; `tools` maps names to
    versions; `files` maps every file that the build wrote (but this one) to its hash. `goal` is what the
    native schedule was chosen for, within `ram_limit` bytes of RAM if it is not None, `by` the cost kept
    low. `steps` lists, per step that the board reports, the layers computed in it, and `orders` how it
    shows the last one's output. `memory` lists what lies where, and when; what stays for ever is alive in
    every step. `layout` is what the image was linked for, `image_version` what its header says. `front_end`
    names the front end that the image carries, empty if it takes int8 from the host, and `front_end_memory`
    is where it has its state. `sizes` has the bytes of the files that make produced.
    """

    build_id: str
    board: Board
    layout: FlashLayout
    runtime: Runtime
    goal: Goal | None
    ram_limit: int | None
    by: Measure
    steps: tuple[tuple[int, ...], ...]
    orders: tuple[Order, ...]
    memory: tuple[MemoryUse, ...]
    status: Literal["linked", "rendered"]
    front_end: str
    front_end_memory: FrontEndMemory | None
    model_name: str
    model_sha256: str
    head_sha256: str | None
    inputs: Mapping[str, str]
    recordings: tuple[str, ...]
    layer_sqnr_db: Mapping[str, float]
    fidelity: Mapping[str, float] | None
    warnings: tuple[str, ...]
    tools: Mapping[str, str]
    files: Mapping[str, str]
    sizes: Mapping[str, int] = field(default_factory=dict)
    image_version: int = 1

    def to_json(self) -> bytes:
        """The file's content: the same build gives the same bytes."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=2, sort_keys=True) + "\n").encode()


def _is_board(directory: Path) -> bool:
    """Whether the folder has a board's name, as builds have unless told otherwise."""
    return directory.name in board_names()


def read_manifest(directory: Path, board_name: str = "") -> Manifest:
    """The manifest of the build in `directory`, which should be for the board of that name (for the hint).

    Raises BadInputError, naming the field, if there is none, it is damaged, or of another format.
    """
    path = directory / FILE_NAME
    named = f" --board {board_name or directory.name}" if board_name or _is_board(directory) else ""
    hint = f"Build again: edgel3-deploy build{named}"
    try:
        content = read_json(path)
        if not isinstance(content, dict) or "format" not in content:
            raise DecodeError("'format' is missing")
        found = content.pop("format")
        if type(found) is int and found != FORMAT:
            raise BadInputError(f"{path}: manifest format {found}, expected {FORMAT}", hint)
        if found != FORMAT:
            raise DecodeError("'format' is no whole number")
        manifest = decode(Manifest, content)
        _check(manifest, path)
        return manifest
    except FileNotFoundError as error:
        raise BadInputError(f"{directory}: there is no finished build here", hint) from error
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}", hint) from error
    except DecodeError as error:
        raise BadInputError(f"{path} is damaged: {error}", hint) from error


def find_manifest(directory: Path) -> Manifest | None:
    """The manifest of the build in `directory`; None if there is none that can be read."""
    try:
        return read_manifest(directory)
    except BadInputError:
        return None


def _check(manifest: Manifest, path: Path) -> None:
    """Raises DecodeError or BadInputError where fields contradict each other, or what they name."""
    for name, digest in {
        "build_id": manifest.build_id,
        "model_sha256": manifest.model_sha256,
        **({} if manifest.head_sha256 is None else {"head_sha256": manifest.head_sha256}),
        **{f"recordings[{index}]": digest for index, digest in enumerate(manifest.recordings)},
        **{f"files[{name!r}]": digest for name, digest in manifest.files.items()},
    }.items():
        _require(bool(_DIGEST.fullmatch(digest)), f"'{name}' is no SHA-256 in hexadecimal")
    for name in (*manifest.files, *manifest.sizes):
        _require(_is_inside(name), f"'files' has the name {name!r}, which is no file of the folder")
    _require(manifest.sizes.keys() <= manifest.files.keys(), "'sizes' has a file that 'files' has not")
    _require(manifest.image_version < 1 << 32, "'image_version' is no 32-bit number")
    native = manifest.runtime == "native"
    _require((manifest.goal is not None) == native, "'goal' does not suit 'runtime'")
    _require(native or manifest.ram_limit is None, "'ram_limit' does not suit 'runtime'")
    layers = [layer for step in manifest.steps for layer in step]
    _require(
        all(manifest.steps) and layers == sorted(set(layers)),
        "'steps' are not layers in their order, each once",
    )
    _require(len(manifest.orders) == len(manifest.steps), "'orders' has not one for each of 'steps'")
    _require(manifest.front_end in ("", SEA.name, L3.name), f"'front_end' is {manifest.front_end!r}")
    ram = {region.name: region.size for region in manifest.board.ram}
    held = manifest.front_end_memory
    _require((held is not None) == bool(manifest.front_end), "'front_end_memory' does not suit 'front_end'")
    if held is not None:
        inside = held.region in ram and held.offset + held.size <= ram[held.region]
        _require(inside, "'front_end_memory' lies outside RAM")
    for use in manifest.memory:
        _require(use.label.isprintable() and use.label != "", f"'memory' has the label {use.label!r}")
        _require(use.offset + use.size <= ram.get(use.region, 0), f"'memory' has {use.label} outside RAM")
        _require(use.first <= use.last < len(manifest.steps), f"'memory' has {use.label} outside the steps")
    _check_layout(manifest.board, manifest.layout, path)


def _check_layout(board: Board, layout: FlashLayout, path: Path) -> None:
    for name in (board.name, board.title, board.part, *(region.name for region in board.regions)):
        _require(name.isprintable() and name != "", f"'board' has the name {name!r}")
    ram = [region.name for region in board.regions if region.kind == "ram"]
    _require(board.main_ram in ram, f"'board.main_ram' is {board.main_ram!r}, which is no RAM region")
    _require(board.dma_ram in ("", *ram), f"'board.dma_ram' is {board.dma_ram!r}, which is no RAM region")
    names = [region.name for region in board.regions]
    _require(len(set(names)) == len(names), "'board.regions' has a name twice")
    check_board(board, path)
    try:
        expected = flash_layout(board, len(layout.slots))
    except UsageError as error:
        raise DecodeError(f"'layout' does not suit the board: {error.message}") from error
    _require(layout == expected, f"'layout' is not that of {len(layout.slots)} slots on this board")


def _is_inside(name: str) -> bool:
    """Whether `name` is a path below the folder, as a build writes it."""
    path = PurePosixPath(name)
    plain = name == str(path) and name.isprintable() and "\\" not in name
    short = all(len(part.encode()) <= _LONGEST_NAME for part in path.parts)
    return plain and short and bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise DecodeError(problem)
