"""What is read from a file is what the references run."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.normal import normal_model
from edgel3_deploy.reference.accept import read_network_file
from tests.graph.models import ModelBuilder, small_model


def test_the_network_and_its_usual_form(tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    builder = ModelBuilder((6, 5, 3)).conv2d(4)
    builder.graph.operators[0].inputs = builder.graph.operators[0].inputs[:2]
    path.write_bytes(builder.build())
    network, content = read_network_file(path, "mine")
    assert (network.name, content) == ("mine", normal_model(path.read_bytes()))


@pytest.mark.parametrize("version", [99, 1_000])
def test_what_litert_does_not_run_is_refused_before_it_is_built(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.tflite"
    builder = ModelBuilder((6, 5, 3)).conv2d(4)
    builder.model.operatorCodes[0].version = version
    path.write_bytes(builder.build())
    with pytest.raises(BadInputError, match=f"LiteRT refuses .* version '{version}'") as caught:
        read_network_file(path)
    assert "\n" not in caught.value.message
    assert caught.value.message.startswith(str(path))


def test_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    path.write_bytes(small_model()[:300])
    with pytest.raises(BadInputError, match=str(path)):
        read_network_file(path)
