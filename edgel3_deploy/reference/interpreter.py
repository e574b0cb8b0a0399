"""LiteRT's reference kernels on the host, whose int8 arithmetic is TFLite Micro's.

Neither delegates (XNNPACK rounds once where TFLite Micro rounds twice) nor LiteRT's optimized kernels (they
differ from TFLite Micro where an effective scale is large) are ever the reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError, MissingDependencyError
from edgel3_deploy.extras import LITERT_HINT

Int8Array = NDArray[np.int8]


def open_interpreter(model: bytes, preserve_tensors: bool = False) -> Any:
    """An allocated interpreter for `model`: ai-edge-litert's, else tflite-runtime's, else TensorFlow's.

    With `preserve_tensors` intermediate tensors stay readable after `invoke`. Raises BadInputError for bytes
    that are no usable model, MissingDependencyError if none of the three is installed.
    """
    module = _interpreter_module()
    if model[4:8] != b"TFL3":
        raise BadInputError("not a .tflite file: the identifier TFL3 is missing", "Give a full-int8 .tflite.")
    try:
        interpreter = module.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=preserve_tensors,
        )
        interpreter.allocate_tensors()
        interpreter.get_input_details()
        interpreter.get_output_details()
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"LiteRT refuses the model: {reason}", "Give a full-int8 .tflite.") from error
    return interpreter


def run_all(model: bytes, inputs: Int8Array) -> Int8Array:
    """Outputs of a full-int8 model: int8 (n, height, width, channels) -> int8 (n, embedding)."""
    interpreter = open_interpreter(model)
    outputs = [_run(interpreter, window) for window in inputs]
    return np.stack(outputs) if outputs else np.empty((0, _output_size(interpreter)), np.int8)


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
    """What each operator gives, in order, for one input, int8 (height, width, channels).

    Shapes are the model's own, with its batch of 1.
    """
    interpreter = open_interpreter(model, preserve_tensors=True)
    _run(interpreter, window)
    return [
        np.array(interpreter.get_tensor(int(operator["outputs"][0])))
        for operator in interpreter._get_ops_details()
        if operator["op_name"] != "DELEGATE"
    ]


def _run(interpreter: Any, window: Int8Array) -> Int8Array:
    detail = interpreter.get_input_details()[0]
    check_input(detail, window.shape)
    interpreter.set_tensor(detail["index"], window.reshape(detail["shape"]))
    interpreter.invoke()
    output: Int8Array = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].reshape(-1)
    return output.copy()


def check_input(detail: dict[str, Any], shape: tuple[int, ...]) -> None:
    """BadInputError if a model's input, as `detail` describes it, is not int8 of `shape`, but for ones."""
    wanted = tuple(map(int, detail["shape"][1:]))
    if detail["dtype"] != np.int8 or _without_ones(wanted) != _without_ones(shape):
        raise BadInputError(
            f"the model takes {np.dtype(detail['dtype'])} {wanted}, not int8 {shape}",
            "Give a full-int8 .tflite made for this front end.",
        )


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(extent for extent in shape if extent != 1)


def _output_size(interpreter: Any) -> int:
    return int(np.prod(interpreter.get_output_details()[0]["shape"][1:]))


def _interpreter_module() -> Any:
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        pass
    else:
        return interpreter
    try:
        from tflite_runtime import interpreter
    except ImportError:
        pass
    else:
        return interpreter
    try:
        from tensorflow.lite.python import interpreter
    except ImportError as error:
        raise MissingDependencyError("no TensorFlow Lite interpreter is installed", LITERT_HINT) from error
    return interpreter
