"""The public header of a library, for stand-ins that implement it."""

from __future__ import annotations

from pathlib import Path

from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.codegen.arenas import ArenaView
from edgel3_deploy.codegen.head import CompiledHead, head_memory, head_source
from edgel3_deploy.codegen.render import render
from edgel3_deploy.graph.ir import Layer, Network, Tensor

ARENA = ArenaView("dtcm", 1300, "edgel3_arena", "EDGEL3_ARENA", "EDGEL3_AT_DTCM")


def public_header(
    inputs: tuple[int, ...],
    outputs: int,
    *,
    layers: int,
    labels: int = 0,
    front_end: FrontEnd | None = None,
    streams: bool = True,
    head: CompiledHead | None = None,
) -> bytes:
    """edgel3.h for an input of that shape and so many outputs, which stand for steps of 0.0125 from -3 on."""
    first = Tensor(0, "input", inputs, 0.5, 0)
    last = Tensor(1, "output", (outputs,), 0.0125, -3)
    return render(
        "library.h.j2",
        alignment=16,
        arenas=(ARENA,),
        entries=(("layer", 0, 0),) * layers,
        front_end=front_end,
        head=None if head is None else head_memory(head),
        labels=("label",) * labels,
        members=(),
        model_name="fake",
        network=Network("fake", (Layer(0, "layer", "", first, last),), 1.0, 0.0, ""),
        runtime="native",
        stack_size=1024,
        streams=streams,
    )


def head_files(folder: Path, head: CompiledHead | None, features: int) -> tuple[Path, str]:
    """The generated source that computes scores, and the option that finds its header."""
    labels = 0 if head is None else len(head.labels)
    source = folder / "scores.c"
    source.write_bytes(head_source(head, "a model"))
    header = public_header((1,), features, layers=1, labels=labels, head=head)
    return source, write_header(folder, header)


def write_header(folder: Path, header: bytes) -> str:
    """The option of a compiler that finds it."""
    (folder / "edgel3.h").write_bytes(header)
    return f"-I{folder}"


HEADER = public_header((1300,), 700, layers=3, labels=2)
"""Of the stand-in in fake_network/."""
