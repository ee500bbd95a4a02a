from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from bench.limits import operations_per_token, product_operations
from bench.profile import STEPS, take_apart
from bench.stopwatch import Stopwatch

if TYPE_CHECKING:
    from pathlib import Path


class _Clock:
    """Seconds that pass only when somebody works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class _Worker:
    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    def outer(self) -> str:
        self._clock.now += 2.0
        self.inner()
        self.inner()
        return "done"

    def inner(self) -> None:
        self._clock.now += 3.0

    def fails(self) -> None:
        self._clock.now += 1.0
        raise OSError("as asked")


def test_a_step_does_not_count_what_the_steps_inside_it_took() -> None:
    clock = _Clock()
    watch, worker = Stopwatch(clock), _Worker(clock)
    with watch.on([("out", _Worker, "outer"), ("in", _Worker, "inner")]):
        assert worker.outer() == "done"
    assert watch.read_off() == {"out": 2000.0, "in": 6000.0}
    assert watch.read_off() == {}


def test_a_step_that_fails_is_timed_and_its_method_put_back() -> None:
    clock = _Clock()
    watch, before = Stopwatch(clock), _Worker.fails
    with watch.on([("fails", _Worker, "fails")]), pytest.raises(OSError, match="as asked"):
        _Worker(clock).fails()
    assert watch.read_off() == {"fails": 1000.0}
    assert _Worker.fails is before


def test_every_step_of_the_profile_is_a_method_of_its_own_class() -> None:
    assert [(owner.__name__, name) for _, owner, name in STEPS if name not in owner.__dict__] == []


def test_a_step_that_some_questions_skip_counts_as_nothing_for_them() -> None:
    parts = take_apart([{"the whole question": 4.0, "encoder": 1.0}, {"the whole question": 2.0}])
    assert parts["encoder"].mean_ms == 0.5
    assert parts["encoder"].share == pytest.approx(1 / 6)
    assert parts["the rest"].mean_ms == 2.5


def test_the_operations_of_a_model_are_those_of_its_weights_for_one_token(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((3, 5), dtype=np.float32), "weights")
    unused = numpy_helper.from_array(np.ones((100, 3), dtype=np.float32), "embeddings")
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["embeddings", "ids"], ["tokens"]),
            helper.make_node("MatMul", ["tokens", "weights"], ["out"]),
        ],
        "two products' worth",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["tokens", 5])],
        [weights, unused],
    )
    onnx.save(helper.make_model(graph), str(tmp_path / "model.onnx"))
    assert operations_per_token(tmp_path / "model.onnx") == product_operations(1, 3, 5) == 30
