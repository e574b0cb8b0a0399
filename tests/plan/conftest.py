"""The planner's tests run the C kernels in planned memory."""

from tests.firmware.kernels.conftest import kernels

__all__ = ["kernels"]
