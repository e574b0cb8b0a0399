"""`python -m benchmarks`: the runtimes side by side on QEMU's Cortex-M7, and a guard against regressions."""
