"""The model that ships: small, this project's own, and close to its teacher on recordings it never heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.clips import load_clip, windows
from edgel3_deploy.audio.frontend import SEA, log_mel
from edgel3_deploy.cli.main import run
from edgel3_deploy.compress.specialize import filter_cosines
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.locate import BUNDLED, MODELS_VARIABLE, bundled_weights, default_model, locate
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.train.fidelity import closeness

HELD_OUT = (
    "electric_sparking",
    "level_crossing",
    "steam_train_station_departure",
    "tropical_bird_2",
    "tropical_monkeys",
)


@pytest.fixture
def bundled() -> FloatNetwork:
    return read_weights(locate(BUNDLED).path)


def test_it_has_the_sea_64_architecture_in_at_most_a_megabyte(bundled: FloatNetwork) -> None:
    path = bundled_weights()
    assert path is not None
    assert path.stat().st_size <= 1 << 20
    assert bundled.front_end == "sea"
    assert [conv.bias.size for conv in bundled.convs] == [32, 32, 64, 64, 128, 128, 64, 64]


def test_its_card_names_the_teacher_and_every_recording_it_heard() -> None:
    card = locate(BUNDLED).path.with_name("CARD.md").read_text(encoding="utf-8")
    assert "MIT" in card
    for phrase in ("Truck/old bus start", "Helicopter", "ShareAlike 3.0", "Ferry horn", "`vinyl_hiss`"):
        assert phrase in card
    for name in HELD_OUT:
        assert f"`{name}.wav`" in card


def test_it_is_close_to_its_teacher_on_recordings_kept_from_training(
    bundled: FloatNetwork, sea_64_weights: Path, clips: Path
) -> None:
    unseen = [load_clip(clips / f"{name}.wav", SEA) for name in HELD_OUT]
    spectrograms = np.stack([log_mel(window, SEA) for clip in unseen for window in windows(clip, SEA)[0]])
    teacher = read_weights(sea_64_weights)
    figures = closeness(forward(bundled, spectrograms), forward(teacher, spectrograms))
    assert figures.cosine_median >= 0.99
    assert figures.cosine_p5 >= 0.985
    assert figures.r2 >= 0.78
    assert figures.relative_mse <= 0.07


def test_its_filters_are_its_own(bundled: FloatNetwork, sea_64_weights: Path) -> None:
    cosines = filter_cosines(bundled, read_weights(sea_64_weights))
    assert max(abs(cosine) for cosine in cosines.values()) < 0.2


def test_it_is_the_default_where_no_other_model_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    assert default_model() == BUNDLED
    assert run(["quantize", "-o", str(tmp_path / "model.tflite")]) == ExitCode.OK
    assert "using the bundled model" in capsys.readouterr().err
    assert (tmp_path / "model.tflite").stat().st_size > 400_000


def test_published_weights_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "edgel3_sea_ust_audio_emb_64.h5").touch()
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    assert default_model() == "sea-64"
