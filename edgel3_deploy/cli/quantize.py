"""`edgel3-deploy quantize`: weights to full-int8 TFLite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgel3_deploy.cli.options import calibration_option, json_option, model_option
from edgel3_deploy.cli.output import emit_json, emit_table, emit_warnings, require_output
from edgel3_deploy.cli.progress import ConsoleProgress
from edgel3_deploy.errors import UsageError

if TYPE_CHECKING:
    from edgel3_deploy.quantize import Fidelity, Method, QuantizedModel


@click.command()
@model_option
@calibration_option
@click.option(
    "--judge",
    "judging",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Other recordings, to measure on what int8 costs, layer by layer.",
)
@click.option(
    "--method",
    type=click.Choice(["gptq", "mse", "minmax", "converter"]),
    default="gptq",
    show_default=True,
    help="Best first; `converter` is TensorFlow's, for comparison.",
)
@click.option(
    "--qat",
    "qat_windows",
    is_flag=False,
    flag_value=16_000,
    default=0,
    type=click.IntRange(0),
    metavar="[WINDOWS]",
    help="Fine-tune with the rounding in place, on so many windows (16000 if not said); slow.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the model.  [default: MODEL.tflite]",
)
@click.option("--no-cache", is_flag=True, help="Quantize anew even if a cached result exists.")
@json_option
def command(
    model: str,
    calibration: tuple[Path, ...],
    judging: tuple[Path, ...],
    method: Method,
    qat_windows: int,
    output: Path | None,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Quantize EdgeL3 weights to an int8 .tflite, and say how close it stays to the float network."""
    from edgel3_deploy.fileio import write_atomically
    from edgel3_deploy.models.locate import locate
    from edgel3_deploy.models.weights import read_weights
    from edgel3_deploy.quantize import quantize

    if qat_windows and method == "converter":
        raise UsageError("--qat does not work on the converter's result", "Use another --method.")
    source = locate(model)
    if source.kind == "tflite":
        raise UsageError(
            f"{source.path} is a .tflite already", "Give weights (.h5, .h5.gz) or a family name."
        )
    target = output if output is not None else Path(f"{source.name}.tflite")
    require_output(target, ".tflite", (source.path, *calibration, *judging))
    with ConsoleProgress() as progress:
        quantized = quantize(
            read_weights(source.path),
            calibration=calibration,
            judging=judging,
            method=method,
            qat_windows=qat_windows,
            progress=progress,
            use_cache=not no_cache,
        )
    write_atomically(target, quantized.tflite)
    emit_warnings(quantized.warnings)
    if as_json:
        emit_json("quantize", {"path": str(target), "method": method, **_facts(quantized)})
        return
    click.echo(f"{target}: {len(quantized.tflite):,} bytes, sha256 {quantized.sha256[:16]}")
    click.echo(f"calibrated on {quantized.calibration}, method {method}")
    _show_layers(quantized)
    if quantized.fidelity is not None:
        _show_fidelity("the calibration windows", quantized.fidelity)
    if quantized.judgement is not None:
        _show_fidelity(quantized.judgement.windows, quantized.judgement.fidelity)


def _show_fidelity(windows: str, fidelity: Fidelity) -> None:
    click.echo(
        f"int8 against float on {windows}: cosine min {fidelity.cosine_min:.4f}, "
        f"median {fidelity.cosine_median:.4f}, SQNR {fidelity.sqnr_db:.1f} dB"
    )


def _facts(quantized: QuantizedModel) -> dict[str, Any]:
    judgement = quantized.judgement
    return {
        "bytes": len(quantized.tflite),
        "sha256": quantized.sha256,
        "calibration": quantized.calibration,
        "fidelity": quantized.fidelity.to_json() if quantized.fidelity else None,
        "layer_sqnr_db": dict(quantized.layer_sqnr_db),
        "judgement": None
        if judgement is None
        else {
            "windows": judgement.windows,
            "fidelity": judgement.fidelity.to_json(),
            "layer_sqnr_db": dict(judgement.layer_sqnr_db),
        },
    }


def _show_layers(quantized: QuantizedModel) -> None:
    """A table of the signal-to-noise ratio behind each layer, the worst of each column marked."""
    judged = quantized.judgement.layer_sqnr_db if quantized.judgement is not None else ()
    columns = {"SQNR dB": dict(quantized.layer_sqnr_db), "judged": dict(judged)}
    columns = {title: figures for title, figures in columns.items() if figures}
    if columns:
        names = list(next(iter(columns.values())))
        marked = {title: _marked(figures) for title, figures in columns.items()}
        emit_table(
            ("layer", *columns), [(name, *(column[name] for column in marked.values())) for name in names]
        )


def _marked(figures: dict[str, float]) -> dict[str, str]:
    worst = min(figures, key=lambda name: figures[name])
    return {name: f"{value:.1f}{' worst' if name == worst else ''}" for name, value in figures.items()}
