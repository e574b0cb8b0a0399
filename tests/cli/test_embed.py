"""`embed`: folders in, .npz files out; what is kept, told, resumed, mapped over processes and clusters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edgel3_deploy.cli.main import run
from edgel3_deploy.errors import ExitCode
from tests.embedding.sounds import RATE, write_recordings
from tests.validate.prepared import small_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small int8 model."""
    path = tmp_path_factory.mktemp("model") / "small.tflite"
    path.write_bytes(small_model())
    return str(path)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder of three short recordings, one of them in a subfolder."""
    return write_recordings(tmp_path / "recordings")


def embed(capsys: pytest.CaptureFixture[str], code: ExitCode, *arguments: object) -> tuple[Any, str]:
    """Run the command, which must end with `code`; its JSON and what it says on stderr."""
    assert run(["embed", *map(str, arguments), "--json"]) == code
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return json.loads(said.out), said.err


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.npz")}


class TestOutputs:
    def test_a_folder_keeps_its_shape(
        self, model: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "out"
        facts, _ = embed(capsys, ExitCode.OK, recordings, "-o", out, "-m", model, "-t", "0.5", "-j", "1")
        assert (facts["embedded"], facts["kept"], facts["failed"]) == (3, 0, [])
        assert sorted(contents(out)) == ["a.npz", "b.npz", "night/c.npz"]
        with np.load(out / "a.npz") as archive:
            assert sorted(archive.files) == ["embedding", "timestamps"]
            assert archive["embedding"].shape == (2, 8)
            assert archive["embedding"].dtype == np.float32
            np.testing.assert_array_equal(archive["timestamps"], [0, 0.5])

    def test_files_come_beside_their_recordings_with_a_suffix(
        self, model: str, recordings: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        embed(capsys, ExitCode.OK, recordings / "a.wav", "-m", model, "-x", "emb", "--no-center")
        with np.load(recordings / "a_emb.npz") as archive:
            assert archive["embedding"].shape == (1, 8)

    def test_processes_give_the_same_bytes(
        self, model: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for jobs in (1, 2):
            embed(capsys, ExitCode.OK, recordings, "-o", tmp_path / str(jobs), "-m", model, "-j", jobs)
        one, two = contents(tmp_path / "1"), contents(tmp_path / "2")
        assert one.keys() == two.keys()
        for name in one:
            with np.load(tmp_path / "1" / name) as first, np.load(tmp_path / "2" / name) as second:
                np.testing.assert_array_equal(first["embedding"], second["embedding"])

    def test_recordings_that_differ_in_their_suffix_keep_it(
        self, model: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        soundfile.write(recordings / "a.flac", np.ones(RATE) / 2, RATE)
        embed(capsys, ExitCode.OK, recordings, "-o", tmp_path / "out", "-m", model, "-j", "1")
        assert sorted(contents(tmp_path / "out")) == ["a.flac.npz", "a.wav.npz", "b.npz", "night/c.npz"]

    def test_outputs_that_would_be_one_are_refused(
        self, model: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        soundfile.write(recordings / "night" / "a.wav", np.ones(RATE) / 2, RATE)
        both = (recordings / "a.wav", recordings / "night" / "a.wav")
        facts, _ = embed(capsys, ExitCode.USAGE, *both, "-o", tmp_path / "out", "-m", model)
        assert "would both become" in facts["error"]


class TestResuming:
    def test_what_is_whole_and_alike_is_kept(
        self, model: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "out"
        again = (recordings, "-o", out, "-m", model, "-j", "1")
        embed(capsys, ExitCode.OK, *again)
        before = contents(out)
        times = {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
        assert embed(capsys, ExitCode.OK, *again)[0]["kept"] == 3
        assert times == {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}

        (out / "a.npz").write_bytes(before["a.npz"][:-30])
        damaged = bytearray(before["b.npz"])
        damaged[200] ^= 1
        (out / "b.npz").write_bytes(damaged)
        facts, _ = embed(capsys, ExitCode.OK, *again)
        assert (facts["embedded"], facts["kept"]) == (2, 1)
        assert contents(out) == before

    @pytest.mark.parametrize("other", [("-t", "0.2"), ("--no-center",), ("-m", "bundled")])
    def test_other_settings_replace(
        self,
        other: tuple[str, ...],
        model: str,
        recordings: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        one = (recordings / "a.wav", "-o", tmp_path / "out")
        embed(capsys, ExitCode.OK, *one, "-m", model)
        facts, _ = embed(capsys, ExitCode.OK, *one, "-m", model, *other)
        assert facts["embedded"] == 1

    def test_a_changed_recording_is_embedded_again(
        self, model: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        one = (recordings / "a.wav", "-o", tmp_path / "out", "-m", model)
        embed(capsys, ExitCode.OK, *one)
        soundfile.write(recordings / "a.wav", np.ones(RATE) / 3, RATE)
        assert embed(capsys, ExitCode.OK, *one)[0]["embedded"] == 1

    def test_an_interruption_loses_nothing(self, model: str, recordings: Path, tmp_path: Path) -> None:
        for index in range(40):
            soundfile.write(
                recordings / f"n{index}.wav", np.random.default_rng(index).uniform(-1, 1, RATE), RATE
            )
        out = tmp_path / "out"
        program = (
            sys.executable,
            "-m",
            "edgel3_deploy",
            "embed",
            recordings,
            "-o",
            out,
            "-m",
            model,
            "-j",
            "2",
        )
        with subprocess.Popen([*program, "-t", "0.01"], stderr=subprocess.PIPE, text=True) as process:
            while not list(out.glob("*.npz")) and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=300)
        assert process.returncode == ExitCode.INTERRUPTED
        assert "Traceback" not in said
        assert "Interrupted." in said
        done = list(out.rglob("*.npz"))
        assert 0 < len(done) < 43
        for path in done:
            with np.load(path) as archive:
                assert len(archive["embedding"]) == len(archive["timestamps"]) == 51


class TestTrouble:
    def test_a_bad_recording_is_a_line_and_the_rest_go_on(
        self, model: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (recordings / "bad.wav").write_text("no audio")
        (recordings / "a.wav").rename(os.fsdecode(os.fsencode(recordings) + b"/stra\xdfe\n.wav"))
        out = tmp_path / "out"
        facts, said = embed(capsys, ExitCode.BAD_INPUT, recordings, "-o", out, "-m", model, "-j", "1")
        assert facts["embedded"] == 3
        (failed,) = facts["failed"]
        assert failed["recording"] == str(recordings / "bad.wav")
        (line,) = [line for line in said.splitlines() if line.startswith("Error")]
        assert "bad.wav: not readable as audio" in line
        assert len(contents(out)) == 3

    def test_warnings_are_counted_beyond_some(
        self, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for index in range(25):
            soundfile.write(tmp_path / f"{index}.wav", np.ones(80) / 2, RATE)
        _, said = embed(capsys, ExitCode.OK, tmp_path, "-o", tmp_path / "out", "-m", model, "-j", "1")
        assert said.count("is shorter than a window") == 20
        assert "and 5 more such lines" in said

    def test_bad_recordings_are_counted_beyond_some(
        self, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for index in range(25):
            (tmp_path / f"{index}.wav").write_bytes(b"")
        facts, said = embed(capsys, ExitCode.BAD_INPUT, tmp_path, "-o", tmp_path / "out", "-m", model)
        assert said.count("not readable as audio") == 20
        assert "and 5 more recordings that cannot be used" in said
        assert len(facts["failed"]) == 25

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            (("-x", "../a"), ExitCode.USAGE, "is no part of a file's name"),
            (("-t", "0"), ExitCode.USAGE, "hop of 0.0 s"),
            (("-t", "nan"), ExitCode.USAGE, "hop of nan s"),
            (("--arithmetic", "float"), ExitCode.USAGE, "is int8"),
            (("--parquet",), ExitCode.USAGE, "data set needs a folder"),
            (("--dask", "tcp://127.0.0.1:9", "-j", "2"), ExitCode.USAGE, "--jobs has no effect"),
            (("-o", "/proc/nowhere"), ExitCode.USAGE, "cannot be written"),
        ],
    )
    def test_options_that_do_not_work(
        self,
        arguments: tuple[str, ...],
        code: ExitCode,
        words: str,
        model: str,
        recordings: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        facts, _ = embed(capsys, code, recordings / "a.wav", "-m", model, *arguments)
        assert words in facts["error"]

    @pytest.mark.parametrize(
        ("package", "arguments"),
        [("distributed", ("--dask", "tcp://127.0.0.1:9")), ("pyarrow.parquet", ("--parquet",))],
    )
    def test_a_missing_extra_is_named(
        self,
        package: str,
        arguments: tuple[str, ...],
        model: str,
        recordings: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        out = ("-o", tmp_path / "out")
        facts, _ = embed(capsys, ExitCode.MISSING_DEPENDENCY, recordings, *out, "-m", model, *arguments)
        assert "edgel3-deploy[dask]" in facts["hint"]


class TestDataSets:
    def test_parquet_has_a_row_a_window(
        self, model: str, recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        out = tmp_path / "out"
        for _ in range(2):
            facts, _ = embed(capsys, ExitCode.OK, recordings, "-o", out, "-m", model, "-j", "1", "--parquet")
        table = parquet.read_table(facts["dataset"])
        assert table.column_names == ["recording", "timestamp", "embedding"]
        names = [str(recordings / name) for name in ("a.wav", "b.flac", "night/c.ogg")]
        assert table["recording"].to_pylist() == [name for name in names for _ in range(6)]
        rows = np.stack(table["embedding"].to_pylist()).astype(np.float32)
        for index, name in enumerate(("a", "b", "night/c")):
            with np.load(out / f"{name}.npz") as archive:
                np.testing.assert_array_equal(rows[6 * index :][:6], archive["embedding"])
        assert json.loads(table.schema.metadata[b"edgel3_deploy"])["arithmetic"] == "board"
        assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a Dask cluster on this machine, of two workers."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


class TestDask:
    def test_a_cluster_gives_what_this_machine_gives(
        self,
        monkeypatch: pytest.MonkeyPatch,
        scheduler: str,
        model: str,
        recordings: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        parquet = pytest.importorskip("pyarrow.parquet")
        # The cluster is there, however busy the machine is.
        monkeypatch.setattr("edgel3_deploy.embedding.cluster.CONNECT_SECONDS", 300)
        (recordings / "bad.wav").write_text("no audio")
        here, there = tmp_path / "here", tmp_path / "there"
        on_cluster = (recordings, "-o", there, "-m", model, "--dask", scheduler)
        embed(capsys, ExitCode.BAD_INPUT, recordings, "-o", here, "-m", model, "-j", "1")
        facts, _ = embed(capsys, ExitCode.BAD_INPUT, *on_cluster)
        assert (facts["embedded"], len(facts["failed"])) == (3, 1)
        assert contents(here) == contents(there)
        assert parquet.read_table(there / "embeddings.parquet").num_rows == 18

        (there / "b.npz").unlink()
        facts, _ = embed(capsys, ExitCode.BAD_INPUT, *on_cluster)
        assert (facts["embedded"], facts["kept"]) == (1, 2)

    def test_no_scheduler_is_a_line(
        self,
        model: str,
        recordings: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        pytest.importorskip("distributed")
        monkeypatch.setattr("edgel3_deploy.embedding.cluster.CONNECT_SECONDS", 1)
        where = ("-o", tmp_path / "out", "--dask")
        for address in ("tcp://127.0.0.1:9", "nonsense://x", "no port"):
            facts, _ = embed(capsys, ExitCode.USAGE, recordings, "-m", model, *where, address)
            assert f"{address}: no Dask scheduler answers" in facts["error"]
