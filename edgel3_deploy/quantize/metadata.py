"""A metadata entry in the .tflite for what it cannot say by itself: front end and input BatchNorm.

Other readers skip entries that they do not know, so the file stays an ordinary .tflite.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from edgel3_deploy.graph.flatbuffer import schema_module
from edgel3_deploy.graph.packing import pack

METADATA_NAME = "edgel3_deploy"


def add_metadata(model: bytes, fields: dict[str, Any]) -> bytes:
    """`model` with `fields` as JSON (UTF-8, sorted keys) under METADATA_NAME, replacing an earlier entry."""
    schema = schema_module()
    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    content = np.frombuffer(json.dumps(fields, sort_keys=True).encode(), np.uint8)
    entries = [entry for entry in tree.metadata or [] if entry.name != METADATA_NAME.encode()]
    entries.append(schema.MetadataT(name=METADATA_NAME, buffer=len(tree.buffers)))
    tree.metadata = entries
    tree.buffers.append(schema.BufferT(data=content))
    return pack(tree, len(model))
