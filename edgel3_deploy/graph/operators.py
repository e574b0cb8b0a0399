"""One builder per supported operator: stored options and constants in, a checked layer out.

Every builder raises BadInputError that begins with `where`, the operator and layer it speaks of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.fixed_point import ACTIVATIONS, activation_range, quantize_multipliers, requantize
from edgel3_deploy.graph.flatbuffer import RawOperator, RawTensor, damaged, unsupported
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, MaxPool2D, Requantize, Reshape

Constants = Sequence[RawTensor | None]
Builder = Callable[[Layer, RawOperator, Constants, str], Layer]

PREFIXES = {"CONV_2D": "conv", "MAX_POOL_2D": "pool", "RESHAPE": "reshape", "FULLY_CONNECTED": "fc"}
"""Supported operators and what their layers are called."""

_ACTIVATION_CODES = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
_SAME, _VALID = 0, 1
MAX_STEP = 1 << 12
"""Largest kernel, window or stride along an axis."""


def _conv2d(common: Layer, operator: RawOperator, constants: Constants, where: str) -> Layer:
    channels = _image(common.input.shape, where)
    if operator.option("DilationHFactor") != 1 or operator.option("DilationWFactor") != 1:
        raise BadInputError(f"{where}: dilation is not supported", "Use convolutions with dilation 1.")
    weights = _weights(constants, 4, where)
    outputs, kernel_height, kernel_width, kernel_channels = weights.shape
    if kernel_channels != channels:
        raise BadInputError(
            f"{where}: kernel takes {kernel_channels} channels, its input has {channels}",
            "Grouped convolutions are not supported.",
        )
    stride = (operator.option("StrideH"), operator.option("StrideW"))
    window = (kernel_height, kernel_width)
    padding = _geometry(common, operator, window, stride, where)
    if common.output.shape[-1] != outputs:
        raise damaged(f"{where}: {outputs} kernels for {common.output.shape[-1]} output channels")
    scales = float(np.float32(common.input.scale)) * _weight_scales(constants, outputs, where)
    lower, upper = _activation(common, operator, where)
    constants_of = _arithmetic(
        scales / common.output.scale, weights, _bias(constants, outputs, where), (common, lower, upper, where)
    )
    return Conv2D(
        **vars(common),
        **constants_of._asdict(),
        stride=stride,
        padding=padding,
        activation_min=lower,
        activation_max=upper,
    )


def _max_pool2d(common: Layer, operator: RawOperator, constants: Constants, where: str) -> Layer:
    channels = _image(common.input.shape, where)
    _same_quantization(common, where)
    window = (operator.option("FilterHeight"), operator.option("FilterWidth"))
    stride = (operator.option("StrideH"), operator.option("StrideW"))
    padding = _geometry(common, operator, window, stride, where)
    if common.output.shape[-1] != channels:
        raise damaged(f"{where}: {channels} channels in, {common.output.shape[-1]} out")
    lower, upper = _activation(common, operator, where)
    return MaxPool2D(
        **vars(common),
        window=window,
        stride=stride,
        padding=padding,
        activation_min=lower,
        activation_max=upper,
    )


def _reshape(common: Layer, operator: RawOperator, constants: Constants, where: str) -> Layer:
    _same_quantization(common, where)
    if common.input.size != common.output.size:
        raise damaged(f"{where}: {common.input.size} elements become {common.output.size}")
    return Reshape(**vars(common))


def _fully_connected(common: Layer, operator: RawOperator, constants: Constants, where: str) -> Layer:
    if operator.option("WeightsFormat") != 0:
        raise BadInputError(
            f"{where}: shuffled weights are not supported", "Export weights in the default format."
        )
    weights = _weights(constants, 2, where)
    outputs, inputs = weights.shape
    rows = common.input.size // inputs
    if common.input.size != rows * inputs or common.output.size != rows * outputs:
        raise damaged(
            f"{where}: {weights.shape} weights for {common.input.size} inputs, {common.output.size} outputs"
        )
    scales = _weight_scales(constants, outputs, where)
    if len(_weight(constants, where).scales) == 1:
        # TFLite multiplies the two per-tensor scales in single precision here, unlike in convolutions.
        scales = (np.float32(common.input.scale) * scales.astype(np.float32)).astype(np.float64)
        if (scales < 0).any():
            raise unsupported(
                f"{where}: a negative weight scale for the whole layer", "Quantize the weights again."
            )
    else:
        scales = common.input.scale * scales
    lower, upper = _activation(common, operator, where)
    constants_of = _arithmetic(
        scales / common.output.scale, weights, _bias(constants, outputs, where), (common, lower, upper, where)
    )
    if rows == 1:
        return FullyConnected(
            **vars(common), **constants_of._asdict(), activation_min=lower, activation_max=upper
        )
    return _pointwise(common, constants_of, rows, (lower, upper))


def _pointwise(common: Layer, constants_of: _Arithmetic, rows: int, bounds: tuple[int, int]) -> Conv2D:
    """A layer that is fully connected along its last axis only, as the 1x1 convolution that it is."""
    weights = constants_of.weights
    outputs, inputs = weights.shape
    image = common.input.shape[:-1] if len(common.input.shape) == 3 else (rows, 1)
    common = replace(
        common,
        input=replace(common.input, shape=(*image, inputs)),
        output=replace(common.output, shape=(*image, outputs)),
    )
    return Conv2D(
        **vars(common),
        **constants_of._replace(weights=weights.reshape(outputs, 1, 1, inputs))._asdict(),
        stride=(1, 1),
        padding=(0, 0),
        activation_min=bounds[0],
        activation_max=bounds[1],
    )


BUILDERS: dict[str, Builder] = {
    "CONV_2D": _conv2d,
    "MAX_POOL_2D": _max_pool2d,
    "RESHAPE": _reshape,
    "FULLY_CONNECTED": _fully_connected,
}


def _image(shape: tuple[int, ...], where: str) -> int:
    """The channels of an input (height, width, channels)."""
    if len(shape) != 3:
        raise BadInputError(
            f"{where}: input of shape {shape}, not (height, width, channels)", "Use 2-D operators."
        )
    return shape[2]


def _geometry(
    common: Layer, operator: RawOperator, window: tuple[int, int], stride: tuple[int, int], where: str
) -> tuple[int, int]:
    """Padding before (top, left), after checking that the output has the height and width TFLite computes."""
    size, output = common.input.shape[:2], common.output.shape[:-1]
    if not all(1 <= value <= MAX_STEP for value in (*window, *stride)):
        raise damaged(f"{where}: window {window}, stride {stride}")
    mode = operator.option("Padding")
    if mode not in (_SAME, _VALID):
        raise damaged(f"{where}: padding mode {mode}")
    if mode == _VALID:
        padding = (0, 0)
        expected = tuple((n - k) // s + 1 for n, k, s in zip(size, window, stride, strict=True))
    else:
        expected = tuple(-(-n // s) for n, s in zip(size, stride, strict=True))
        totals = [(m - 1) * s + k - n for n, k, s, m in zip(size, window, stride, expected, strict=True)]
        padding = (max(totals[0], 0) // 2, max(totals[1], 0) // 2)
    if output != expected or min(expected) < 1:
        raise damaged(f"{where}: output of {output} positions where {expected} are due")
    return padding


def _activation(common: Layer, operator: RawOperator, where: str) -> tuple[int, int]:
    code = operator.option("FusedActivationFunction")
    activation = _ACTIVATION_CODES[code] if 0 <= code < len(_ACTIVATION_CODES) else f"code {code}"
    if activation not in ACTIVATIONS:
        raise BadInputError(
            f"{where}: fused activation {activation} is not supported",
            f"Use one of {', '.join(ACTIVATIONS)}.",
        )
    return activation_range(activation, common.output.scale, common.output.zero_point)


def _same_quantization(common: Layer, where: str) -> None:
    before, after = common.input, common.output
    if (before.scale, before.zero_point) != (after.scale, after.zero_point):
        raise BadInputError(
            f"{where}: input and output are quantized differently", "Requantize the model with TFLite."
        )


def _weight(constants: Constants, where: str) -> RawTensor:
    weight = constants[0] if constants else None
    if weight is None:
        raise damaged(f"{where}: no weights")
    return weight


def _weights(constants: Constants, rank: int, where: str) -> NDArray[np.int8]:
    raw = _weight(constants, where)
    if raw.dtype != "INT8":
        raise BadInputError(
            f"{where}: weights are {raw.dtype.lower()}, not int8", "Quantize the model to full int8."
        )
    if len(raw.shape) != rank or min(raw.shape) < 1 or int(np.prod(raw.shape, dtype=object)) != raw.data.size:
        raise damaged(f"{where}: {raw.data.size} bytes of weights for shape {raw.shape}")
    return raw.data.view(np.int8).reshape(raw.shape)


def _weight_scales(constants: Constants, outputs: int, where: str) -> NDArray[np.float64]:
    raw = _weight(constants, where)
    if len(raw.scales) not in (1, outputs):
        raise damaged(f"{where}: {len(raw.scales)} weight scales for {outputs} output channels")
    if len(raw.scales) > 1 and raw.quantized_dimension != 0:
        raise unsupported(
            f"{where}: weight scales along axis {raw.quantized_dimension}, not along 0, the output channels",
            "Quantize weights per output channel, as TFLite does.",
        )
    if not np.isfinite(raw.scales).all():
        raise damaged(f"{where}: weight scales must be finite")
    if raw.zero_points.any():
        raise BadInputError(
            f"{where}: weights have a zero point", "Quantize weights symmetrically, as TFLite does."
        )
    return np.broadcast_to(raw.scales.astype(np.float64), (outputs,))


def _bias(constants: Constants, outputs: int, where: str) -> NDArray[np.int32]:
    """The bias (out,), zeros if absent."""
    raw = constants[1] if len(constants) > 1 else None
    if raw is None:
        return np.zeros(outputs, np.int32)
    if raw.dtype != "INT32" or raw.data.size != 4 * outputs:
        raise damaged(
            f"{where}: {raw.data.size} bytes of {raw.dtype.lower()} bias for {outputs} output channels"
        )
    return raw.data.view("<i4").astype(np.int32)


class _Arithmetic(NamedTuple):
    """The constants of a layer that multiplies."""

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    requantize: Requantize


def _arithmetic(
    scales: NDArray[np.float64],
    weights: NDArray[np.int8],
    bias: NDArray[np.int32],
    layer: tuple[Layer, int, int, str],
) -> _Arithmetic:
    """Constants that compute what TFLite's do for `scales` (out,), in channels that the kernels can take.

    Refused when an accumulator or its scaled value could leave int32. |x - zero_point| is at most 255, and
    256 leaves room for folding the zero point into the bias. `layer` is the layer, its bounds and its name.
    """
    common, lower, upper, where = layer
    weights, bias, scales = _positive(weights, bias, scales, where)
    rows = weights.reshape(len(weights), -1).astype(np.int64)
    largest = np.abs(bias.astype(np.int64)) + 256 * np.abs(rows).sum(axis=1)
    unsafe = (largest >= 1 << 31) | (largest * scales >= 1 << 30)
    try:
        constants = quantize_multipliers(scales)
    except ValueError as error:
        raise damaged(f"{where}: {error}") from error
    if not unsafe.any():
        return _Arithmetic(weights, bias, constants)
    scaled = requantize(bias, constants).astype(np.int64)
    shifted = np.abs(bias.astype(np.int64)) << np.maximum(constants.shift, 0).astype(np.int64)
    fits = ((shifted < 1 << 31) | (constants.shift <= 0)) & (np.abs(scaled) < 1 << 30)
    constant = ~rows.any(axis=1) & fits
    if (unsafe & ~constant).any():
        raise BadInputError(
            f"{where}: the int32 accumulator can overflow", "Use fewer inputs or a smaller bias."
        )
    # A channel without weights always gives the same: let it do so from small numbers.
    zero_point = common.output.zero_point
    value = np.clip(scaled + zero_point, lower, upper) - zero_point
    one = quantize_multipliers(np.ones(len(weights)))
    return _Arithmetic(
        weights,
        np.where(unsafe, value, bias).astype(np.int32),
        Requantize(
            np.where(unsafe, one.multiplier, constants.multiplier),
            np.where(unsafe, one.shift, constants.shift),
        ),
    )


def _positive(
    weights: NDArray[np.int8], bias: NDArray[np.int32], scales: NDArray[np.float64], where: str
) -> tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.float64]]:
    """The same products with scales that are not negative: the signs move to weights and bias."""
    negative = scales < 0
    if not negative.any():
        return weights, bias, scales
    if (weights[negative] == -128).any() or (bias[negative] == -(1 << 31)).any():
        raise unsupported(f"{where}: a negative scale of weights that reach -128", "Quantize them again.")
    sign = np.where(negative, -1, 1)
    turned = weights * sign.reshape(-1, *(1,) * (weights.ndim - 1))
    return turned.astype(np.int8), (bias.astype(np.int64) * sign).astype(np.int32), np.abs(scales)
