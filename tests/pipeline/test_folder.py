"""The folder is replaced whole, keeps what is not the build's, and is built by one process at a time."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edgel3_deploy.errors import UsageError
from edgel3_deploy.pipeline.folder import output_folder
from edgel3_deploy.pipeline.manifest import Manifest


def put(folder: Path, manifest: Manifest, name: str, content: str) -> None:
    """A minimal build that wrote one file."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    written = dataclasses.replace(manifest, files={name: "00" * 32}, sizes={})
    (folder / "manifest.json").write_bytes(written.to_json())


def replace(target: Path, manifest: Manifest, content: str) -> None:
    with output_folder(target) as folder:
        put(folder.stage(), manifest, "network.c", content)
        folder.commit()


def test_a_first_build_appears_whole(tmp_path: Path, manifest: Manifest) -> None:
    replace(tmp_path / "deep" / "out", manifest, "new")
    assert (tmp_path / "deep" / "out" / "network.c").read_text() == "new"


def test_a_new_build_takes_the_old_ones_place_and_keeps_the_report(
    tmp_path: Path, manifest: Manifest
) -> None:
    target = tmp_path / "out"
    put(target, manifest, "old.c", "old")
    (target / "report").mkdir()
    (target / "report" / "report.html").write_text("report")
    (target / "virtual-flash.bin").write_bytes(b"\xff")
    (target / "obj").mkdir()
    replace(target, manifest, "new")
    assert sorted(path.name for path in target.iterdir()) == [
        "manifest.json",
        "network.c",
        "report",
        "virtual-flash.bin",
    ]
    assert (target / "report" / "report.html").read_text() == "report"


def test_nothing_else_is_left_beside_it(tmp_path: Path, manifest: Manifest) -> None:
    put(tmp_path / "out", manifest, "old.c", "old")
    replace(tmp_path / "out", manifest, "new")
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_failed_build_changes_nothing(tmp_path: Path, manifest: Manifest) -> None:
    put(tmp_path / "out", manifest, "network.c", "old")
    with pytest.raises(KeyboardInterrupt), output_folder(tmp_path / "out") as folder:
        put(folder.stage(), manifest, "network.c", "half")
        raise KeyboardInterrupt
    assert (tmp_path / "out" / "network.c").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_swap_that_fails_puts_the_old_build_back(
    tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "out", manifest, "network.c", "old")
    rename = Path.rename

    def fail_for_stage(self: Path, target: Path) -> Path:
        if self.name == ".out.new":
            raise OSError(28, "No space left on device", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_stage)
    with pytest.raises(UsageError, match="No space left"):
        replace(tmp_path / "out", manifest, "new")
    assert (tmp_path / "out" / "network.c").read_text() == "old"


def test_a_build_killed_between_the_renames_is_put_back(tmp_path: Path, manifest: Manifest) -> None:
    put(tmp_path / ".out.old", manifest, "network.c", "old")
    put(tmp_path / ".out.new", manifest, "network.c", "half")
    with output_folder(tmp_path / "out"):
        assert (tmp_path / "out" / "network.c").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"out"}


def test_a_build_killed_after_the_swap_still_gets_its_report(tmp_path: Path, manifest: Manifest) -> None:
    put(tmp_path / "out", manifest, "network.c", "new")
    put(tmp_path / ".out.old", manifest, "network.c", "old")
    (tmp_path / ".out.old" / "report").mkdir()
    with output_folder(tmp_path / "out"):
        assert (tmp_path / "out" / "network.c").read_text() == "new"
        assert (tmp_path / "out" / "report").is_dir()


def test_two_builds_of_one_folder_at_once_are_refused(tmp_path: Path) -> None:
    with (
        output_folder(tmp_path / "out"),
        pytest.raises(UsageError, match="being written by another"),
        output_folder(tmp_path / "out"),
    ):
        pass
    with output_folder(tmp_path / "out"):
        pass


def test_other_peoples_files_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    with pytest.raises(UsageError, match="holds other files"), output_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out" / "thesis.tex").read_text() == "precious"


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(UsageError, match="is a file"), output_folder(tmp_path / "out"):
        pass


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UsageError, match=r"Not a directory|File exists"),
        output_folder(tmp_path / "file" / "out"),
    ):
        pass


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    replace(tmp_path / "link", manifest, "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "network.c").read_text() == "new"
    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".old", ".new"))]


@pytest.mark.parametrize("name", [".", "..", "../..", "../out", "link"])
def test_the_folder_that_a_shell_stands_in_is_not_replaced(
    tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "out")
    monkeypatch.chdir(tmp_path / "out")
    with pytest.raises(UsageError, match="current folder"):
        replace(Path(name), manifest, "new")
    assert Path.cwd() == tmp_path / "out"


def test_a_link_in_the_lock_files_place_is_not_followed(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / ".out.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(UsageError, match=r"\.out\.lock"):
        replace(tmp_path / "out", manifest, "new")
    assert (tmp_path / "precious").read_text() == "kept"
