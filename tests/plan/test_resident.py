"""The bytes that residents are planned with are those that the C code fills."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.plan.resident import resident_bytes
from tests.firmware.kernels.calls import random_layer
from tests.firmware.kernels.conftest import host_kernels
from tests.firmware.kernels.host import HostKernels

__all__ = ["host_kernels"]


@pytest.mark.parametrize("name", ["f44", "f22"])
@pytest.mark.parametrize("depth", [1, 16, 17, 64])
def test_bytes_are_the_kernels_own_figure(host_kernels: HostKernels, name: str, depth: int) -> None:
    layer = random_layer(np.random.default_rng(0), (4, 4, depth), 6)
    own = getattr(host_kernels.library, f"edgel3_conv_{name}_resident")
    for channels in (2, 3, 6):
        assert resident_bytes(name, layer, channels) == own(depth, channels)
    assert resident_bytes(name, layer, 0) == 0
