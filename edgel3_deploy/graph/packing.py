"""Write a .tflite from the schema's object tree."""

from __future__ import annotations

from typing import Any

_BUFFER_ALIGNMENT = 16


def pack(tree: Any, expected_bytes: int) -> bytes:
    """The .tflite of a `ModelT`, with its buffers aligned as the schema asks."""
    import flatbuffers

    class AlignedBuilder(flatbuffers.Builder):  # type: ignore[misc]
        """Keeps the schema's `force_align` of buffers, which the Python code generator drops."""

        def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803
            if elemSize == 1:
                alignment = _BUFFER_ALIGNMENT
            return int(super().StartVector(elemSize, numElems, alignment))

    builder = AlignedBuilder(2 * expected_bytes)
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
