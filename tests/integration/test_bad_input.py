"""Bad files, names and tools on the command line: one clear line, what to do, the documented exit code."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ai_edge_litert import schema_py_generated as schema

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from edgel3_deploy.pipeline.prepared import load_build
from tests.graph.models import ModelBuilder
from tests.integration.conftest import Refused
from tests.models.synthetic_weights import random_arrays, random_weights, write_weights
from tests.validate.prepared import board_for, small_model

RATE = 8_000
LONG = "x" * 300


class TestWeights:
    """Given to `quantize`, which reads them before TensorFlow starts."""

    @staticmethod
    def not_a_number(path: Path) -> None:
        arrays = random_arrays((4, 4, 4, 4))
        arrays["conv2d_3/kernel"][0, 0, 0, 0] = np.nan
        write_weights(path, arrays)

    @staticmethod
    def other_arrays(path: Path) -> None:
        arrays = random_arrays((4, 4, 4, 4))
        del arrays["conv2d_3/kernel"]
        write_weights(path, arrays)

    @staticmethod
    def truncated(path: Path) -> None:
        whole = gzip.compress(random_weights(path, (4, 4, 4, 4)).read_bytes())
        path.write_bytes(whole[: len(whole) // 2])

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda path: None, "no such file"),
            (lambda path: path.mkdir(), "is a folder"),
            (lambda path: path.write_bytes(b""), "not a readable HDF5 file"),
            (lambda path: path.write_bytes(bytes(range(256))), "not a readable HDF5 file"),
            (not_a_number, "array conv2d_3/kernel holds NaN"),
            (other_arrays, "array conv2d_3/kernel is missing"),
            (truncated, "truncated gzip file"),
        ],
        ids=["missing", "folder", "empty", "garbage", "nan", "wrong arrays", "truncated"],
    )
    def test_unusable_weights(
        self, make: Callable[[Path], object], message: str, tmp_path: Path, refused: Refused
    ) -> None:
        path = tmp_path / "weights.h5.gz"
        make(path)
        output = tmp_path / "model.tflite"
        refused(
            ExitCode.BAD_INPUT, ["quantize", "--model", path, "--output", output], "weights.h5.gz", message
        )
        assert not output.exists()

    def test_weights_that_are_not_at_hand(self, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("EDGEL3_DEPLOY_MODELS", raising=False)
        hint = refused(ExitCode.BAD_INPUT, ["quantize", "--model", "sparse-kd-95.45"], "sparse-kd-95.45")
        assert "models pull sparse-kd-95.45" in hint

    @pytest.mark.parametrize("command", [["quantize", "--model"], ["check", "--board", "stm32f7"]])
    def test_a_name_that_nobody_bears(self, command: list[str | Path], refused: Refused) -> None:
        assert "Did you mean sea-64?" in refused(ExitCode.USAGE, [*command, "sea64"], '"sea64"')


class TestTflite:
    """Given to `check`, whose reader is the one of `build`."""

    @staticmethod
    def floating() -> bytes:
        builder = ModelBuilder((64, 50, 1)).conv2d(2)
        builder.tensor(0).type = schema.TensorType.FLOAT32
        return builder.build()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "not a .tflite model"),
            (bytes(range(256)), "not a .tflite model"),
            (floating(), "is float32, not int8"),
            (ModelBuilder((64, 50, 1)).conv2d(2).other("SOFTMAX").build(), "SOFTMAX at layer 1"),
        ],
        ids=["empty", "garbage", "float", "operator"],
    )
    def test_unusable_models(self, content: bytes, message: str, tmp_path: Path, refused: Refused) -> None:
        path = tmp_path / "my model.tflite"
        path.write_bytes(content)
        refused(ExitCode.BAD_INPUT, ["check", path, "--board", "stm32f7"], "my model.tflite", message)


class TestRecordings:
    @staticmethod
    def header_only(path: Path) -> None:
        soundfile.write(path, np.zeros(0), RATE)

    @staticmethod
    def not_a_number(path: Path) -> None:
        soundfile.write(path, np.full(RATE, np.nan, np.float32), RATE, subtype="FLOAT")

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda path: None, "no recording in this folder"),
            (lambda path: path.write_bytes(b""), "not readable as audio"),
            (lambda path: path.write_bytes(b"RIFF" + bytes(range(200))), "not readable as audio"),
            (header_only, "holds no audio"),
            (not_a_number, "holds NaN"),
        ],
        ids=["none", "empty", "corrupt", "header only", "nan"],
    )
    def test_unusable_recordings(
        self, make: Callable[[Path], object], message: str, tmp_path: Path, built: Path, refused: Refused
    ) -> None:
        folder = tmp_path / "clips"
        folder.mkdir()
        make(folder / "clip.wav")
        weights = random_weights(tmp_path / "weights.h5", (4, 4, 4, 4))
        model = tmp_path / "model.tflite"
        calibrate = ["quantize", "--model", weights, "--calibration", folder, "--output", model]
        refused(ExitCode.BAD_INPUT, calibrate, "clips", message)
        place = ["--board", "stm32f7", "--build-dir", built, "--port", "/dev/never-opened"]
        report = tmp_path / "report"
        refused(
            ExitCode.BAD_INPUT,
            ["validate", *place, "--audio", folder, "--report", report],
            "clips",
            message,
        )

    @pytest.mark.parametrize(
        ("samples", "warning"),
        [(np.zeros(RATE), "all samples are zero"), (np.full(40, 0.1), "shorter than a window")],
        ids=["silent", "short"],
    )
    def test_odd_recordings_are_validated_with_a_warning(
        self,
        samples: np.ndarray,
        warning: str,
        tmp_path: Path,
        built: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        clip = tmp_path / "clip.wav"
        soundfile.write(clip, samples, RATE)
        with board_for(load_build(built)) as board:
            place = ["--board", "stm32f7", "--build-dir", str(built), "--port", board.path]
            options = ["--audio", str(clip), "--report", str(tmp_path / "report"), "--limit", "1"]
            assert run(["validate", *place, *options]) == ExitCode.OK
        assert warning in capsys.readouterr().err


class TestBoards:
    def test_an_unknown_board_names_the_nearest(self, refused: Refused) -> None:
        assert "stm32f7" in refused(ExitCode.USAGE, ["build", "--board", "stm32f8"], "stm32f8")

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ('title = "Nothing else"\nfamily = "stm32f7"\n', "missing key"),
            ('based_on = "stm32f7"\n[regions.sram1]\norigin = 0x20000000\n', "overlap"),
            ('based_on = "stm32f7"\nstack_size = "2M"\n', "stack_size"),
        ],
        ids=["missing", "contradictory", "too large"],
    )
    def test_a_bad_board_file_names_the_key(
        self, text: str, key: str, tmp_path: Path, refused: Refused
    ) -> None:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        refused(ExitCode.BAD_INPUT, ["build", "--board", path], "mine.toml", key)

    @pytest.mark.parametrize("command", ["flash", "validate"])
    def test_a_build_for_another_board(self, command: str, built: Path, refused: Refused) -> None:
        arguments = [command, "--board", "stm32h7", "--build-dir", built, "--port", "virtual"]
        assert "--board stm32f7" in refused(ExitCode.USAGE, arguments, "stm32f7", "stm32h7")


class TestToolsAndPlaces:
    def test_a_missing_compiler_names_its_package(
        self, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "make").write_text("#!/bin/sh\n")
        (tmp_path / "make").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        arguments = ["build", "--board", "stm32f7", "--output", tmp_path / "out"]
        assert "gcc-arm-none-eabi" in refused(ExitCode.TOOLCHAIN, arguments, "arm-none-eabi-gcc")

    @pytest.mark.parametrize("tool", ["openocd", "pyocd"])
    def test_a_missing_flash_tool_says_how_to_get_it(
        self, tool: str, built: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        arguments: list[str | Path] = ["flash", "--board", "stm32f7", "--build-dir", built, "--via", tool]
        assert tool in refused(ExitCode.MISSING_DEPENDENCY, arguments, f"{tool} is not installed")

    def test_places_that_cannot_be_written(self, tmp_path: Path, built: Path, refused: Refused) -> None:
        blocked = tmp_path / "file" / "below"
        blocked.parent.write_bytes(b"")
        model = built.parent / "small.tflite"
        refused(
            ExitCode.USAGE, ["build", "--board", "stm32f7", "--model", model, "--output", blocked], "file"
        )
        weights = random_weights(tmp_path / "weights.h5", (4, 4, 4, 4))
        refused(ExitCode.USAGE, ["quantize", "--model", weights, "--output", blocked / "m.tflite"], "file")
        place = ["--board", "stm32f7", "--build-dir", built, "--port", "virtual"]
        refused(ExitCode.USAGE, ["validate", *place, "--report", blocked], "file", "cannot be written")

    @pytest.mark.parametrize(
        ("code", "arguments"),
        [
            (ExitCode.USAGE, ["quantize", "--model", LONG]),
            (ExitCode.BAD_INPUT, ["quantize", "--model", f"{LONG}.h5"]),
            (ExitCode.BAD_INPUT, ["check", f"{LONG}.tflite", "--board", "stm32f7"]),
            (ExitCode.USAGE, ["boards", "show", LONG]),
            (ExitCode.BAD_INPUT, ["boards", "show", f"./{LONG}.toml"]),
            (ExitCode.USAGE, ["build", "--board", "stm32f7", "--output", LONG]),
            (ExitCode.BAD_INPUT, ["flash", "--board", "stm32f7", "--port", "virtual", "--build-dir", LONG]),
            (ExitCode.BAD_INPUT, ["emulate", "--board", "stm32f7", "--image", LONG]),
        ],
    )
    def test_names_that_no_file_can_have(
        self, code: ExitCode, arguments: list[str | Path], refused: Refused
    ) -> None:
        # Board names are shown short, other names whole.
        refused(code, arguments, LONG[:40] if arguments[0] == "boards" else LONG)

    @pytest.mark.parametrize("name", ['it\'s; $(touch here) "é"', "-o", "a#b%c\\d"])
    def test_odd_names_are_names(self, name: str, tmp_path: Path, built: Path) -> None:
        folder = tmp_path / name
        folder.mkdir()
        model = folder / f"{name}.tflite"
        model.write_bytes(small_model())
        arguments = ["build", "--board", "stm32f7", f"--model={model}"]
        assert run([*arguments, f"--output={folder / 'out'}"]) == ExitCode.OK
        assert {path.name for path in tmp_path.iterdir()} == {name}
        assert (folder / "out" / "firmware.bin").stat().st_size > 0
