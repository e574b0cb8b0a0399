"""The stack that a network's library needs, bounded by what GCC says of its functions (-fstack-usage)."""

from __future__ import annotations

from edgel3_deploy.codegen.head import CompiledHead
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.front_end import image_front_end
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.schedule import Schedule

ENTRY = 96
"""Bytes of the library's own function that an application calls, and of its observing."""
STEP = 96
"""Of each step of a group: the last one calls the one before it, and so on to the first."""
KERNELS = {"f44": 768, "f22": 832, "sparse": 512, "mono_lanes": 320, "direct": 320, "mono": 256}
"""Of a kernel with all that it calls, the assembly's registers included."""
OTHER_KERNEL = 256
"""Of poolings and fully connected layers."""
HEAD = 448
FRONT_END = 512


def stack_bytes(network: Network, plan: Schedule, head: CompiledHead | None) -> int:
    """Bytes that the deepest call of the library needs."""
    depths = [STEP * (len(members.steps) + 1) + max(map(_kernel, members.steps)) for members in plan.groups]
    if head is not None:
        depths.append(HEAD)
    if image_front_end(network) is not None:
        depths.append(FRONT_END)
    return ENTRY + max(depths)


def _kernel(step: Step) -> int:
    return KERNELS.get(step.kernel.name, OTHER_KERNEL)
