"""EdgeL3 audio embeddings on Cortex-M7 microcontrollers: from weights to a validated board."""

__version__ = "0.1.0"
