"""What this machine can do at most: products of matrices in float32 and int8, and reading memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

_SIDE = 512  # of the square matrices of the peak
_WIDTH, _INNER = 384, 1536  # of both models, and of their widest product
_SCANNED = 60_000  # vectors of the flat search: 88 MiB, more than the cache holds
_SECONDS = 2.0  # of tries, for each limit
_PRODUCTS = ("MatMul", "MatMulInteger", "Gemm", "FusedMatMul")


@dataclass(frozen=True, slots=True)
class Limits:
    """The best of many tries each, since a limit is what was reached undisturbed."""

    threads: int
    float32_gflops: float  # a product of two square matrices, through ONNX Runtime
    int8_gops: float  # the same in int8, as the models are served
    int8_few_rows_gops: float  # int8, with as many rows as a question has tokens and the models' own widths
    copy_gb_s: float  # a large array copied: bytes read and written
    scan_gb_s: float  # vectors compared by FAISS's flat index, in one thread: bytes read


def measure_limits(*, threads: int, rows: int) -> Limits:
    """Measure the limits with so many threads; `rows` are the tokens of one question."""
    return Limits(
        threads,
        _product(_SIDE, _SIDE, _SIDE, threads=threads, int8=False),
        _product(_SIDE, _SIDE, _SIDE, threads=threads, int8=True),
        _product(rows, _WIDTH, _INNER, threads=threads, int8=True),
        _copy(),
        _scan(),
    )


def product_operations(rows: int, inner: int, columns: int) -> int:
    """Return the operations of one product of matrices, a multiplication and an addition counted as two.

    Example: (1 x 3) times (3 x 2) -> 12.
    """
    return 2 * rows * inner * columns


def operations_per_token(model: Path) -> int:
    """Return the operations of an ONNX model's products with weights, for one token.

    What tokens do with each other grows with their square and is left out: of 12 tokens of a model of width 384 it
    is less than a hundredth.
    """
    import onnx

    graph = onnx.load(str(model)).graph
    shapes = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    names = (name for node in graph.node if node.op_type in _PRODUCTS for name in node.input[1:2])
    weights = [shapes[name] for name in names if len(shapes.get(name, ())) == 2]
    return sum(product_operations(1, *shape) for shape in weights)


def _product(rows: int, inner: int, columns: int, *, threads: int, int8: bool) -> float:
    run = _int8_product(rows, inner, columns, threads) if int8 else _float_product(rows, inner, columns, threads)
    return product_operations(rows, inner, columns) / _best(run) / 1e9


def _float_product(rows: int, inner: int, columns: int, threads: int) -> Callable[[], object]:
    draw = np.random.default_rng(1)
    one, other = (draw.random(shape, dtype=np.float32) for shape in ((rows, inner), (inner, columns)))
    return _session("MatMul", one, other, threads)


def _int8_product(rows: int, inner: int, columns: int, threads: int) -> Callable[[], object]:
    draw = np.random.default_rng(1)
    one = draw.integers(0, 255, (rows, inner), dtype=np.uint8)
    other = draw.integers(-127, 127, (inner, columns), dtype=np.int8)
    return _session("MatMulInteger", one, other, threads)


def _session(
    product: str, one: NDArray[np.generic], other: NDArray[np.generic], threads: int
) -> Callable[[], object]:
    """Return a call that multiplies `one` by the fixed weights `other`, as a model's layer does."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    kinds = {
        "MatMul": (TensorProto.FLOAT, TensorProto.FLOAT),
        "MatMulInteger": (TensorProto.UINT8, TensorProto.INT32),
    }
    given, made = kinds[product]
    graph = helper.make_graph(
        [helper.make_node(product, ["one", "weights"], ["made"])],
        "product",
        [helper.make_tensor_value_info("one", given, one.shape)],
        [helper.make_tensor_value_info("made", made, (one.shape[0], other.shape[1]))],
        [numpy_helper.from_array(other, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed = {"one": one}
    return lambda: session.run(None, feed)


def _copy() -> float:
    source = np.ones(8 * 2**20, dtype=np.float64)
    target = np.empty_like(source)
    return 2 * source.nbytes / _best(lambda: np.copyto(target, source)) / 1e9


def _scan() -> float:
    import faiss

    faiss.omp_set_num_threads(1)
    draw = np.random.default_rng(1)
    vectors = draw.standard_normal((_SCANNED, _WIDTH), dtype=np.float32)
    index = faiss.IndexFlatIP(_WIDTH)
    index.add(vectors)
    return float(vectors.nbytes / _best(lambda: index.search(vectors[:1], 10)) / 1e9)


def _best(run: Callable[[], object]) -> float:
    """Return the seconds of the quickest of many calls, each timed alone: one of them meets nobody else's work."""
    quickest = float("inf")
    until = time.perf_counter() + _SECONDS
    while (start := time.perf_counter()) < until:
        run()
        quickest = min(quickest, time.perf_counter() - start)
    return quickest
