"""What a runtime is compiled with: found first, so that a build fails before it has worked for minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy import __version__
from edgel3_deploy.pipeline.manifest import Runtime
from edgel3_deploy.toolchain.cmsis_nn import CmsisNn, find_cmsis_nn
from edgel3_deploy.toolchain.gcc import COMPILER, find_gcc
from edgel3_deploy.toolchain.tflm import Tflm, find_tflm


@dataclass(frozen=True)
class Tools:
    """Versions by name, for the manifest, and the sources or library of the runtime."""

    versions: Mapping[str, str]
    cmsis_nn: CmsisNn | None = None
    tflm: Tflm | None = None

    @property
    def make_variables(self) -> tuple[str, ...]:
        """Arguments of make that a project of this runtime needs."""
        return self.tflm.variables if self.tflm is not None else ()


def find_tools(runtime: Runtime, cmsis_nn_root: Path | None, tflm_root: Path | None) -> Tools:
    """The tools of `runtime`; none but this package for tflm without a checkout, which is rendered only.

    Raises ToolchainError, saying what to install or to name, if something is missing.
    """
    versions = {"edgel3-deploy": __version__}
    if runtime == "tflm" and tflm_root is None:
        return Tools(versions)
    versions[COMPILER] = find_gcc().version
    if runtime == "tflm" and tflm_root is not None:
        library = find_tflm(tflm_root)
        return Tools({**versions, "tflite-micro": library.configuration}, tflm=library)
    if runtime == "cmsis-nn":
        tree = find_cmsis_nn(cmsis_nn_root)
        return Tools({**versions, "cmsis-nn": tree.version}, cmsis_nn=tree)
    return Tools(versions)
