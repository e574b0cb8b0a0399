"""The Cortex-M7: CPU, exceptions, memory protection, system registers, and the machine that runs it."""
