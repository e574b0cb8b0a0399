"""`edgel3-deploy build`: from a model to a flashable image and a budget verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgel3_deploy.cli.options import (
    board_option,
    build_directory,
    by_option,
    calibration_option,
    head_option,
    json_option,
    model_option,
    optimize_option,
    ram_option,
)
from edgel3_deploy.cli.output import emit_json, emit_usage, emit_warnings, size
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import UsageError
from edgel3_deploy.image.pack import application_name

if TYPE_CHECKING:
    from edgel3_deploy.pipeline.builder import BuildResult


@click.command()
@board_option
@model_option
@click.option(
    "--runtime",
    type=click.Choice(["native", "cmsis-nn", "tflm"]),
    default="native",
    show_default=True,
    help="Who executes the network: this project's kernels, Arm's, or TFLite Micro.",
)
@optimize_option
@ram_option
@by_option
@calibration_option
@head_option("the board then gives labels too.")
@click.option(
    "--slots",
    type=click.Choice(["one", "two"]),
    help="Slots for the application behind the loader: with two an update keeps the old image until the new "
    "one has started.  [default: one]",
)
@click.option(
    "--no-loader",
    is_flag=True,
    help="A bare image at the start of the flash: no loader, no updates through it.",
)
@click.option(
    "--no-front-end",
    is_flag=True,
    help="The image takes int8 from the host: it does not make it from PCM itself.",
)
@click.option(
    "--console",
    type=click.Choice(["mlperf"]),
    help="Text commands that the firmware understands beside its own protocol: MLPerf Tiny's.",
)
@click.option(
    "--image-version",
    type=click.IntRange(0, (1 << 32) - 1),
    default=1,
    show_default=True,
    help="The loader refuses an image with a lower version than the one installed.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the build.  [default: build/BOARD]",
)
@click.option("--cmsis-nn-root", type=click.Path(path_type=Path), metavar="DIR", help="Checkout of CMSIS-NN.")
@click.option(
    "--tflm-root", type=click.Path(path_type=Path), metavar="DIR", help="Checkout of tflite-micro, built."
)
@json_option
def command(
    board_name: str,
    model: str,
    runtime: str,
    optimize: str,
    ram_limit: int | None,
    by: str,
    calibration: tuple[Path, ...],
    head: Path | None,
    slots: str | None,
    no_loader: bool,
    no_front_end: bool,
    console: str | None,
    image_version: int,
    output: Path | None,
    cmsis_nn_root: Path | None,
    tflm_root: Path | None,
    as_json: bool,
) -> None:
    """Quantize, plan memory, render C, compile, link, and judge the image against the board's memories."""
    from edgel3_deploy.boards import load_board
    from edgel3_deploy.head.adapt import locate_head
    from edgel3_deploy.pipeline.builder import BuildRequest, build

    if no_loader and slots is not None:
        raise UsageError(
            "--no-loader and --slots exclude each other", "A bare image has no slots: leave one out."
        )
    board = load_board(board_name)
    request = BuildRequest(
        board=board,
        model=model,
        runtime=runtime,
        optimize=optimize,
        ram_limit=ram_limit,
        by=by,
        calibration=calibration,
        head=None if head is None else locate_head(head),
        output=build_directory(board.name, output),
        cmsis_nn_root=cmsis_nn_root,
        tflm_root=tflm_root,
        slots=0 if no_loader else _SLOTS[slots],
        image_version=image_version,
        front_end=not no_front_end,
        console=console,
    )
    with ConsoleProgress() as progress:
        result = build(request, progress=progress)
    emit_warnings(result.warnings)
    if as_json:
        emit_json("build", result.to_json())
        return
    click.secho(f"{result.directory}: {result.model_name} for {board.name}, runtime {runtime}", bold=True)
    if result.fidelity is not None:
        click.echo(
            f"int8 against float on the calibration windows: cosine min {result.fidelity.cosine_min:.4f}, "
            f"median {result.fidelity.cosine_median:.4f}, SQNR {result.fidelity.sqnr_db:.1f} dB"
        )
    if result.budget is None:
        click.echo(f"status: {result.manifest.status}; the warning above says how to link it")
        return
    emit_usage([(row.name, row.used, row.limit) for row in result.budget.rows])
    if result.budget.flash_parts:
        click.echo(f"flash: {result.budget.flash_parts}")
        click.echo(_resident(result))
    click.secho(f"verdict: {result.budget.verdict}", bold=True, fg="green")


_SLOTS = {None: None, "one": 1, "two": 2}


def _resident(result: BuildResult) -> str:
    """Where loader and applications lie, and what they take of their room."""
    from edgel3_deploy.pipeline.prepared import LOADER_BIN

    manifest = result.manifest
    assert manifest.layout.loader is not None
    places = [
        f"loader {size(manifest.sizes[LOADER_BIN])} of {size(manifest.layout.loader.size)} bytes",
        *(
            f"{slot.name} at {slot.origin:#010x}: {size(manifest.sizes[application_name(index)])} of "
            f"{size(slot.size)} bytes"
            for index, slot in enumerate(manifest.layout.slots)
        ),
    ]
    return f"image version {manifest.image_version}; {'; '.join(places)}"
