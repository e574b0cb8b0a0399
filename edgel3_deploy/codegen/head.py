"""The int8 head as constants for the kernels of firmware/head/, or its absence."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.codegen import ctext
from edgel3_deploy.codegen.render import render
from edgel3_deploy.graph.ir import FullyConnected
from edgel3_deploy.head.arithmetic import Logistic, Softmax, logistic_constants, softmax_constants
from edgel3_deploy.head.network import HeadNetwork
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.pack_direct import pack_fully_connected


@dataclass(frozen=True)
class CompiledHead:
    """A head as an image takes it: what it computes, its labels, and the SHA-256 of its file."""

    network: HeadNetwork
    labels: tuple[str, ...]
    sha256: bytes


@dataclass(frozen=True)
class _LayerView:
    name: str
    comment: str
    features: int
    outputs: int
    word_count: int
    words: str
    channels: str
    zero_point: int
    activation_min: int
    activation_max: int
    form: str


@dataclass(frozen=True)
class _HeadView:
    summary: str
    sha256: bytes
    layers: tuple[_LayerView, ...]
    logistic: Logistic | None
    softmax: Softmax | None


@dataclass(frozen=True)
class HeadMemory:
    """What a head needs of the context beside its scores: outputs between layers, a widened input."""

    hidden_bytes: int
    scratch_words: int


def head_memory(head: CompiledHead) -> HeadMemory:
    """Bytes and words of it."""
    return HeadMemory(_hidden_bytes(head.network), _scratch_words(head.network))


def head_source(head: CompiledHead | None, model_name: str) -> bytes:
    """The file that computes scores with that head, or says that there is none."""
    return render("library_scores.c.j2", view=None if head is None else _view(head), model_name=model_name)


def _view(head: CompiledHead) -> _HeadView:
    network = head.network
    logits = network.logits
    is_softmax = network.output == "softmax"
    sizes = (network.input.size, *(layer.output.size for layer in network.layers))
    return _HeadView(
        summary=f"{' x '.join(map(str, sizes))}, {network.output}",
        sha256=head.sha256,
        layers=tuple(_layer(layer, f"dense{index + 1}") for index, layer in enumerate(network.layers)),
        logistic=None if is_softmax else logistic_constants(logits.scale, logits.zero_point),
        softmax=softmax_constants(logits.scale) if is_softmax else None,
    )


def _layer(layer: FullyConnected, name: str) -> _LayerView:
    form = requantize_form(layer)
    packed = pack_fully_connected(layer, form)
    outputs, features = layer.weights.shape
    return _LayerView(
        name=name,
        comment=f"{outputs} x {features}, rows padded to four features",
        features=features,
        outputs=outputs,
        word_count=packed.weights.size,
        words=ctext.word_rows(packed.weights),
        channels=ctext.struct_rows(packed.channels),
        zero_point=layer.output.zero_point,
        activation_min=layer.activation_min,
        activation_max=layer.activation_max,
        form=form.name,
    )


def _hidden_bytes(network: HeadNetwork) -> int:
    return 2 * max(layer.output.size for layer in network.layers)


def _scratch_words(network: HeadNetwork) -> int:
    """edgel3_fully_connected_scratch() of the widest input, in words."""
    return max((layer.input.size + 3) // 4 for layer in network.layers) * 2
