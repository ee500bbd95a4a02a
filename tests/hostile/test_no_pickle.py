from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.search.models import file_sha256, model_table

if TYPE_CHECKING:
    from kbot.service import Service

REPOSITORY = Path(__file__).parents[2]
FORBIDDEN = {"pickle", "cPickle", "_pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal", "jsonpickle"}
# torch.load unpickles; so do these.
CALLS = {"torch.load", "pd.read_pickle", "pandas.read_pickle", "yaml.unsafe_load", "yaml.full_load", "eval", "exec"}
# Every pickle of protocol 2 and later begins so; joblib and PyTorch wrap it in a zip or zlib stream.
BEGINNINGS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"(dp", b"cos\n", b"csubprocess")


def trees() -> list[tuple[Path, ast.Module]]:
    sources = [*(REPOSITORY / "src").rglob("*.py"), REPOSITORY / "app.py"]
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sources]


def test_no_module_of_the_package_imports_what_unpickles() -> None:
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.name}:{node.lineno}: {name}" for name in names if name.split(".")[0] in FORBIDDEN]  # type: ignore[attr-defined]

    assert found == []


def test_no_call_unpickles_or_runs_text() -> None:
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            allows = [k for k in node.keywords if k.arg == "allow_pickle" and ast.unparse(k.value) != "False"]
            numpy_load = name in {"np.load", "numpy.load"} and not any(k.arg == "allow_pickle" for k in node.keywords)
            loader = [ast.unparse(k.value) for k in node.keywords if k.arg == "Loader"]
            unsafe = name in {"yaml.load", "yaml.compose"} and not all("Safe" in x or x == "loader" for x in loader)
            if name in CALLS or allows or numpy_load or unsafe:
                found.append(f"{path.name}:{node.lineno}: {ast.unparse(node)[:80]}")

    assert found == []


def test_no_file_of_the_index_or_of_the_package_is_a_pickle(service: Service) -> None:
    folder = service.settings.index
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = [folder / name for name in manifest["files"]]
    files += [path for path in (REPOSITORY / "src").rglob("*") if path.is_file() and path.suffix != ".pyc"]

    assert [path.name for path in files if path.read_bytes()[:16].startswith(BEGINNINGS)] == []
    for path in files:
        if path.suffix == ".npy":
            head = path.read_bytes()[:128]
            assert b"|O" not in head, f"{path} holds objects, which NumPy pickles"


def test_every_model_file_that_is_opened_is_known_by_its_hash(service: Service) -> None:
    folder = service.settings.index
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    endings = {".onnx", ".safetensors", ".npy", ".faiss", ".bin", ".model"}
    built = [path for path in (folder / "builds" / manifest["directory"]).rglob("*") if path.suffix in endings]
    models = {name.split("/")[1] for name in manifest["files"] if name.startswith("models/")}
    shared = [path for name in models for path in (folder / "models" / name).rglob("*") if path.suffix in endings]

    listed = manifest["files"]
    assert built
    assert shared
    for path in [*built, *shared]:
        assert listed.get(path.relative_to(folder).as_posix()) == file_sha256(path), path
    assert all(len(sha) == 64 for entry in model_table().values() for sha in dict(entry["files"]).values())  # type: ignore[call-overload]
