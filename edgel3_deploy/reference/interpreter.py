"""LiteRT on the host says whether it runs a model, and so whether its file is sound.

Its numbers are no reference: XNNPACK rounds once where TFLite Micro rounds twice, its optimized kernels
differ where an effective scale is large, and its reference kernels round a few sums of FULLY_CONNECTED
otherwise (about one in 4,000 is a step off).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from edgel3_deploy.errors import BadInputError, MissingDependencyError
from edgel3_deploy.extras import LITERT_HINT


def open_interpreter(model: bytes) -> Any:
    """An allocated interpreter for `model`: ai-edge-litert's, else tflite-runtime's, else TensorFlow's.

    Raises BadInputError for bytes that are no usable model, MissingDependencyError if none of the three is
    installed.
    """
    module = _interpreter_module()
    if model[4:8] != b"TFL3":
        raise BadInputError("not a .tflite file: the identifier TFL3 is missing", "Give a full-int8 .tflite.")
    try:
        interpreter = module.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
        interpreter.get_input_details()
        interpreter.get_output_details()
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"LiteRT refuses the model: {reason}", "Give a full-int8 .tflite.") from error
    return interpreter


def check_input(wanted: Sequence[int], dtype: DTypeLike, shape: tuple[int, ...]) -> None:
    """BadInputError if a model that takes `dtype` (*wanted) does not take int8 (*shape), but for ones."""
    if dtype != np.int8 or _without_ones(wanted) != _without_ones(shape):
        raise BadInputError(
            f"the model takes {np.dtype(dtype)} {tuple(map(int, wanted))}, not int8 {shape}",
            "Give a full-int8 .tflite made for this front end.",
        )


def _without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(extent) for extent in shape if extent != 1)


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
