"""Plain values out of a flatbuffer, within bounds."""

from __future__ import annotations

import pytest
from ai_edge_litert import schema_py_generated as schema

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.flatbuffer import MAX_OPERATORS, parse_model
from tests.graph.models import ModelBuilder, small_model


def test_tensors_carry_shape_type_quantization_and_data() -> None:
    model = parse_model(small_model())
    source, weights = model.tensors[:2]
    assert (source.name, source.dtype, source.shape) == ("input", "INT8", (1, 13, 11, 3))
    assert source.scales.tolist() == pytest.approx([0.05])
    assert source.zero_points.tolist() == [3]
    assert source.data.size == 0
    assert weights.data.size == 5 * 3 * 5 * 3


def test_operators_carry_their_options() -> None:
    convolution = parse_model(small_model()).operators[0]
    assert (convolution.kind, convolution.outputs) == ("CONV_2D", (3,))
    assert (convolution.option("StrideH"), convolution.option("StrideW")) == (2, 1)


def test_an_option_of_another_operator_is_refused() -> None:
    convolution = parse_model(small_model()).operators[0]
    with pytest.raises(BadInputError, match="FilterHeight"):
        convolution.option("FilterHeight")


def test_missing_options_are_refused_only_when_asked_for() -> None:
    reshape = parse_model(small_model()).operators[4]
    assert reshape.kind == "RESHAPE"
    with pytest.raises(BadInputError, match="options"):
        reshape.option("NewShape")


def test_dynamic_dimensions_are_marked_but_a_batch_is_one() -> None:
    builder = ModelBuilder((4, 4, 2)).conv2d(2)
    builder.tensor(0).shapeSignature = [-1, 4, -1, 2]
    assert parse_model(builder.build()).tensors[0].shape == (1, 4, -1, 2)


def test_metadata_of_other_tools_is_passed_by() -> None:
    builder = ModelBuilder((4, 4, 2)).conv2d(2)
    for _ in range(30):
        builder.raw_metadata(b"other")
        builder.model.metadata[-1].name = f"tool {len(builder.model.metadata)}"
    assert "tool 1" in parse_model(builder.raw_metadata(b"abc").build()).metadata


def test_a_text_mode_transfer_is_called_damaged() -> None:
    data = bytearray(ModelBuilder((4, 4, 2)).conv2d(2).build())
    with pytest.raises(BadInputError, match="damaged") as caught:
        parse_model(bytes(data).replace(b"\n", b"\r\n").replace(b"\x0c", b"\x0d\x0a"))
    assert "binary" in caught.value.hint


def test_metadata_by_name() -> None:
    data = ModelBuilder((4, 4, 2)).conv2d(2).raw_metadata(b"abc").build()
    assert parse_model(data).metadata == {"edgel3_deploy": b"abc"}


def test_several_subgraphs_are_refused() -> None:
    builder = ModelBuilder((4, 4, 2)).conv2d(2)
    builder.model.subgraphs.append(schema.SubGraphT())
    with pytest.raises(BadInputError, match="2 subgraphs"):
        parse_model(builder.build())


def test_too_many_operators_are_refused() -> None:
    builder = ModelBuilder((4, 4, 2)).conv2d(2)
    builder.graph.operators = builder.graph.operators * (MAX_OPERATORS + 1)
    with pytest.raises(BadInputError, match="operators"):
        parse_model(builder.build())


def test_data_outside_the_flatbuffer_is_refused() -> None:
    builder = ModelBuilder((4, 4, 2)).conv2d(2)
    builder.model.buffers[1].offset = 4096
    with pytest.raises(BadInputError, match="outside the flatbuffer"):
        parse_model(builder.build())


def test_another_file_format_is_refused() -> None:
    with pytest.raises(BadInputError, match="TFL3"):
        parse_model(b"\x89HDF\r\n\x1a\n" + b"\0" * 64)
