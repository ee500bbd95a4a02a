from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kbot.errors import ModelError
from kbot.search.encoder import HashEncoder
from kbot.search.export import PARITY, SentenceTransformerEncoder
from kbot.search.models import ModelFiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from kbot.service import Service

# PyTorch is loaded in a process of its own: it takes seconds, and no other test may find it loaded.
PROGRAM = """
import sys
from pathlib import Path
from kbot.search.export import SentenceTransformerEncoder
from kbot.search.keywords import KeywordIndex
from kbot.search.models import find_model

encoder = SentenceTransformerEncoder(find_model("all-MiniLM-L6-v2", "encoder"))
texts = ["What is ketamine?", "Patients rest for 30–60 minutes before discharge.", "cost " * 150]
print(encoder.dimension, encoder.encode(texts).shape, encoder.encode([]).shape)
print(encoder.check_parity(Path(sys.argv[1]), texts))
KeywordIndex().replace(["one"], ["What is ketamine?"])
"""


def test_the_original_agrees_with_its_export_and_a_build_hears_nothing_from_the_libraries(service: Service) -> None:
    folder = next((service.settings.index / "models").glob("encoder-*"))
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    shapes, parity = done.stdout.splitlines()
    assert shapes == "384 (3, 384) (0, 384)"
    assert PARITY <= float(parity) <= 1.0


class OtherEncoder(SentenceTransformerEncoder):
    """An original that the export was not made of."""

    def __init__(self, service: Service) -> None:
        from kbot.search.models import find_model

        self.dimension = 384
        self._files = find_model(service.settings.encoder, "encoder")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return HashEncoder(384).encode(texts)


def test_an_export_that_differs_from_the_original_is_refused(service: Service) -> None:
    folder = next((service.settings.index / "models").glob("encoder-*"))
    with pytest.raises(ModelError, match=r"encoder differs from all-MiniLM-L6-v2: cosine -?0\.\d+, wanted 0\.96"):
        OtherEncoder(service).check_parity(folder, ["What is ketamine?"])


def test_an_encoder_that_does_not_pool_by_the_mean_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": false}', encoding="utf-8")
    from kbot.search.onnx_export import export_encoder  # no other test may find PyTorch loaded

    first_token = ModelFiles("first-token", "encoder", tmp_path, {}, "", "")
    with pytest.raises(ModelError, match="first-token does not pool by the mean"):
        export_encoder(first_token, tmp_path / "out")
