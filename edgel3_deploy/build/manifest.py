"""manifest.json: what a build was made from and what it wrote, so that others can trust the folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from edgel3_deploy.boards.board import (
    Board,
    Bootloader,
    Clock,
    Debug,
    Emulator,
    Led,
    Loader,
    Pll,
    Region,
    Sector,
    Uart,
)
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.plan.goal import GOALS, Goal

FORMAT = 1
FILE_NAME = "manifest.json"

Runtime = Literal["native", "cmsis-nn", "tflm"]
RUNTIMES: tuple[Runtime, ...] = ("native", "cmsis-nn", "tflm")


@dataclass(frozen=True)
class Manifest:
    """One build, without paths of the machine and without times, so that builds compare.

    Hashes are SHA-256 in hexadecimal. `status` is "linked", or "rendered" for a TFLite Micro project without
    a library to link. `inputs` names the model and hashes what it came from; `tools` maps names to versions;
    `files` maps every file that the build wrote (but this one) to its hash. `goal` is what the native
    schedule was chosen for; `steps` lists, per step that the board reports, the layers computed in it.
    """

    build_id: str
    board: Board
    runtime: Runtime
    goal: Goal | None
    steps: tuple[tuple[int, ...], ...]
    status: Literal["linked", "rendered"]
    model_name: str
    model_sha256: str
    inputs: Mapping[str, str]
    fidelity: Mapping[str, float] | None
    warnings: tuple[str, ...]
    tools: Mapping[str, str]
    files: Mapping[str, str]

    def to_json(self) -> bytes:
        """The file's content: the same build gives the same bytes."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=2, sort_keys=True) + "\n").encode()


def read_manifest(directory: Path) -> Manifest:
    """The manifest of the build in `directory`; BadInputError if there is none or it cannot be used."""
    path = directory / FILE_NAME
    hint = "Build again: edgel3-deploy build --board BOARD"
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise BadInputError(f"{path}: manifest format {content['format']}, expected {FORMAT}", hint)
        return _manifest(content)
    except FileNotFoundError as error:
        raise BadInputError(f"{directory}: there is no finished build here", hint) from error
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}", hint) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInputError(f"{path} is damaged ({type(error).__name__}: {error})", hint) from error


def _manifest(content: Mapping[str, Any]) -> Manifest:
    if content["runtime"] not in RUNTIMES or content["status"] not in ("linked", "rendered"):
        raise ValueError("unknown runtime or status")
    if content["goal"] not in (None, *GOALS):
        raise ValueError("unknown goal")
    return Manifest(
        build_id=bytes.fromhex(content["build_id"]).hex(),
        board=_board(content["board"]),
        runtime=content["runtime"],
        goal=content["goal"],
        steps=tuple(tuple(int(layer) for layer in step) for step in content["steps"]),
        status=content["status"],
        model_name=_text(content["model_name"]),
        model_sha256=_text(content["model_sha256"]),
        inputs=_texts(content["inputs"]),
        fidelity=content["fidelity"]
        and {str(key): float(value) for key, value in content["fidelity"].items()},
        warnings=tuple(_text(warning) for warning in content["warnings"]),
        tools=_texts(content["tools"]),
        files=_texts(content["files"]),
    )


def _texts(content: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): _text(value) for key, value in content.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _board(content: Mapping[str, Any]) -> Board:
    clock = content["clock"]
    plain = {key: content[key] for key in ("name", "title", "part", "family", "main_ram", "stack_size")}
    return Board(
        **plain,
        clock=Clock(**{**clock, "pll": clock["pll"] and Pll(**clock["pll"])}),
        regions=tuple(Region(**region) for region in content["regions"]),
        uart=Uart(**content["uart"]),
        sectors=tuple(Sector(**sector) for sector in content["sectors"]),
        bootloader=content["bootloader"] and Bootloader(**content["bootloader"]),
        loader=content["loader"] and Loader(**content["loader"]),
        led=content["led"] and Led(**content["led"]),
        debug=content["debug"] and Debug(**content["debug"]),
        emulator=content["emulator"] and Emulator(**content["emulator"]),
    )
