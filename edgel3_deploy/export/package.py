"""What every format packs: a library with its test vector, and what manifests and READMEs say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgel3_deploy import __version__
from edgel3_deploy.codegen.head import CompiledHead
from edgel3_deploy.codegen.library import Library
from edgel3_deploy.export.vector import Vector
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.front_end import front_end_flash
from edgel3_deploy.plan.head_bytes import NO_HEAD, head_bytes
from edgel3_deploy.plan.schedule import Schedule


@dataclass(frozen=True)
class Package:
    """A library to pack, and what it was rendered from. `model_sha256` is that of the .tflite file."""

    library: Library
    vector: Vector
    network: Network
    plan: Schedule
    head: CompiledHead | None
    model_sha256: str

    author: ClassVar[str] = "the edgel3-deploy developers"
    vendor: ClassVar[str] = "edgel3-deploy"
    version: ClassVar[str] = __version__

    @property
    def prefix(self) -> str:
        """What names begin with."""
        return self.library.prefix

    @property
    def slug(self) -> str:
        """The prefix as registries take names: lower case, dashes."""
        return "-".join(part for part in self.prefix.lower().split("_") if part)

    @property
    def flash_bytes(self) -> int:
        """Bytes of flash, estimated: constants, tables and kernels."""
        head = NO_HEAD if self.head is None else head_bytes(self.head.network)
        return self.plan.flash_bytes + front_end_flash(self.network) + head.flash

    @property
    def streams(self) -> bool:
        """Whether sound goes on from window to window."""
        return self.plan.front_end is not None and self.plan.front_end.streams

    @property
    def summary(self) -> str:
        """One line about what the library does."""
        source = "one second of sound" if self.library.sample_rate else "an int8 spectrogram"
        result = f"an embedding of {self.network.output.size} dimensions"
        labels = len(self.library.labels)
        head = f" and scores of {labels} labels" if labels else ""
        return f"{self.network.name}: {source} to {result}{head}, in exact int8 arithmetic"
