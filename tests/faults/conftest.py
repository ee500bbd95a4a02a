"""Servers of PostgreSQL and of Milvus that a test can stop and start again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.servers import Milvus, PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server that runs; whoever stops it starts it again."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
    initdb = shutil.which("initdb", path=str(binaries[-1])) if binaries else shutil.which("initdb")
    if initdb is None:
        pytest.skip("there is no PostgreSQL: sh tools/postgresql.sh installs it")
    server = PostgreSQL(Path(initdb))
    server.start()
    yield server
    server.remove()


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[Milvus]:
    """A Milvus that runs."""
    pytest.importorskip("milvus_lite", reason='Milvus Lite is not installed: pip install "kbot[milvus]"')
    server = Milvus(tmp_path / "milvus")
    server.start()
    yield server
    server.stop()
