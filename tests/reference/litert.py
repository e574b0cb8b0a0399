"""LiteRT's reference kernels: convolutions, pools and reshapes compute what TFLite Micro's do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.reference.interpreter import open_interpreter

Int8Array = NDArray[np.int8]


def run_all(model: bytes, inputs: Int8Array) -> Int8Array:
    """Outputs of a full-int8 model: int8 (n, height, width, channels) -> int8 (n, embedding)."""
    interpreter = open_interpreter(model)
    return np.stack([_run(interpreter, window) for window in inputs])


def run_real(model: bytes, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """`run_all` between real numbers, through the model's own input and output quantization."""
    interpreter = open_interpreter(model)
    scale, zero_point = interpreter.get_input_details()[0]["quantization"]
    quantized = np.clip(np.rint(inputs / scale) + zero_point, -128, 127).astype(np.int8)
    outputs = np.stack([_run(interpreter, window) for window in quantized])
    scale, zero_point = interpreter.get_output_details()[0]["quantization"]
    real: NDArray[np.float32] = (outputs.astype(np.float32) - zero_point) * np.float32(scale)
    return real.astype(np.float32, copy=False)


def layer_outputs(model: bytes, window: Int8Array) -> list[Int8Array]:
    """What each operator gives, in order, for one int8 (height, width, channels)."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    _run(interpreter, window)
    return [
        np.array(interpreter.get_tensor(int(operator["outputs"][0])))
        for operator in interpreter._get_ops_details()
        if operator["op_name"] != "DELEGATE"
    ]


def _run(interpreter: Any, window: Int8Array) -> Int8Array:
    detail = interpreter.get_input_details()[0]
    interpreter.set_tensor(detail["index"], window.reshape(detail["shape"]))
    interpreter.invoke()
    output: Int8Array = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].reshape(-1)
    return output.copy()
