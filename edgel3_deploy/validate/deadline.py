"""How long a board may take for one inference before it is taken for dead."""

from __future__ import annotations

from edgel3_deploy.graph.ir import Network

_LEAST_SECONDS = 3.0
_PATIENCE = 10
"""Caches that miss and flash wait states cost a few cycles an instruction; no board needs ten."""
_INSTRUCTIONS_PER_MAC = 40
"""Where no schedule is modelled: the slowest kernels of TFLite Micro, which index every element anew."""
_VIRTUAL_INSTRUCTIONS_PER_SECOND = 2_000_000
"""A virtual board on a busy computer, far below what it does alone."""


def run_seconds(network: Network, instructions: int | None, cpu_hz: int, *, virtual: bool) -> float:
    """Seconds to wait for an inference of `instructions`, as the schedule models them, at the board's clock.

    Without a model, MACs stand for them. A virtual board has no clock: its pace is this computer's.
    """
    work = instructions or _INSTRUCTIONS_PER_MAC * sum(layer.macs for layer in network.layers)
    seconds = work / _VIRTUAL_INSTRUCTIONS_PER_SECOND if virtual else _PATIENCE * work / max(cpu_hz, 1)
    return max(_LEAST_SECONDS, seconds)
