"""Flash that the kernels' own code takes: what each adds to an image, once however many layers use it."""

from __future__ import annotations

from collections.abc import Iterable

from edgel3_deploy.plan.kernel import KernelName, Step

_PARTS: dict[KernelName, tuple[str, ...]] = {
    "f44": ("winograd", "f44"),
    "f22": ("winograd", "f22"),
    "direct": ("direct",),
    "mono": ("mono",),
    "max_pool_2x2": ("max_pool",),
    "max_pool_global": ("max_pool",),
    "max_pool_global_rows": ("max_pool",),
    "max_pool_any": ("max_pool_any",),
    "fully_connected": ("fully_connected",),
    "sparse": ("sparse",),
    "mono_lanes": ("mono_lanes",),
}
PART_BYTES = {
    "winograd": 10_700,
    "f44": 9_900,
    "f22": 3_300,
    "direct": 1_600,
    "mono": 1_400,
    "max_pool": 400,
    "max_pool_any": 300,
    "fully_connected": 1_100,
    "sparse": 14_400,
    "mono_lanes": 5_100,
}
"""Bytes of text in hundreds as GCC 12.2 links them with -O2; "winograd" is what both of its kernels share."""


def code_bytes(steps: Iterable[Step]) -> int:
    """Bytes of code of the kernels of all these steps."""
    parts = {part for step in steps for part in _PARTS[step.kernel.name]}
    return sum(PART_BYTES[part] for part in parts)
