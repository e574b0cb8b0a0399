"""The whole way from a model to a library in a folder: quantize, plan, render, compute the check, pack."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgel3_deploy import schemas
from edgel3_deploy.errors import UsageError
from edgel3_deploy.export.formats import FORMATS, pack
from edgel3_deploy.export.package import Package
from edgel3_deploy.fileio import sha256
from edgel3_deploy.pipeline.decode import read_json
from edgel3_deploy.pipeline.folder import Owner, output_folder, write_files
from edgel3_deploy.pipeline.head import take_head
from edgel3_deploy.pipeline.source import take_model
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.library import LIBRARY, schedule_library
from edgel3_deploy.plan.measure import Measure
from edgel3_deploy.progress import Progress, silent

FILE_NAME = "export.json"


@dataclass(frozen=True)
class ExportRequest:
    """What to export: `model` as the user names it, `output` the folder.

    `format` is one of FORMATS, `prefix` what all names in C begin with. `ram_limit` bounds the arena, in
    bytes. The others are as in `BuildRequest`.
    """

    model: str
    format: str
    output: Path
    prefix: str = "edgel3"
    head: Path | None = None
    front_end: bool = True
    optimize: Goal = "balanced"
    by: Measure = "instructions"
    ram_limit: int | None = None
    calibration: tuple[Path, ...] = ()


@dataclass(frozen=True)
class ExportResult:
    """A finished export: the folder, and what export.json in it says."""

    directory: Path
    package: Package
    content: Mapping[str, Any]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The content of export.json with the folder."""
        return {"directory": str(self.directory), **self.content}


def _written(directory: Path) -> Iterable[str]:
    """Paths that an earlier export wrote into a folder; none if its export.json cannot be read."""
    try:
        files = read_json(directory / FILE_NAME)["files"]
        return [name for name in files if isinstance(name, str) and Path(name).parts]
    except (OSError, ValueError, KeyError, TypeError):
        return ()


EXPORT = Owner("export", FILE_NAME, _written)
"""What this stage writes."""


def export(request: ExportRequest, *, progress: Progress = silent) -> ExportResult:
    """Export `request` into its folder, all or nothing.

    Raises UsageError for an unknown format, a prefix that cannot be C, contradicting options and a folder
    that cannot be written or holds something else; OverBudgetError for a network that does not fit the
    arena; BadInputError for models, heads and audio that cannot be used.
    """
    from edgel3_deploy.codegen.library import render_library
    from edgel3_deploy.codegen.prefix import checked_prefix
    from edgel3_deploy.export.vector import make_vector

    if request.format not in FORMATS:
        raise UsageError(f"unknown format {request.format!r}", f"Formats: {', '.join(FORMATS)}.")
    prefix = checked_prefix(request.prefix)
    with output_folder(request.output, EXPORT) as folder:
        source = take_model(request.model, request.calibration, LIBRARY, progress=progress)
        taken = None if request.head is None else take_head(request.head, source)
        head = None if taken is None else taken.compiled
        network = source.network if request.front_end else without_front_end(source.network)
        progress("planning")
        plan = schedule_library(network, request.optimize, request.by, request.ram_limit)
        progress("rendering the library")
        library = render_library(network, source.tflite, plan=plan, prefix=prefix, head=head)
        progress("computing what the check must give")
        vector = make_vector(network, source.tflite, head)
        package = Package(library, vector, network, plan, head, sha256(source.tflite))
        files = pack(request.format, package)
        content = {
            **_content(request, package),
            "head_sha256": None if taken is None else sha256(taken.content),
            "inputs": dict(source.inputs),
            "warnings": list(source.warnings),
            "files": {name: sha256(data) for name, data in files.items()},
        }
        stage = folder.stage()
        write_files(stage, {**files, FILE_NAME: schemas.file_bytes("export", content)})
        folder.commit()
    return ExportResult(request.output, package, content, source.warnings)


def _content(request: ExportRequest, package: Package) -> dict[str, Any]:
    library, plan = package.library, package.plan
    return {
        "format": request.format,
        "version": package.version,
        "prefix": library.prefix,
        "model": package.network.name,
        "model_sha256": package.model_sha256,
        "optimize": request.optimize,
        "by": request.by,
        "arena": {
            "bytes": library.arena_size,
            "alignment": library.arena_alignment,
            "limit": request.ram_limit,
        },
        "stack_bytes": library.stack_size,
        "flash_bytes": package.flash_bytes,
        "modelled_instructions": plan.instructions,
        "modelled_cycles": plan.cycles,
        "input": _tensor(library.input_size, library.input_scale, library.input_zero_point),
        "output": _tensor(library.output_size, library.output_scale, library.output_zero_point),
        "front_end": None if plan.front_end is None else dataclasses.asdict(plan.front_end),
        "sample_rate_hz": library.sample_rate,
        "labels": list(library.labels),
        "license": "0BSD",
    }


def _tensor(size: int, scale: float, zero_point: int) -> dict[str, float]:
    return {"bytes": size, "scale": float(scale), "zero_point": zero_point}
