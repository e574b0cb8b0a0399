"""TFLite Micro and LiteRT as the tests' truth: one inference each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def litert(model: bytes, values: NDArray[np.int8]) -> NDArray[np.int8]:
    """LiteRT's reference kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values[np.newaxis])
    interpreter.invoke()
    output: NDArray[np.int8] = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    return output


def tflite_micro(model: bytes, values: NDArray[np.int8]) -> NDArray[np.int8]:
    """TFLite Micro's reference kernels."""
    from tflite_micro.python.tflite_micro.runtime import Interpreter

    interpreter = Interpreter.from_bytes(model)
    interpreter.set_input(values[np.newaxis], 0)
    interpreter.invoke()
    output: NDArray[np.int8] = interpreter.get_output(0)[0]
    return output
