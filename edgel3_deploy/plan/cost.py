"""Instructions and cycles of each kernel on a Cortex-M7, modelled: what the scheduler compares candidates by.

A step's cost is how often its loops run (loop_work.py) times what one run takes (loop_rates.py). A test
compares the instructions with counts measured on QEMU; `make bench` prints the real counts beside them. They
choose between candidates and are never reported as measurements.
"""

from __future__ import annotations

from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.loop_rates import RATES, STEPS, Rate
from edgel3_deploy.plan.loop_work import work

_RATES = {**RATES, **{f"step {size}": rate for size, rate in STEPS.items()}}


def instructions(step: Step, units_per_call: int) -> int:
    """Modelled instructions of the whole step when each call makes `units_per_call` units."""
    return int(cost(step, units_per_call).instructions)


def cycles(step: Step, units_per_call: int) -> int:
    """Modelled cycles alike, all loads hitting: no caches, no flash wait states."""
    return int(cost(step, units_per_call).cycles)


def cost(step: Step, units_per_call: int) -> Rate:
    """Both."""
    runs = work(step, units_per_call)
    return Rate(
        sum(_RATES[name].instructions * count for name, count in runs.items()),
        sum(_RATES[name].cycles * count for name, count in runs.items()),
    )
