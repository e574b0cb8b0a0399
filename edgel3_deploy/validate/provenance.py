"""What a report tells of the build beside its results: its budget, and the versions of what took part."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from edgel3_deploy import __version__
from edgel3_deploy.fileio import is_file, read_file, sha256
from edgel3_deploy.pipeline.decode import DecodeError, decode, read_json
from edgel3_deploy.pipeline.manifest import Manifest
from edgel3_deploy.toolchain.budget import Item, Usage
from edgel3_deploy.validate.result import Calibration
from edgel3_deploy.validate.workload import Workload

_PACKAGES = ("ai-edge-litert", "numpy", "tflite-micro")


def read_budget(folder: Path) -> tuple[Usage, ...]:
    """Flash, RAM and its regions from the build's budget.json; empty if it cannot be read."""
    try:
        content = read_json(folder / "budget.json")
        rows = {"flash": content["flash"], "RAM": content["ram"], **content["ram"]["regions"]}
        return tuple(
            decode(Usage, {"name": name, "used": row["used"], "limit": row["limit"]})
            for name, row in rows.items()
        )
    except (OSError, DecodeError, LookupError, TypeError):
        return ()


def largest_symbols(folder: Path) -> tuple[Item, ...]:
    """The image's largest symbols from the build's budget.json; empty if it cannot be read."""
    try:
        rows = read_json(folder / "budget.json")["largest"]
        return tuple(decode(Item, row) for row in rows)
    except (OSError, DecodeError, LookupError, TypeError):
        return ()


def calibration_of(manifest: Manifest, workload: Workload) -> Calibration:
    """What calibrated the build, and which of the recordings that are validated on did."""
    used = set(manifest.recordings)
    again = tuple(
        source.name
        for source, clip in zip(workload.sources, workload.clips, strict=False)
        if used and is_file(clip.path) and sha256(read_file(clip.path, "a recording", 1 << 31)) in used
    )
    return Calibration(manifest.inputs.get("calibration", ""), again)


def versions(build_tools: Mapping[str, str]) -> dict[str, str]:
    """Versions on the validating host, then those that the build recorded."""
    found = {"edgel3-deploy (validation)": __version__}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {**found, **{f"{name} (build)": version for name, version in build_tools.items()}}
