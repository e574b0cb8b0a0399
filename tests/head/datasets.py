"""Small data sets in the layouts of the real ones: tones of one pitch per label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 8000


def write_tone(path: Path, pitch: float, *, seed: int = 0, seconds: float = 1.0) -> None:
    """A noisy tone, at most as long as a window."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(RATE * seconds)) / RATE
    samples = 0.3 * np.sin(2 * np.pi * pitch * time) + 0.02 * rng.standard_normal(time.size)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, RATE, subtype="PCM_16")


PITCHES = {"low": 300.0, "high": 2500.0}


def make_esc50(folder: Path, folds: int = 3, clips: int = 2) -> Path:
    """meta/esc50.csv and audio/."""
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    for fold in range(1, folds + 1):
        for target, (label, pitch) in enumerate(PITCHES.items()):
            for take in range(clips):
                name = f"{fold}-{label}-{take}.wav"
                write_tone(folder / "audio" / name, pitch, seed=fold * 10 + take)
                rows.append(f"{name},{fold},{target},{label},True,{fold}{target},A")
    return _table(folder / "meta" / "esc50.csv", rows)


def make_us8k(folder: Path, folds: int = 3) -> Path:
    """metadata/UrbanSound8K.csv and audio/fold1 and so on."""
    rows = ["slice_file_name,fsID,start,end,salience,fold,classID,class"]
    for fold in range(1, folds + 1):
        for target, (label, pitch) in enumerate(PITCHES.items()):
            name = f"{fold}{target}-0-0-0.wav"
            write_tone(folder / "audio" / f"fold{fold}" / name, pitch, seed=fold)
            rows.append(f"{name},{fold}{target},0,1,1,{fold},{target},{label}")
    return _table(folder / "metadata" / "UrbanSound8K.csv", rows)


COARSE = (
    *("1_engine", "2_machinery-impact", "3_non-machinery-impact", "4_powered-saw"),
    *("5_alert-signal", "6_music", "7_human-voice", "8_dog"),
)


def make_sonyc(folder: Path) -> Path:
    """annotations.csv and audio/: every class alone, and one clip with none, in every split."""
    columns = ",".join(f"{name}_presence" for name in COARSE)
    rows = [f"split,sensor_id,audio_filename,annotator_id,{columns}"]
    for place, split in enumerate(("train", "validate", "test")):
        for label in range(9):
            name = f"{split}_{label}.wav"
            write_tone(folder / "audio" / name, 200.0 + 400 * label, seed=label + 10 * place)
            cells = ",".join("1" if index == label else "0" for index in range(8))
            rows.append(f"{split},1,{name},0,{cells}")
    return _table(folder / "annotations.csv", rows)


def make_folder(folder: Path, recordings: int = 3, pieces: int = 2) -> Path:
    """A subfolder per label; pieces of a recording are numbered."""
    for label, pitch in PITCHES.items():
        for recording in range(recordings):
            for piece in range(pieces):
                name = f"take {'abcdefgh'[recording]}_{piece:02}.wav"
                write_tone(folder / label / name, pitch, seed=recording * 10 + piece)
    return folder


def _table(path: Path, rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")
    return path
