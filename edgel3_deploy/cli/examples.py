"""A few lines to copy for each command, by its full name; its --help shows them."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "boards": ("edgel3-deploy boards", "edgel3-deploy boards --json"),
    "boards show": ("edgel3-deploy boards show stm32f7", "edgel3-deploy boards show my-board.toml"),
    "models": ("edgel3-deploy models", "edgel3-deploy models pull sea-64"),
    "models pull": ("edgel3-deploy models pull sea-64",),
    "doctor": ("edgel3-deploy doctor", "edgel3-deploy doctor --board stm32f7 --port /dev/ttyACM0"),
    "embed": (
        "edgel3-deploy embed recordings --output-dir embeddings",
        "edgel3-deploy embed day.wav --model sea-64 --hop-size 0.5",
    ),
    "specialize": (
        "edgel3-deploy specialize --teacher sea-64 --audio recordings --student 16,32,64,64 --output yard.h5",
    ),
    "prune": (
        "edgel3-deploy prune --model sea-64 --sparsity 0.9 --output sparse.h5",
        "edgel3-deploy prune --model sea-64 --structured --sparsity half --finetune recordings -o half.h5",
    ),
    "quantize": (
        "edgel3-deploy quantize --model sea-64 --calibration recordings",
        "edgel3-deploy quantize --model yard.h5 --calibration recordings --judge others --output yard.tflite",
    ),
    "head": (
        "edgel3-deploy head train --data ESC-50 --format esc50 --output head.npz",
        "edgel3-deploy build --board stm32f7 --head head.npz",
    ),
    "head train": (
        "edgel3-deploy head train --data ESC-50 --format esc50 --output head.npz",
        "edgel3-deploy head train --data mine --format folder --model sea-64 --output head.npz",
    ),
    "head test": ("edgel3-deploy head test head.npz --data mine --format folder",),
    "check": (
        "edgel3-deploy check sea-64 --board stm32f7",
        "edgel3-deploy check mine.tflite --board my-board.toml --ram 256K",
    ),
    "plan": (
        "edgel3-deploy plan sea-64 --board stm32f7",
        "edgel3-deploy plan mine.tflite --board stm32f7 --optimize size",
    ),
    "explore": (
        "edgel3-deploy explore --board stm32f7",
        "edgel3-deploy explore --board stm32f7 --model yard.h5 --audio recordings --plot yard.png",
    ),
    "build": (
        "edgel3-deploy build --board stm32f7 --calibration recordings",
        "edgel3-deploy build --board stm32h7 --model mine.tflite --optimize size --output build/mine",
    ),
    "export": (
        "edgel3-deploy export --format cmake --model bundled --head bundled --output sound",
        "edgel3-deploy export --format zephyr --model mine.tflite --prefix yard --ram 128K -o modules/yard",
    ),
    "flash": (
        "edgel3-deploy flash --board stm32f7 --port auto",
        "edgel3-deploy flash --board stm32f7 --via openocd",
        "edgel3-deploy flash --board stm32f7 --port virtual",
    ),
    "emulate": (
        "edgel3-deploy emulate --board stm32f7",
        "edgel3-deploy emulate --board stm32f7 --image build/stm32f7/firmware.bin",
    ),
    "validate": (
        "edgel3-deploy validate --board stm32f7 --port auto --audio recordings",
        "edgel3-deploy validate --board stm32f7 --port virtual --trace day.wav",
    ),
    "listen": (
        "edgel3-deploy listen --port /dev/ttyACM0",
        "edgel3-deploy listen --board stm32f7 --port virtual --audio day.wav --output day.jsonl",
        "edgel3-deploy listen --port /dev/ttyACM0 --calibrate 94",
    ),
    "settings": (
        "edgel3-deploy settings --port /dev/ttyACM0",
        "edgel3-deploy settings --board stm32f7 --port auto hop=500 node_id=7",
    ),
    "report diff": ("edgel3-deploy report diff build/stm32f7/report build/stm32h7/report",),
    "report": ("edgel3-deploy report diff build/stm32f7/report build/stm32h7/report",),
}
