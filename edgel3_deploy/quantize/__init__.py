"""Float network to full-int8 .tflite."""

from edgel3_deploy.quantize.fidelity import Fidelity
from edgel3_deploy.quantize.quantize import Method, QuantizedModel, quantize

__all__ = ["Fidelity", "Method", "QuantizedModel", "quantize"]
