"""What one run of each loop of the dense kernels costs on a Cortex-M7: instructions and modelled cycles.

Instructions are fitted to counts measured on QEMU's mps2-an500 (GCC 12.2, -O2) of calls that vary shapes,
strips and forms; those of assembly loops are their lengths. Cycles are llvm-mca 14's for the loop where it
takes it (benchmarks/hot_loops.py prints them); other compiled code is taken at COMPILED cycles an
instruction, the mean of the loops that it takes.
"""

from __future__ import annotations

from typing import NamedTuple

COMPILED = 0.8


class Rate(NamedTuple):
    """Of one run."""

    instructions: float
    cycles: float


def _compiled(instructions: float) -> Rate:
    return Rate(instructions, instructions * COMPILED)


STEPS = {1: Rate(4, 4), 2: Rate(7, 5), 3: Rate(10, 8), 4: Rate(13, 9)}
"""gemm_m7.S, two output channels by two input channels, for blocks of one to four tiles."""

RATES: dict[str, Rate] = {
    # gemm_m7.S: storing the sums of a position, and the loop over chunks where one does not do.
    "position": Rate(4, 8),
    "chunks": Rate(1, 1),
    "chunk": Rate(3, 7),
    # winograd.c: a call, a tile's bookkeeping, a pair of outputs for a group of tiles, and for a block.
    "winograd call": _compiled(22),
    "f44 tile": _compiled(123),
    "f22 tile": _compiled(253),
    "pair pass": _compiled(130),
    "block": _compiled(125),
    # winograd.c: patches over the edge, by pixel, four channels, a rest of less, and a channel of that.
    "patch pixel": _compiled(26.4),
    "patch word": _compiled(6.6),
    "patch rest": _compiled(1.6),
    "patch byte": _compiled(6.2),
    # winograd.c: tiles of a block with a tile that is cut off, and those that are, by pair of outputs.
    "aside tile": _compiled(30),
    "cut tile": _compiled(71),
    # f44_input_m7.S, f44_weights_m7.S (strides that are no immediates cost more), and conv_f22.c alike.
    "f44 input": Rate(644, 456),
    "f44 weights": Rate(267, 271),
    "f44 weights stride": Rate(36, 29),
    "f22 input": Rate(312, 237),
    "f22 weights": Rate(178, 132),
    # f44_output_m7.S and f44_output.c, conv_f22.c: a tile of a channel.
    "f44 output": Rate(329, 226),
    "f44 output pooled": Rate(299, 213),
    "f44 output rounded": _compiled(1035),
    "f44 output rounded pooled": _compiled(725),
    "f44 output general": _compiled(1394),
    "f44 output general pooled": _compiled(819),
    "f22 output": _compiled(83.6),
    "f22 output pooled": _compiled(75.9),
    "f22 output rounded": _compiled(171),
    "f22 output rounded pooled": _compiled(112),
    "f22 output general": _compiled(264),
    "f22 output general pooled": _compiled(133),
    # conv_direct.c: gathering a pixel by rows of its window and taps; of a tap four channels, then a rest of
    # less than four (more behind fours), whose bytes are only read inside the map.
    "direct call": _compiled(40),
    "direct pixel": _compiled(57),
    "direct line": _compiled(32.1),
    "direct tap": _compiled(24.6),
    "direct word": Rate(12.1, 10.3),
    "direct rest": _compiled(3.3),
    "direct rest behind": _compiled(9.8),
    "direct byte": _compiled(8.5),
    # gemm_m7.S, eight steps, and what surrounds them by four pixels, and by pair of outputs of these or the
    # last of an odd number; then an output.
    "direct products": Rate(109, 100),
    "direct four": _compiled(108.5),
    "direct block": _compiled(67.2),
    "direct odd": _compiled(59.5),
    "direct output": _compiled(14.8),
    "direct output rounded": _compiled(29.7),
    "direct output general": _compiled(50.8),
    # conv_mono.c gathers patches of two rows at a time, or of the last; conv_mono_m7.S makes four rectified
    # outputs at a time, C the others.
    "mono call": _compiled(15),
    "mono turn": _compiled(55),
    "mono row": _compiled(97),
    "mono patch": _compiled(37.5),
    "mono run": Rate(33, 33),
    "mono four": Rate(62, 61),
    "mono odd": Rate(21.5, 22.5),
    "mono output rounded": _compiled(41),
    "mono output general": _compiled(62),
    # max_pool.c: 2x2 windows by call, row, pixel, four channels and channel that is left; then whole maps.
    "pool call": _compiled(23),
    "pool row": _compiled(29),
    "pool pixel": _compiled(20.3),
    "pool word": Rate(15.1, 11),
    "pool rest behind": _compiled(6.6),
    "pool byte": Rate(16.2, 22),
    "maximum call": _compiled(42),
    "maximum run": _compiled(13.5),
    "maximum word": Rate(8, 4),
    "maximum rest run": _compiled(6),
    "maximum byte": Rate(8.3, 7),
    # max_pool_any.c: by row and pixel of the output, its channels, their rows of the window, their inputs.
    "window row": _compiled(15),
    "window pixel": _compiled(30),
    "window output": _compiled(18),
    "window line": _compiled(8.2),
    "window input": Rate(7.9, 7),
    # fully_connected.c: four features expanded, then four outputs by four features, and around those.
    "connected call": _compiled(66),
    "connected input": _compiled(7.6),
    "connected products": Rate(32, 24),
    "connected four": _compiled(78),
    "connected four rounded": _compiled(111),
    "connected four general": _compiled(111),
    "connected output": _compiled(22),
    "connected output rounded": _compiled(26),
    "connected output general": _compiled(46),
}
"""By the names that loop_work.py counts under."""
